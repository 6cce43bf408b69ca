import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import { it } from "../../../testing/src/SettledTest.ts"
import * as Expiry from "../../src/Expiry.ts"
import { ClockGuard } from "../../src/internal/clockGuard.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A clock whose wall and monotonic time move on their own, beside the time that really passes. */
class HandMade implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly currentTimeMillis = Effect.sync(() => this.wall)
  readonly currentTimeNanos = Effect.sync(() => this.unsafeCurrentTimeNanos())
  wall: number
  monotonic: number
  /** The time that has really passed, in milliseconds. */
  passed = 0

  constructor(wall: number, monotonic: number = 12_345) {
    this.wall = wall
    this.monotonic = monotonic
  }

  unsafeCurrentTimeMillis(): number {
    return this.wall
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.round(this.monotonic * 1_000_000))
  }

  sleep(_duration: Duration.Duration): Effect.Effect<void> {
    return Effect.never
  }

  run(millis: number): void {
    this.passed += millis
    this.wall += millis
    this.monotonic += millis
  }

  /** The machine sleeps: monotonic time stands. */
  suspend(millis: number): void {
    this.passed += millis
    this.wall += millis
  }

  /** Someone sets the clock, by a positive or a negative step. */
  set(millis: number): void {
    this.wall += millis
  }
}

const start = FastCheck.integer({ min: 978_307_200_000, max: 4_102_444_800_000 })

type Does = "run" | "suspend" | "set ahead" | "set back"

const step = (...does: ReadonlyArray<Does>) =>
  FastCheck.record({
    does: FastCheck.constantFrom(...does),
    millis: FastCheck.oneof(
      FastCheck.integer({ min: 0, max: 10 * second }),
      FastCheck.integer({ min: 0, max: 2 * day })
    )
  })

const steps = (...does: ReadonlyArray<Does>) =>
  FastCheck.array(step(...does), { minLength: 1, maxLength: 20 })

const take = (clock: HandMade, { does, millis }: { readonly does: Does; readonly millis: number }): void => {
  switch (does) {
    case "run":
      return clock.run(millis)
    case "suspend":
      return clock.suspend(millis)
    case "set ahead":
      return clock.set(millis)
    case "set back":
      return clock.set(-millis)
  }
}

