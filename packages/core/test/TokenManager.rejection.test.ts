import * as TokenManager from "@latchkey/core/TokenManager"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const replaced = (manager: TokenManager.TokenManager, token: TokenManager.AccessToken) =>
  Effect.suspend(() => (manager.unsafeReject(token) ? manager.replacement(token) : Effect.succeedNone))

describe("R9: rejected tokens", () => {
  it.scoped("R9: 200 rejections of one generation make 1 mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "100 millis" })
      const manager = yield* TokenManager.make(test.flow)
      const token = yield* TestFlow.during("100 millis", manager.get)
      const callers = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 200 }), () => replaced(manager, token), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("100 millis")
      const tokens = yield* Fiber.join(callers)
      assert.isTrue(tokens.every((next) => Option.isSome(next) && next.value.generation === 2))
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: an older generation is retried with the current token, no mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* manager.get
      yield* replaced(manager, first)
      const late = yield* replaced(manager, first)
      assert.strictEqual(Option.isSome(late) && late.value.generation, 2)
      assert.strictEqual(test.mints(), 2)
      assert.isDefined(manager.unsafeGet(), "the current token was not dropped")
    })
  )

  it.scoped("R9: a replacement that is rejected too costs no further mint until the gate opens", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* manager.get
      const second = Option.getOrThrow(yield* replaced(manager, first))
      for (let call = 0; call < 100; call++) {
        assert.isTrue(Option.isNone(yield* replaced(manager, second)))
      }
      assert.strictEqual(test.mints(), 2)
      yield* TestClock.adjust("1 second")
      const third = Option.getOrThrow(yield* replaced(manager, second))
      assert.strictEqual(test.mints(), 3)
      assert.isTrue(Option.isNone(yield* replaced(manager, third)))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isNone(yield* replaced(manager, third)), "the second pause is 2 s")
      yield* TestClock.adjust("1 second")
      assert.isTrue(Option.isSome(yield* replaced(manager, third)))
      assert.strictEqual(test.mints(), 4)
    })
  )

  it.scoped("R9: a success ends the probation: the next rejection mints at once", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const second = Option.getOrThrow(yield* replaced(manager, yield* manager.get))
      manager.unsafeConfirm(second.generation)
      assert.strictEqual(Option.getOrThrow(yield* replaced(manager, second)).generation, 3)
    })
  )

  it.scoped("R9: a success with an older generation does not end the probation", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* manager.get
      const second = Option.getOrThrow(yield* replaced(manager, first))
      manager.unsafeConfirm(first.generation)
      assert.isTrue(Option.isNone(yield* replaced(manager, second)))
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: probation outlives a refresh by the clock", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      yield* replaced(manager, yield* manager.get)
      yield* TestClock.adjust("1 hour")
      const third = yield* manager.get
      assert.strictEqual(third.generation, 3)
      assert.isTrue(Option.isNone(yield* replaced(manager, third)))
      assert.strictEqual(test.mints(), 3)
    })
  )

  it.scoped("R9: a mint that hands back the rejected token is not retried, and the gate counts it", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ sameToken: "always-the-same" })
      const manager = yield* TokenManager.make(test.flow)
      for (let call = 0; call < 100; call++) {
        assert.isTrue(Option.isNone(yield* replaced(manager, yield* manager.get)))
      }
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: a dropped token is not served while its replacement is minted", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow)
      const token = yield* TestFlow.during("1 second", manager.get)
      yield* manager.invalidate(token.generation)
      assert.isUndefined(manager.unsafeGet())
      assert.strictEqual((yield* TestFlow.during("1 second", manager.get)).generation, 2)
    })
  )

  it.scoped("R9: invalidate is compare-and-set: an older generation drops nothing", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const manager = yield* TokenManager.make(test.flow)
      const first = yield* manager.get
      yield* manager.invalidate(first.generation)
      yield* manager.get
      yield* manager.invalidate(first.generation)
      assert.strictEqual((yield* manager.get).generation, 2)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: a rejected token is replaced by a refresh where there is one", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "kept" })
      const manager = yield* TokenManager.make(test.flow)
      const next = yield* replaced(manager, yield* manager.get)
      assert.strictEqual(Redacted.value(Option.getOrThrow(next).value), "access-2")
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [1, 1])
    })
  )
})
