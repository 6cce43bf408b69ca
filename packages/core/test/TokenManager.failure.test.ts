import * as AuthError from "@latchkey/core/AuthError"
import * as TokenManager from "@latchkey/core/TokenManager"
import { assert, describe } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const tagOf = (result: Either.Either<unknown, AuthError.AuthError>) =>
  Either.isLeft(result) ? result.left._tag : "success"

const many = (manager: TokenManager.TokenManager, count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.either(manager.get), { concurrency: 32 })

describe("R5, R6: grants", () => {
  it.scoped("R5: a usable refresh token refreshes, without a login", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      yield* manager.get
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [1, 1])
    })
  )

  it.scoped("R7: a refresh that brings no refresh token keeps the old one and its expiry", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept", refreshLifetime: "150 minutes" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      for (let hour = 1; hour <= 3; hour++) {
        yield* TestClock.adjust("1 hour")
        yield* manager.get
      }
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1", "refresh-1"])
      assert.strictEqual(test.ledger.logins, 2, "after 150 minutes the refresh token is over: one login")
    })
  )

  it.scoped("R6: a refused refresh token leads to one login", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.refused, "issue")
      assert.isTrue((yield* many(manager, 50)).every(Either.isRight))
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [2, 1])
    })
  )

  it.scoped("R6: client credentials refused during a refresh are terminal: no login", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.unauthorized)
      assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "Unauthorized")
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [1, 1])
    })
  )

  it.scoped("R6: an endpoint that is down never costs a login, and keeps the refresh token", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.unavailable)
      assert.strictEqual(
        tagOf(yield* TestFlow.during("5 seconds", Effect.either(manager.get))),
        "Unavailable"
      )
      test.behave("issue")
      yield* TestClock.adjust("1 minute")
      yield* manager.get
      assert.strictEqual(test.ledger.logins, 1)
      assert.isTrue(test.ledger.presented.every((token) => token === "refresh-1"))
    })
  )

  it.scoped("R5: no login and no refresh token: Expired, naming the refresh token, once", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept", login: false })
      const manager = yield* TokenManager.make(test.flow)
      const result = yield* Effect.either(manager.get)
      assert.isTrue(
        Either.isLeft(result) && result.left._tag === "Expired" && result.left.credential === "refresh_token"
      )
      assert.strictEqual(test.mints(), 0)
    })
  )
})

