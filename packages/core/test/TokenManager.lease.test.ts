import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import { makeFlaky } from "./support/flakyStore.ts"
import * as TestFlow from "./support/testFlow.ts"

const makeShared = Effect.map(makeFlaky, ({ inner, state, store }) => ({
  inner,
  state,
  store: { ...store, shared: true }
}))

/**
 * A fifth of the default, and so is every time below that follows from it: `TestClock` takes milliseconds
 * for each time that a waiter looks at the lease.
 */
const mintDeadline = "4 seconds"

const makeWith = (store: TokenStore.Service, test: TestFlow.TestFlow) =>
  Effect.provideService(
    TokenManager.make(test.flow, { policy: { jitter: 0, mintDeadline } }),
    TokenStore.TokenStore,
    store
  )

const leaseIsFree = (store: TokenStore.Service) =>
  Effect.gen(function* () {
    const lease = yield* store.lease("test-key", 1_000)
    yield* Option.match(lease, { onNone: () => Effect.void, onSome: ({ release }) => release })
    return Option.isSome(lease)
  })

/** Takes the lease at the moment at which it ends, as a process would that is a little quicker. */
const takeNext = (store: TokenStore.Service) =>
  Effect.fork(
    Effect.repeat(Effect.delay(store.lease("test-key", 5_000), "5 millis"), { until: Option.isSome })
  )

