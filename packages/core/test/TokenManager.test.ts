import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenManager from "@latchkey/core/TokenManager"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"
import { inspect } from "node:util"

const valueOf = (token: TokenManager.AccessToken) => Redacted.value(token.value)

describe("TokenManager", () => {
  it.scoped("making a manager does no call", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      yield* TokenManager.make(test.flow)
      yield* TestFlow.settle
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.scoped("R3: a fresh token is served again without a mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* manager.get
      yield* TestClock.adjust("30 minutes")
      const second = yield* manager.get
      assert.strictEqual(valueOf(first), "access-1")
      assert.strictEqual(first, second)
      assert.strictEqual(Redacted.value(first.authorization), "Bearer access-1")
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R15: a token that is printed tells what it is, and not the secret", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const token = yield* manager.get
      for (const printed of [JSON.stringify(token), inspect(token, { depth: 9 })]) {
        assert.include(printed, "generation")
        assert.include(printed, "<redacted>")
        assert.notInclude(printed, "access-1")
      }
    })
  )

  it.scoped("R3: a stale token is served at once while one refresh runs in the background", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "10 seconds" })
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("10 seconds", manager.get)
      yield* TestClock.adjust("57 minutes")
      assert.strictEqual(manager.unsafeGet()?.generation, 1)
      assert.strictEqual(
        test.mints(),
        1,
        "the caller that triggers the refresh does not even run its first step"
      )
      const served = yield* Effect.forEach(Array.from({ length: 100 }), () => manager.get, {
        concurrency: "unbounded"
      })
      assert.isTrue(served.every((token) => token.generation === 1))
      yield* TestFlow.settle
      assert.strictEqual(test.mints(), 2)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* manager.get).generation, 2)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R3: 2 s tokens, 150 ms endpoint: no call waits after the first", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "2 seconds", latency: "150 millis" })
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("150 millis", manager.get)
      for (let elapsed = 0; elapsed < 20_000; elapsed += 50) {
        yield* TestClock.adjust("50 millis")
        // Synchronous: it has an answer without any flight, or this call would have waited.
        assert.isDefined(manager.unsafeGet(), `a call at ${elapsed} ms waits`)
        yield* TestFlow.settle
      }
      // A cycle is at least 1.25 s (the stale point with the most jitter), at most 1.5 s.
      assert.isAtLeast(test.mints(), 14)
      assert.isAtMost(test.mints(), 17)
      assert.strictEqual(test.ledger.mostInFlight, 1)
    })
  )

  it.scoped("R3: a token that expired is not served: callers wait for the flight", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("1 second", manager.get)
      yield* TestClock.adjust("2 hours")
      const waiting = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      assert.isNull(yield* Fiber.poll(waiting).pipe(Effect.map((_) => (_._tag === "None" ? null : _.value))))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(valueOf(yield* Fiber.join(waiting)), "access-2")
    })
  )

  it.scoped("R3: while every refresh fails, the token is served up to its real expiry and not past it", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "100 seconds" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      test.behave(TestFlow.unavailable)
      for (let elapsed = 1; elapsed < 100; elapsed++) {
        yield* TestClock.adjust("1 second")
        const fiber = yield* Effect.fork(manager.get)
        yield* TestFlow.settle
        const exit = yield* Fiber.poll(fiber)
        if (exit._tag === "None") {
          // Within the expired window a caller waits for the retries of a flight.
          assert.isAtLeast(elapsed, 90)
          yield* Fiber.interrupt(fiber)
        } else {
          assert.isTrue(Exit.isSuccess(exit.value), `at ${elapsed} s`)
        }
      }
      yield* TestClock.adjust("1 second")
      assert.isUndefined(manager.unsafeGet())
      const fiber = yield* Effect.fork(Effect.either(manager.get))
      yield* TestClock.adjust("20 seconds")
      assert.isTrue(Either.isLeft(yield* Fiber.join(fiber)))
    })
  )

  it.scoped("R4: 1,000 concurrent cold callers make 1 mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "150 millis" })
      const manager = yield* TokenManager.make(test.flow)
      const callers = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 1_000 }), () => manager.get, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("150 millis")
      const tokens = yield* Fiber.join(callers)
      assert.strictEqual(new Set(tokens).size, 1)
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R4: 1,000 callers at the instant of expiry make 1 mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "150 millis" })
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("150 millis", manager.get)
      yield* TestClock.adjust("1 hour")
      const callers = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 1_000 }), () => manager.get, { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("150 millis")
      yield* Fiber.join(callers)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R4: an interrupted caller leaves the flight running", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      const others = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 99 }), () => manager.get, { concurrency: "unbounded" })
      )
      yield* TestFlow.settle
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(others)).length, 99)
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R4: every caller interrupted, the next one still gets the token of the same flight", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow)
      const only = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      yield* Fiber.interrupt(only)
      yield* TestClock.adjust("1 second")
      yield* TestFlow.settle
      assert.isDefined(manager.unsafeGet())
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R4: a hung token endpoint frees its waiters at the deadline, and the next caller recovers", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave("hang", "issue")
      const manager = yield* TokenManager.make(test.flow)
      const waiting = yield* Effect.fork(Effect.either(manager.get))
      yield* TestClock.adjust("19999 millis")
      assert.strictEqual((yield* Fiber.poll(waiting))._tag, "None")
      yield* TestClock.adjust("1 millis")
      const failed = yield* Fiber.join(waiting)
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Unavailable")
      assert.strictEqual(Either.isLeft(failed) && failed.left.code, "timed_out")
      assert.strictEqual(test.ledger.inFlight, 0)
      assert.strictEqual(valueOf(yield* manager.get), "access-1")
    })
  )

  it.scoped("Errors: a secret that cannot be read in time says so, and that it was our deadline", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({
        refresh: "rotates",
        login: false,
        secret: Effect.never,
        flow: { initialGrant: (secret) => Effect.succeed(AuthFlow.refreshGrant(secret)) }
      })
      const manager = yield* TokenManager.make(test.flow)
      const waiting = yield* Effect.fork(Effect.flip(manager.get))
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error._tag, "Unavailable")
      assert.strictEqual(error.code, "timed_out")
      assert.include(error.message, "its secret could not be read in time")
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.effect("R4: closing the scope interrupts the flight, frees its waiters and leaves no fiber", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const test = yield* TestFlow.make()
      test.behave("hang")
      const manager = yield* Scope.extend(TokenManager.make(test.flow), scope)
      const waiting = yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      assert.strictEqual(test.ledger.inFlight, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(test.ledger.inFlight, 0)
      const failed = yield* Fiber.join(waiting)
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Unavailable")
      // And none is started afterwards.
      assert.isTrue(Either.isLeft(yield* Effect.either(manager.get)))
      yield* TestFlow.settle
      assert.strictEqual(test.ledger.inFlight, 0)
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.effect("R4: closing the scope before the flight has run its first step frees its waiters", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const test = yield* TestFlow.make()
      const manager = yield* Scope.extend(TokenManager.make(test.flow), scope)
      const waiting = yield* Effect.fork(Effect.either(manager.get))
      // One step: the caller has launched the flight, the flight has not run.
      yield* Effect.yieldNow()
      yield* Scope.close(scope, Exit.void)
      const result = yield* Fiber.join(waiting).pipe(Effect.timeoutOption("1 minute"), Effect.fork)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(result))._tag, "Some", "the waiter hangs")
    })
  )

  it.effect("R4: what is released after the manager was acquired may still use it", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: 0 })
      let served: string | undefined
      yield* Effect.scoped(
        Effect.gen(function* () {
          const manager = yield* TokenManager.make(test.flow)
          yield* Effect.addFinalizer(() =>
            Effect.map(Effect.orDie(manager.get), (token) => {
              served = valueOf(token)
            })
          )
        })
      )
      assert.strictEqual(served, "access-1")
    })
  )

  it.scoped("R4: a failure goes to those waiting, then it is gone", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      test.behave(
        TestFlow.unavailable,
        TestFlow.unavailable,
        TestFlow.unavailable,
        TestFlow.unavailable,
        "issue"
      )
      const manager = yield* TokenManager.make(test.flow)
      const waiting = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 10 }), () => Effect.either(manager.get), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* Fiber.join(waiting)).every(Either.isLeft))
      const next = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(valueOf(yield* Fiber.join(next)), "access-1")
      assert.strictEqual(test.mints(), 5)
    })
  )

  it.scoped("R4: a defect of a flow reaches the caller and does not wedge the manager", () =>
    Effect.gen(function* () {
      let broken = true
      const good = yield* TestFlow.make()
      const test = yield* TestFlow.make({
        flow: {
          login: (secret) =>
            broken
              ? Effect.dieMessage("a bug in a flow")
              : good.flow.login._tag === "Some"
                ? good.flow.login.value(secret)
                : Effect.never
        }
      })
      const manager = yield* TokenManager.make(test.flow)
      const exit = yield* Effect.exit(manager.get)
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      broken = false
      assert.strictEqual(valueOf(yield* manager.get), "access-1")
    })
  )

  it.scoped("R2: a token that is over on arrival is InvalidResponse, not served", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "100 millis", latency: "150 millis" })
      const manager = yield* TokenManager.make(test.flow, { policy: { mintDeadline: "10 seconds" } })
      const waiting = yield* Effect.fork(Effect.either(manager.get))
      yield* TestClock.adjust("10 seconds")
      const failed = yield* Fiber.join(waiting)
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "InvalidResponse")
    })
  )

  it.scoped("R17: a clock set back behind the mint never makes an expired token look fresh", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000_000_000)
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.setTime(1_000_000_000 + 2 * 3_600_000)
      assert.isUndefined(manager.unsafeGet())
      yield* TestClock.setTime(1_000_000_000 + 60_000)
      assert.isUndefined(manager.unsafeGet(), "seen as expired, it stays expired")
      yield* TestClock.setTime(900_000_000)
      assert.isUndefined(manager.unsafeGet(), "before its own birth no age can be told")
    })
  )

  it.scoped("R17: a lifetime of a century is kept without a timer", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "36500 days" })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("18000 days")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("19000 days")
      assert.strictEqual((yield* manager.get).generation, 2)
    })
  )
})