describe("R11: the failure gate", () => {
  it.scoped("R11: a transient failure is retried, at most 4 tries", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unavailable)
      const manager = yield* TokenManager.make(test.flow)
      assert.strictEqual(
        tagOf(yield* TestFlow.during("2 seconds", Effect.either(manager.get))),
        "Unavailable"
      )
      assert.strictEqual(test.mints(), 4)
      const [first, second, third, fourth] = test.ledger.at
      assert.isAtMost((second ?? 0) - (first ?? 0), 200)
      assert.isAtMost((third ?? 0) - (second ?? 0), 400)
      assert.isAtMost((fourth ?? 0) - (third ?? 0), 800)
    })
  )

  for (const [error, name] of [
    [TestFlow.unauthorized, "Unauthorized"],
    [TestFlow.denied, "AccessDenied"]
  ] as const) {
    it.scoped(`R11: ${name} is not retried: 1,000 calls make 1 mint`, () =>
      Effect.gen(function* () {
        const test = yield* TestFlow.make()
        test.behave(error)
        const manager = yield* TokenManager.make(test.flow)
        const results = yield* many(manager, 1_000)
        assert.isTrue(results.every((result) => tagOf(result) === name))
        assert.strictEqual(test.mints(), 1)
      })
    )
  }

  it.scoped("R11: the gate stays closed for 1 s, doubling to 5 minutes", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unauthorized)
      const manager = yield* TokenManager.make(test.flow)
      // 1,300 seconds in 300 calls: each of them would be a mint.
      for (let call = 0; call < 300; call++) {
        yield* Effect.either(manager.get)
        yield* TestClock.adjust(call < 70 ? "100 millis" : call < 180 ? "1 second" : "10 seconds")
      }
      const at = test.ledger.at
      const gaps = at.slice(1).map((moment, index) => moment - (at[index] ?? 0))
      // A mint is due at 1, 2, 4 … s; a caller comes by at the next step.
      for (const [index, gap] of gaps.entries()) {
        const pause = Math.min(300_000, 1_000 * 2 ** index)
        assert.isAtLeast(gap, pause)
        assert.isAtMost(gap, pause + (pause < 64_000 ? 1_000 : 10_000))
      }
      assert.isAtLeast(gaps.length, 9)
    })
  )

  it.scoped(
    "R3, R11: while a token is served, an outage of 1.5 s costs at most 4 mints, and no caller waits",
    () =>
      Effect.gen(function* () {
        const test = yield* TestFlow.make({ lifetime: "12 seconds" })
        const manager = yield* TokenManager.make(test.flow, { policy: { jitter: 0 } })
        yield* manager.get
        yield* TestClock.adjust("9 seconds")
        test.behave(TestFlow.unavailable)
        for (let elapsed = 0; elapsed < 1_500; elapsed += 50) {
          assert.strictEqual((yield* manager.get).generation, 1)
          yield* TestClock.adjust("50 millis")
        }
        // The first mint was before the outage.
        assert.isAtLeast(test.mints() - 1, 2)
        assert.isAtMost(test.mints() - 1, 4)
        test.behave("issue")
        yield* TestClock.adjust("1200 millis")
        assert.strictEqual((yield* manager.get).generation, 2)
      }).pipe(Effect.withRandom(Random.fixed([0.1])))
  )

  it.scoped("R11: where a caller waits, the tries follow each other quickly", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "12 seconds" })
      const manager = yield* TokenManager.make(test.flow, { policy: { jitter: 0 } })
      yield* manager.get
      yield* TestClock.adjust("12 seconds")
      test.behave(TestFlow.unavailable, "issue")
      assert.strictEqual((yield* TestFlow.during("250 millis", manager.get)).generation, 2)
    })
  )

  it.scoped("R11: a caller on a closed gate is not slept", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unauthorized)
      const manager = yield* TokenManager.make(test.flow)
      yield* Effect.either(manager.get)
      const result = yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      assert.isTrue(Option.isSome(yield* Fiber.poll(result)))
    })
  )

  it.scoped("R11: behind a closed gate a token that still lives is served", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      test.behave(TestFlow.unauthorized)
      yield* TestClock.adjust("3590 seconds")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "Unauthorized")
    })
  )

  it.scoped("R11: a Retry-After within the deadline is waited for", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(
        new AuthError.RateLimited({
          provider: "test",
          operation: "login",
          message: "slow down",
          retryAfter: DateTime.unsafeMake(5_000)
        }),
        "issue"
      )
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("6 seconds", manager.get)
      assert.deepStrictEqual(test.ledger.at, [0, 5_000])
    })
  )

  for (const error of [
    new AuthError.RateLimited({
      provider: "test",
      operation: "login",
      message: "slow down",
      retryAfter: DateTime.unsafeMake(60_000)
    }),
    new AuthError.Unavailable({
      provider: "test",
      operation: "login",
      message: "maintenance",
      status: 503,
      retryAfter: DateTime.unsafeMake(60_000)
    })
  ]) {
    it.scoped(`R11: a Retry-After beyond the deadline fails RateLimited with the date (${error._tag})`, () =>
      Effect.gen(function* () {
        const test = yield* TestFlow.make()
        test.behave(error, "issue")
        const manager = yield* TokenManager.make(test.flow)
        const results = yield* many(manager, 100)
        for (const result of results) {
          assert.isTrue(
            Either.isLeft(result) &&
              result.left._tag === "RateLimited" &&
              result.left.retryAfter !== undefined &&
              DateTime.toEpochMillis(result.left.retryAfter) === 60_000
          )
        }
        yield* TestClock.adjust("59 seconds")
        assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "RateLimited")
        assert.strictEqual(test.mints(), 1, "the provider is left alone until then")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "success")
      })
    )
  }
})

