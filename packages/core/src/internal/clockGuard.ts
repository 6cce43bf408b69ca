import type * as Clock from "effect/Clock"

/**
 * R17: the time by which one token set is judged. It never runs backwards, whatever the wall clock
 * does: a suspended machine stops the monotonic clock and the wall clock tells, a wall clock that
 * is set back is told by the monotonic one.
 */
export class ClockGuard {
  readonly #clock: Clock.Clock
  readonly #wall: number
  readonly #monotonic: bigint
  #latest: number

  /** `notBefore` is when the token set was issued: a sibling's clock may be a little ahead of ours. */
  constructor(clock: Clock.Clock, notBefore: number) {
    this.#clock = clock
    this.#wall = Math.max(clock.unsafeCurrentTimeMillis(), notBefore)
    this.#monotonic = clock.unsafeCurrentTimeNanos()
    this.#latest = this.#wall
  }

  /** Epoch milliseconds; infinity where even the monotonic clock ran backwards and no age can be told. */
  now(): number {
    const elapsed = Number((this.#clock.unsafeCurrentTimeNanos() - this.#monotonic) / 1_000_000n)
    if (elapsed < 0) {
      return Number.POSITIVE_INFINITY
    }
    return (this.#latest = Math.max(
      this.#latest,
      this.#clock.unsafeCurrentTimeMillis(),
      this.#wall + elapsed
    ))
  }
}
