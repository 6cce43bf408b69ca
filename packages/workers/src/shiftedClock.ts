import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The real clock, set forward by `shift` milliseconds; sleeps are as long as ever. */
export class ShiftedClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly #real = Clock.make()
  shift = 0

  unsafeCurrentTimeMillis(): number {
    return this.#real.unsafeCurrentTimeMillis() + this.shift
  }

  unsafeCurrentTimeNanos(): bigint {
    return this.#real.unsafeCurrentTimeNanos() + BigInt(this.shift) * 1_000_000n
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())

  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return this.#real.sleep(duration)
  }
}
