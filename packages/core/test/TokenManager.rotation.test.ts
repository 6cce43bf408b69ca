import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const lost = new AuthError.Unavailable({ provider: "test", operation: "refresh", message: "connection lost" })
const neverSent = new AuthError.Unavailable({
  provider: "test",
  operation: "refresh",
  message: "connection refused",
  neverSent: true
})
const unreadable = new AuthError.InvalidResponse({
  provider: "test",
  operation: "refresh",
  message: "truncated",
  status: 200,
  unreadable: true
})

/** A manager whose token has expired, so that the next call refreshes. */
const expired = (options: TestFlow.Options, store?: TokenStore.Service) =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make({ refresh: "rotates", ...options })
    const make = TokenManager.make(test.flow)
    const manager = yield* store === undefined
      ? make
      : Effect.provideService(make, TokenStore.TokenStore, store)
    yield* manager.get
    yield* TestClock.adjust("1 hour")
    return { test, manager }
  })

const configured = (token: string): Partial<AuthFlow.Options> => ({
  initialGrant: () => Effect.succeed(AuthFlow.refreshGrant(Redacted.make(token)))
})

describe("R7: rotation", () => {
  it.scoped("R7: each refresh token is presented once", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* expired({})
      for (let round = 0; round < 5; round++) {
        yield* Effect.forEach(Array.from({ length: 50 }), () => manager.get, { concurrency: "unbounded" })
        yield* TestClock.adjust("1 hour")
      }
      assert.deepStrictEqual(
        test.ledger.presented,
        [1, 2, 3, 4, 5].map((number) => `refresh-${number}`)
      )
      assert.strictEqual(test.ledger.logins, 1)
    })
  )

  it.effect("R7: what a store holds wins over what is configured: a restart replays no spent token", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make({ refresh: "rotates", login: false, flow: configured("refresh-0") })
      const run = TokenManager.make(test.flow).pipe(
        Effect.flatMap((manager) => manager.get),
        Effect.scoped,
        Effect.provideService(TokenStore.TokenStore, store)
      )
      yield* run
      yield* TestClock.adjust("1 hour")
      yield* run
      assert.deepStrictEqual(test.ledger.presented, ["refresh-0", "refresh-1"])
      // The chain is dead: the token that started it is spent, and is not tried again.
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.refused)
      const failed = yield* Effect.either(run)
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Expired")
      assert.deepStrictEqual(test.ledger.presented, ["refresh-0", "refresh-1", "refresh-2"])
    })
  )

  it.scoped("R16: a newly configured refresh token starts a new chain where the old one is dead", () =>
    Effect.gen(function* () {
      let token = "refresh-0"
      const test = yield* TestFlow.make({
        refresh: "rotates",
        login: false,
        secret: Effect.sync(() => Redacted.make(token)),
        flow: { initialGrant: (credential) => Effect.succeed(AuthFlow.refreshGrant(credential)) }
      })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.refused, "issue")
      assert.isTrue(Either.isLeft(yield* Effect.either(manager.get)))
      token = "refresh-new"
      yield* TestClock.adjust("1 second")
      yield* manager.get
      assert.deepStrictEqual(test.ledger.presented, ["refresh-0", "refresh-1", "refresh-new"])
    })
  )

  it.scoped("R7: a rotation is not lost when every caller is interrupted while it is stored", () =>
    Effect.gen(function* () {
      const inner = yield* TokenStore.makeMemory
      const slow: TokenStore.Service = {
        ...inner,
        save: (key, tokens, version) => Effect.delay(inner.save(key, tokens, version), "1 second")
      }
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* Effect.provideService(TokenManager.make(test.flow), TokenStore.TokenStore, slow)
      yield* TestFlow.during("1 second", manager.get)
      yield* TestClock.adjust("1 hour")
      const caller = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      yield* caller.interruptAsFork(caller.id())
      yield* TestClock.adjust("1 second")
      const record = Option.getOrThrow(yield* inner.load("test-key"))
      assert.strictEqual(Redacted.value(Option.getOrThrow(record.tokens.refreshToken).value), "refresh-2")
      assert.strictEqual((yield* manager.get).generation, 2)
    })
  )
})

describe("R8: ambiguous refresh", () => {
  for (const [name, error] of [
    ["a lost connection", lost],
    ["an unreadable answer", unreadable]
  ] as const) {
    it.scoped(`R8: after ${name} the same token is sent once more, then the flow logs in`, () =>
      Effect.gen(function* () {
        const { manager, test } = yield* expired({})
        test.behave(error, error, "issue")
        yield* TestFlow.during("5 seconds", manager.get)
        assert.deepStrictEqual(test.ledger.presented, ["refresh-1", "refresh-1"])
        assert.strictEqual(test.ledger.logins, 2)
      })
    )

    it.scoped(`R8: ${name} that was not the token's end: the retry refreshes, without a login`, () =>
      Effect.gen(function* () {
        const { manager, test } = yield* expired({})
        test.behave(error, "issue")
        yield* TestFlow.during("5 seconds", manager.get)
        assert.deepStrictEqual(test.ledger.presented, ["refresh-1", "refresh-1"])
        assert.strictEqual(test.ledger.logins, 1)
      })
    )
  }

  it.scoped("R8: without a login it fails Unavailable and keeps the token for the next flight", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "rotates", login: false, flow: configured("refresh-0") })
      const manager = yield* TokenManager.make(test.flow)
      test.behave(lost)
      const failed = yield* TestFlow.during("5 seconds", Effect.either(manager.get))
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Unavailable")
      assert.deepStrictEqual(test.ledger.presented, ["refresh-0", "refresh-0"])
      test.behave("issue")
      yield* manager.get
      assert.deepStrictEqual(test.ledger.presented, ["refresh-0", "refresh-0", "refresh-0"])
    })
  )

  it.scoped("R8: a refresh that hangs is in doubt at its deadline; one retry, then the flow logs in", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* expired({})
      test.behave("hang", "hang", "issue")
      for (let flight = 0; flight < 2; flight++) {
        const failed = yield* TestFlow.during("20 seconds", Effect.either(manager.get))
        assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Unavailable")
      }
      yield* TestFlow.during("1 second", manager.get)
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1", "refresh-1"])
      assert.strictEqual(test.ledger.logins, 2)
    })
  )

  it.scoped("R8: before the login the store is read: a sibling may have rotated it", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const { manager, test } = yield* expired({ latency: 0 }, store)
      test.latency = "1 second"
      test.behave(lost, lost, "issue")
      const waiting = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("1100 millis")
      const sentAt = yield* Clock.currentTimeMillis
      const sibling = yield* TokenSet.fromAnswer({ accessToken: "of-a-sibling", lifetime: 3_600_000, sentAt })
      yield* store.save("test-key", sibling, 1)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(Redacted.value((yield* waiting).value), "of-a-sibling")
      assert.strictEqual(test.ledger.logins, 1)
    })
  )

  it.scoped("R8: a request that was never sent leaves no doubt: all tries, no login", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* expired({})
      test.behave(neverSent, neverSent, neverSent, "issue")
      yield* TestFlow.during("5 seconds", manager.get)
      assert.strictEqual(test.ledger.presented.length, 4)
      assert.strictEqual(test.ledger.logins, 1)
    })
  )

  it.scoped("R8: a refresh token that does not rotate is never in doubt", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* expired({ refresh: "kept" })
      test.behave(lost, lost, lost, "issue")
      yield* TestFlow.during("5 seconds", manager.get)
      assert.strictEqual(test.ledger.presented.length, 4)
      assert.strictEqual(test.ledger.logins, 1)
    })
  )
})