describe("the lease of a token", () => {
  it.scoped("R13: the lease of a process that was killed is waited for, and no caller fails", () =>
    Effect.gen(function* () {
      const { store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* makeWith(store, test)
      // Its holder renews no more, and wrote nothing.
      assert.isTrue(Option.isSome(yield* store.lease("test-key", 6_000)))
      const token = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("5900 millis")
      assert.strictEqual(test.mints(), 0)
      yield* TestClock.adjust("400 millis")
      assert.strictEqual(Redacted.value((yield* Fiber.join(token)).value), "access-1")
      assert.isTrue(yield* leaseIsFree(store))
    })
  )

  it.scoped("R13: a mint that had to wait for its lease has its whole deadline, not what the wait left", () =>
    Effect.gen(function* () {
      const { store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates", latency: "3 seconds" })
      const manager = yield* makeWith(store, test)
      yield* store.lease("test-key", 3_800)
      assert.strictEqual(Redacted.value((yield* TestFlow.during("8 seconds", manager.get)).value), "access-1")
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped(
    "R13: the next waiter's mint is waited for too, after the lease of a process that was killed",
    () =>
      Effect.gen(function* () {
        const { store } = yield* makeShared
        const test = yield* TestFlow.make({ refresh: "rotates", latency: "3 seconds" })
        const one = yield* makeWith(store, test)
        const other = yield* makeWith(store, test)
        yield* store.lease("test-key", 6_000)
        const tokens = yield* TestFlow.during(
          "9500 millis",
          Effect.all([one.get, other.get], { concurrency: 2 })
        )
        assert.deepStrictEqual(
          tokens.map(({ value }) => Redacted.value(value)),
          ["access-1", "access-1"]
        )
      })
  )

  it.scoped(
    "R13: two holders that are killed one after the other, and the mint of a third, fail no caller",
    () =>
      Effect.gen(function* () {
        const { store } = yield* makeShared
        const test = yield* TestFlow.make({ refresh: "rotates", latency: "3 seconds" })
        const one = yield* makeWith(store, test)
        const other = yield* makeWith(store, test)
        yield* store.lease("test-key", 5_000)
        const tokens = yield* Effect.fork(Effect.all([one.get, other.get], { concurrency: 2 }))
        yield* TestClock.adjust("4800 millis")
        const second = yield* takeNext(store)
        yield* TestClock.adjust("9 seconds")
        assert.isTrue(Option.isSome(yield* Fiber.join(second)), "another process was quicker, and died")
        assert.deepStrictEqual(
          (yield* Fiber.join(tokens)).map(({ value }) => Redacted.value(value)),
          ["access-1", "access-1"]
        )
      })
  )

  it.scoped("R13: a lease is asked for that outlasts the mint under it, and renewed at a third of it", () =>
    Effect.gen(function* () {
      const { inner } = yield* makeShared
      const asked: Array<number> = []
      let renewals = 0
      const test = yield* TestFlow.make({ refresh: "rotates", latency: "3800 millis" })
      const manager = yield* makeWith(
        {
          ...inner,
          shared: true,
          lease: (key, timeToLive) => {
            asked.push(Duration.toMillis(timeToLive))
            return Effect.map(
              inner.lease(key, timeToLive),
              Option.map((lease) => ({
                ...lease,
                renew: Effect.tap(lease.renew, () => Effect.sync(() => (renewals += 1)))
              }))
            )
          }
        },
        test
      )
      yield* TestFlow.during("3800 millis", manager.get)
      assert.isAbove(asked[0] ?? 0, 4_000)
      assert.strictEqual(renewals, Math.floor(3_800 / ((asked[0] ?? 0) / 3)))
    })
  )

  it.scoped("R4, R13: a lease that never comes fails its waiters in the end", () =>
    Effect.gen(function* () {
      const { store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* makeWith(store, test)
      yield* store.lease("test-key", 3_600_000)
      const result = yield* TestFlow.during("15 seconds", Effect.either(manager.get))
      assert.isTrue(Either.isLeft(result) && result.left._tag === "Unavailable")
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.scoped("R13: a store that is away for a moment costs a rotating flow a wait, no failure", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeShared
      const test = yield* TestFlow.make({
        refresh: "rotates",
        flow: { retry: TestFlow.everyQuarterSecond }
      })
      const manager = yield* makeWith(store, test)
      state.down = true
      const token = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(test.mints(), 0)
      state.down = false
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(Redacted.value((yield* Fiber.join(token)).value), "access-1")
    })
  )

  it.scoped("R13: so does one that goes away while a lease is waited for, however long that took", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeShared
      const test = yield* TestFlow.make({
        refresh: "rotates",
        flow: { retry: TestFlow.everyQuarterSecond }
      })
      const manager = yield* makeWith(store, test)
      yield* store.lease("test-key", 6_000)
      const token = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("5 seconds")
      state.down = true
      yield* TestClock.adjust("2 seconds")
      state.down = false
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Redacted.value((yield* Fiber.join(token)).value), "access-1")
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R13: what a store was away comes on top of what killed holders cost", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeShared
      const test = yield* TestFlow.make({
        refresh: "rotates",
        flow: { retry: TestFlow.everyQuarterSecond }
      })
      const manager = yield* makeWith(store, test)
      // Two of 5 s and a mint of 4 s, one after the other, and most of the 2 s in which none could begin.
      yield* store.lease("test-key", 15_600)
      const token = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("1 second")
      state.down = true
      yield* TestClock.adjust("2 seconds")
      state.down = false
      yield* TestClock.adjust("12400 millis")
      assert.strictEqual(test.mints(), 0)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(Redacted.value((yield* Fiber.join(token)).value), "access-1")
    })
  )

  it.scoped("R7, R13: while the store lacks what was minted, no sibling spends the old refresh token", () =>
    Effect.gen(function* () {
      const { inner, state, store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates", lifetime: "60 seconds" })
      const ours = yield* makeWith(store, test)
      const sibling = yield* makeWith(store, test)
      yield* ours.get
      yield* sibling.get
      yield* TestClock.adjust("60 seconds")
      state.full = true
      assert.strictEqual(Redacted.value((yield* ours.get).value), "access-2")
      // The sibling reads the store, which has the spent one: longer than a lease lasts.
      const waiting = yield* Effect.fork(sibling.get)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1"])
      state.full = false
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(Redacted.value((yield* Fiber.join(waiting)).value), "access-2")
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1"])
      assert.isTrue(yield* leaseIsFree(inner))
    })
  )

  it.scoped("R7, R13: who keeps the lease for a write may mint again under it", () =>
    Effect.gen(function* () {
      const { inner, state, store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates", lifetime: "60 seconds" })
      const manager = yield* makeWith(store, test)
      state.full = true
      yield* manager.get
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(Redacted.value((yield* manager.get).value), "access-2")
      assert.isFalse(yield* leaseIsFree(inner))
      state.full = false
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(yield* leaseIsFree(inner))
      const record = Option.getOrThrow(yield* inner.load("test-key"))
      assert.strictEqual(Redacted.value(record.tokens.accessToken), "access-2")
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1"])
    })
  )

  it.effect("R7, R18: a lease that was kept for a write is given back when the scope closes", () =>
    Effect.gen(function* () {
      const { inner, state, store } = yield* makeShared
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const scope = yield* Scope.make()
      const manager = yield* Scope.extend(makeWith(store, test), scope)
      state.full = true
      yield* manager.get
      assert.isFalse(yield* leaseIsFree(inner))
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(yield* leaseIsFree(inner))
    })
  )
})
