import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { SettledClock } from "../../src/internal/settledClock.ts"

/** Longer than any deadline of ours, in milliseconds. */
const longest = 300_000

/**
 * A clock that stands still but within {@link LeakClock.run}, where time passes as soon as all wait for it:
 * hundreds of failure paths, each to its deadline, in no time.
 */
export class LeakClock extends SettledClock {
  constructor() {
    super(Date.UTC(2026, 0, 1))
  }

  /** Runs an effect to its end, or for five minutes: nothing of ours takes longer, and a `Hang` has no end. */
  readonly run = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Exit.Exit<A, E>, never, R> =>
    Effect.gen(this, function* () {
      // An exit, for a fiber that fails is logged.
      const fiber = yield* Effect.fork(Effect.exit(effect))
      const until = this.unsafeCurrentTimeMillis() + longest
      yield* this.settle
      while (fiber.unsafePoll() === null) {
        if (!(yield* this.step) || this.unsafeCurrentTimeMillis() > until) {
          // Not awaited here: what ends may take its time as well.
          yield* Effect.fork(Fiber.interrupt(fiber))
          yield* this.settle
        }
      }
      return Exit.flatten(yield* Fiber.await(fiber))
    })
}
