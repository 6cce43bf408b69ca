import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { afterAll, assert, beforeAll, describe, vi } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

/** A clock whose timers can be gone, as those of a request of Cloudflare Workers are when it has ended. */
class MortalClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly #clock: Clock.Clock
  readonly currentTimeMillis: Effect.Effect<number>
  readonly currentTimeNanos: Effect.Effect<bigint>
  /** Whether the timers that are set from now on never fire. */
  isGone = false

  constructor(clock: Clock.Clock) {
    this.#clock = clock
    this.currentTimeMillis = clock.currentTimeMillis
    this.currentTimeNanos = clock.currentTimeNanos
  }

  unsafeCurrentTimeMillis(): number {
    return this.#clock.unsafeCurrentTimeMillis()
  }

  unsafeCurrentTimeNanos(): bigint {
    return this.#clock.unsafeCurrentTimeNanos()
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.isGone && Duration.toMillis(duration) > 0 ? Effect.never : this.#clock.sleep(duration)
    )
  }
}

const mortal = Effect.clockWith((clock) => Effect.sync(() => new MortalClock(clock)))

/** Runs an effect in a request that is over afterwards: whoever waits in it waits for ever, and no timer fires. */
const inRequestThatEnds = (clock: MortalClock, effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    clock.isGone = true
    yield* Effect.fork(Effect.ignore(effect))
    yield* TestFlow.settle
    clock.isGone = false
  })

describe("R4: a flight that was lost", () => {
  beforeAll(() => vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" }))
  afterAll(() => vi.unstubAllGlobals())

  it.scoped("R4: fails those who wait a second after its deadline, and the next one starts anew", () =>
    Effect.gen(function* () {
      const clock = yield* mortal
      const test = yield* TestFlow.make()
      const manager = yield* Effect.withClock(TokenManager.make(test.flow), clock)
      test.behave("hang")
      yield* inRequestThatEnds(clock, manager.get)
      const waiter = yield* Effect.fork(Effect.either(manager.get))
      yield* TestClock.adjust("20999 millis")
      assert.isTrue((yield* Fiber.status(waiter))._tag === "Suspended", "its own deadline comes first")
      assert.strictEqual(test.ledger.inFlight, 1)
      yield* TestClock.adjust("1 millis")
      const outcome = yield* Fiber.join(waiter)
      assert.strictEqual(Either.isLeft(outcome) ? outcome.left._tag : "a token", "Unavailable")
      assert.strictEqual(test.ledger.inFlight, 0)
      test.behave("issue")
      yield* TestClock.adjust("1 minute")
      yield* manager.get
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R3: while a token is served, the second caller a second past its end starts anew", () =>
    Effect.gen(function* () {
      const clock = yield* mortal
      const test = yield* TestFlow.make({ lifetime: "1 hour" })
      const manager = yield* Effect.withClock(TokenManager.make(test.flow, { policy: { jitter: 0 } }), clock)
      yield* manager.get
      yield* TestClock.adjust("55 minutes")
      test.behave("hang")
      yield* inRequestThatEnds(clock, manager.get)
      assert.strictEqual(test.mints(), 2)
      test.behave("issue")
      // Past its end for the first caller that looks: a machine that was suspended may only be late.
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestFlow.settle
      assert.strictEqual(test.mints(), 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("1 minute")
      yield* manager.get
      yield* TestFlow.settle
      assert.strictEqual(test.mints(), 3)
      assert.strictEqual((yield* manager.get).generation, 2)
    })
  )

  it.scoped("R4: one that lands leaves no timer behind in the requests that waited", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow)
      yield* TestFlow.during("1 second", manager.get)
      assert.isEmpty(Array.from(yield* TestClock.sleeps()))
    })
  )

  it.scoped("R7: what was received is kept, though it could not be stored", () =>
    Effect.gen(function* () {
      const clock = yield* mortal
      const inner = yield* TokenStore.makeMemory
      let hangs = false
      const store: TokenStore.Service = {
        ...inner,
        save: (key, tokens, version) => (hangs ? Effect.never : inner.save(key, tokens, version))
      }
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* TokenManager.make(test.flow).pipe(
        Effect.withClock(clock),
        Effect.provideService(TokenStore.TokenStore, store)
      )
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      hangs = true
      yield* inRequestThatEnds(clock, manager.get)
      hangs = false
      const waiter = yield* Effect.fork(Effect.either(manager.get))
      yield* TestClock.adjust("161 seconds")
      yield* Fiber.join(waiter)
      yield* manager.get
      assert.deepStrictEqual(test.ledger.presented, ["refresh-1", "refresh-2"])
      assert.strictEqual(test.ledger.logins, 1)
    })
  )
})

describe("waitUntil", () => {
  it.scoped("R4: is given a promise with each flight, which resolves when it has ended", () =>
    Effect.gen(function* () {
      const flights = { started: 0, ended: 0 }
      const waitUntil = (landed: Promise<unknown>) => {
        flights.started += 1
        void landed.then(() => {
          flights.ended += 1
          return undefined
        })
      }
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow, { policy: { waitUntil, jitter: 0 } })
      const first = yield* Effect.fork(manager.get)
      const second = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      assert.deepStrictEqual(flights, { started: 1, ended: 0 })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(Fiber.zip(first, second))
      yield* TestFlow.settle
      assert.deepStrictEqual(flights, { started: 1, ended: 1 })
      // In the background, and in vain.
      yield* TestClock.adjust("56 minutes")
      test.behave(TestFlow.denied)
      yield* manager.get
      assert.deepStrictEqual(flights, { started: 2, ended: 1 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(flights, { started: 2, ended: 2 })
    })
  )
})