describe("clockGuard", () => {
  it.prop(
    "R17: while nothing happens to the clocks, it tells the time",
    { start, steps: steps("run") },
    ({ start, steps }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, 0)
      assert.strictEqual(guard.now(), start)
      for (const step of steps) {
        take(clock, step)
        assert.strictEqual(guard.now(), clock.wall)
      }
    },
    runs
  )

  it("R17: a machine that was suspended: the wall clock tells, though the monotonic one stood", () => {
    const clock = new HandMade(1_000_000)
    const guard = new ClockGuard(clock, 0)
    clock.suspend(hour)
    assert.strictEqual(guard.now(), 1_000_000 + hour)
    clock.run(minute)
    assert.strictEqual(guard.now(), 1_000_000 + hour + minute)
  })

  it("R17: a clock that is set back: the monotonic one tells", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, 0)
    clock.set(-hour)
    assert.strictEqual(guard.now(), day)
    clock.run(minute)
    assert.strictEqual(guard.now(), day + minute)
    clock.set(-12 * hour)
    clock.run(minute)
    assert.strictEqual(guard.now(), day + 2 * minute)
  })

  it("R17: a clock that is set ahead counts as time that has passed", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, 0)
    clock.set(hour)
    assert.strictEqual(guard.now(), day + hour)
    clock.set(-hour)
    assert.strictEqual(guard.now(), day + hour)
  })

  it("R17: less than a millisecond of monotonic time is no millisecond yet", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, 0)
    clock.monotonic += 0.9
    assert.strictEqual(guard.now(), day)
    clock.monotonic += 0.2
    assert.strictEqual(guard.now(), day + 1)
  })

  it.prop(
    "R17: it never runs backwards, whatever the wall clock does",
    { start, steps: steps("run", "suspend", "set ahead", "set back") },
    ({ start, steps }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, 0)
      let latest = guard.now()
      for (const step of steps) {
        take(clock, step)
        const now = guard.now()
        assert.isAtLeast(now, latest)
        assert.isTrue(Number.isFinite(now))
        latest = now
      }
    },
    runs
  )

  it.prop(
    "R17: time that really passed is never less by it, where machines are suspended",
    { start, steps: steps("run", "suspend", "set ahead") },
    ({ start, steps }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, 0)
      for (const step of steps) {
        take(clock, step)
        assert.isAtLeast(guard.now(), start + clock.passed)
      }
    },
    runs
  )

  it.prop(
    "R17: time that really passed is never less by it, where clocks are set back",
    { start, steps: steps("run", "set ahead", "set back") },
    ({ start, steps }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, 0)
      for (const step of steps) {
        take(clock, step)
        assert.isAtLeast(guard.now(), start + clock.passed)
      }
    },
    runs
  )

  it.prop(
    "R17: an expired token never looks alive, whether the machine slept or the clock was set back",
    {
      start,
      lifetime: FastCheck.integer({ min: second, max: 2 * day }),
      suspended: FastCheck.boolean(),
      before: FastCheck.integer({ min: 0, max: 2 * day }),
      away: FastCheck.integer({ min: 0, max: 2 * day }),
      after: FastCheck.integer({ min: 0, max: 2 * day }),
      asked: FastCheck.boolean()
    },
    ({ after, asked, away, before, lifetime, start, suspended }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, start)
      const timeline = Expiry.timeline(start, lifetime, 0)
      clock.run(before)
      if (asked) {
        guard.now()
      }
      if (suspended) {
        clock.suspend(away)
      } else {
        clock.set(-away)
      }
      clock.run(after)
      if (clock.passed >= lifetime) {
        assert.isFalse(Expiry.isAlive(timeline, guard.now()))
        assert.strictEqual(Expiry.phase(timeline, guard.now()), "expired")
      } else {
        assert.strictEqual(Expiry.isAlive(timeline, guard.now()), true)
      }
    },
    runs
  )

  it("R17: a clock that is set back and a machine that is suspended then: both are told", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, day)
    const timeline = Expiry.timeline(day, hour, 0)
    clock.set(-6 * hour)
    assert.isTrue(Expiry.isAlive(timeline, guard.now()))
    clock.suspend(2 * hour)
    assert.isFalse(Expiry.isAlive(timeline, guard.now()))
  })

  it.prop(
    "R17: time that really passed is never less by it, whatever happens, if it is asked in between",
    { start, steps: steps("run", "suspend", "set ahead", "set back") },
    ({ start, steps }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, 0)
      let steppedBack = 0
      for (const step of steps) {
        take(clock, step)
        steppedBack += step.does === "set back" ? 1 : 0
        // A step of less than a second may pass for drift.
        assert.isAtLeast(guard.now(), start + clock.passed - steppedBack * second)
      }
    },
    runs
  )

  it.prop(
    "R17: a sibling's clock that is ahead of ours does not make its token older, and time goes on from there",
    {
      start,
      ahead: FastCheck.integer({ min: 0, max: minute }),
      passed: FastCheck.integer({ min: 0, max: day })
    },
    ({ ahead, passed, start }) => {
      const clock = new HandMade(start)
      const guard = new ClockGuard(clock, start + ahead)
      assert.strictEqual(guard.now(), start + ahead)
      clock.run(passed)
      assert.strictEqual(guard.now(), start + ahead + passed)
    },
    runs
  )

  it("R17: a token that was issued long ago is judged by the wall clock", () => {
    const clock = new HandMade(day)
    assert.strictEqual(new ClockGuard(clock, 1_000).now(), day)
  })

  it("R17: where even the monotonic clock ran backwards no age can be told, and every token is expired", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, 0)
    clock.monotonic -= 1
    assert.strictEqual(guard.now(), Number.POSITIVE_INFINITY)
    assert.strictEqual(Expiry.phase(Expiry.timeline(day, hour, 0), guard.now()), "expired")
    assert.isFalse(Expiry.isAlive(Expiry.timeline(day, hour, 0), guard.now()))
  })

  it("R17: what was expired because the monotonic clock ran backwards does not come to life again", () => {
    const clock = new HandMade(day)
    const guard = new ClockGuard(clock, 0)
    clock.monotonic -= minute
    const lost = guard.now()
    clock.monotonic += 2 * minute
    assert.isAtLeast(guard.now(), lost)
  })

  it.effect("R17: works with the clock of tests", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(day)
      const guard = new ClockGuard(yield* Clock.clockWith(Effect.succeed), 0)
      yield* TestClock.adjust(Duration.hours(1))
      assert.strictEqual(guard.now(), day + hour)
    })
  )
})
