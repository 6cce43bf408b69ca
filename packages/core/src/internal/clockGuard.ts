import type * as Clock from "effect/Clock"

/** Clocks drift apart by less than this between two looks at them. */
const tolerance = 1_000

/**
 * R17: the time by which one token set is judged. It never runs backwards, whatever the wall clock
 * does: a suspended machine stops the monotonic clock and the wall clock tells, a wall clock that
 * is set back is told by the monotonic one.
 */
export class ClockGuard {
  readonly #clock: Clock.Clock
  #wall: number
  #monotonic: bigint
  #latest: number
  /** By how much the wall clock was set back since. */
  #setBack = 0

  /** `notBefore` is when the token set was issued: a sibling's clock may be a little ahead of ours. */
  constructor(clock: Clock.Clock, notBefore: number) {
    this.#clock = clock
    this.#wall = Math.max(clock.unsafeCurrentTimeMillis(), notBefore)
    this.#monotonic = clock.unsafeCurrentTimeNanos()
    this.#latest = this.#wall
  }

  /** Epoch milliseconds; infinity where even the monotonic clock ran backwards and no age can be told. */
  now(): number {
    const nanos = this.#clock.unsafeCurrentTimeNanos()
    const elapsed = Math.trunc(Number(nanos - this.#monotonic) / 1_000_000)
    if (elapsed < 0) {
      return (this.#latest = Number.POSITIVE_INFINITY)
    }
    const wall = this.#clock.unsafeCurrentTimeMillis() + this.#setBack
    const now = Math.max(this.#latest, wall, this.#wall + elapsed)
    // Each clock goes on from what the other one told, so that a later jump of it counts in full.
    if (now - wall >= tolerance) {
      this.#setBack += now - wall
    }
    if (now - (this.#wall + elapsed) >= tolerance) {
      this.#wall = now
      this.#monotonic = nanos
    }
    return (this.#latest = now)
  }
}