describe("R12: the mint budget", () => {
  it.scoped("R12: a broken flow stops: at most 5 mints, then RateLimited with the time to wait", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      for (let round = 0; round < 50; round++) {
        const token = yield* Effect.either(manager.get)
        if (Either.isRight(token)) {
          yield* manager.invalidate(token.right.generation)
        }
      }
      assert.strictEqual(test.mints(), 5)
      const result = yield* Effect.either(manager.get)
      assert.isTrue(
        Either.isLeft(result) &&
          result.left._tag === "RateLimited" &&
          result.left.retryAfter !== undefined &&
          DateTime.toEpochMillis(result.left.retryAfter) === 900_000
      )
      yield* TestClock.adjust("15 minutes")
      yield* manager.get
      assert.strictEqual(test.mints(), 6)
    })
  )

  it.scoped("R12: an outage does not spend what issued tokens earn: after it, one try in ten seconds", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "24 hours" })
      test.behave(TestFlow.unavailable)
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("2 seconds", Effect.either(manager.get))
      yield* TestFlow.during("2 seconds", Effect.either(manager.get))
      assert.strictEqual(test.mints(), 5)
      assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "RateLimited")
      test.behave("issue")
      yield* TestClock.adjust("10 seconds")
      yield* manager.get
    })
  )

  it.scoped("R12: a healthy flow never notices", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "10 seconds" })
      const manager = yield* TokenManager.make(test.flow)
      for (let round = 0; round < 200; round++) {
        yield* manager.get
        yield* TestClock.adjust("1 second")
      }
      // The stale point lies between 6.25 and 7.5 s; a caller comes by every second.
      assert.isAtMost(test.mints(), 29)
      assert.isAtLeast(test.mints(), 25)
    })
  )
})

describe("R16: credentials", () => {
  it.scoped("R16: the credential is read at each login", () =>
    Effect.gen(function* () {
      let secret = "first"
      const test = yield* TestFlow.make({ secret: Effect.sync(() => Redacted.make(secret)) })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      secret = "second"
      yield* TestClock.adjust("1 hour")
      yield* manager.get
      assert.deepStrictEqual(test.ledger.secrets, ["first", "second"])
    })
  )

  it.scoped("R16: a rotated secret reopens the gate", () =>
    Effect.gen(function* () {
      let secret = "wrong"
      const test = yield* TestFlow.make({ secret: Effect.sync(() => Redacted.make(secret)) })
      test.behave(TestFlow.unauthorized)
      const manager = yield* TokenManager.make(test.flow)
      // Close it for long.
      for (const pause of ["1 second", "2 seconds", "4 seconds", "8 seconds"] as const) {
        yield* Effect.either(manager.get)
        yield* TestClock.adjust(pause)
      }
      yield* Effect.either(manager.get)
      assert.strictEqual(test.mints(), 5)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "Unauthorized")
      assert.strictEqual(test.mints(), 5, "looking at the credential does not touch the provider")
      secret = "right"
      test.behave("issue")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(tagOf(yield* Effect.either(manager.get)), "success")
      assert.strictEqual(test.mints(), 6)
    })
  )

  it.scoped("R16: a secret that cannot be read is Unavailable, and is tried again", () =>
    Effect.gen(function* () {
      let readable = false
      const test = yield* TestFlow.make({
        secret: Effect.suspend(() =>
          readable ? Effect.succeed(Redacted.make("secret")) : Effect.fail(TestFlow.unavailable)
        )
      })
      const manager = yield* TokenManager.make(test.flow)
      assert.strictEqual(
        tagOf(yield* TestFlow.during("2 seconds", Effect.either(manager.get))),
        "Unavailable"
      )
      assert.strictEqual(test.mints(), 0)
      readable = true
      yield* TestClock.adjust("10 seconds")
      yield* manager.get
    })
  )
})
