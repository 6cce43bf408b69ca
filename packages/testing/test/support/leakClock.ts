import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** One turn of the event loop: bodies are read by promises. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** So many turns without an end mean that a fiber waits for time to pass. */
const patience = 12

/** Longer than any deadline of ours, in milliseconds. */
const longest = 300_000

/**
 * A clock that stands still but within {@link LeakClock.run}, where time passes as soon as all wait for it:
 * hundreds of failure paths, each to its deadline, in no time. (`TestClock` sleeps some 20 real
 * milliseconds at each adjustment.)
 */
export class LeakClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  #now = Date.UTC(2026, 0, 1)
  #timers: ReadonlyArray<Timer> = []

  unsafeCurrentTimeMillis(): number {
    return this.#now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(this.#now) * 1_000_000n
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())

  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async((resume) => {
      const timer: Timer = {
        at: this.#now + Math.ceil(Duration.toMillis(duration)),
        fire: () => resume(Effect.void)
      }
      this.#timers = [...this.#timers, timer]
      return Effect.sync(() => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      })
    })
  }

  /** Lets time pass in one leap: whoever slept meanwhile wakes up late. */
  readonly pass = (duration: Duration.DurationInput): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#now += Duration.toMillis(duration)
    })

  /** Lets every fiber run that can, without time passing. */
  readonly settle: Effect.Effect<void> = Effect.repeatN(turn, patience)

  /** Runs an effect to its end, or for five minutes: nothing of ours takes longer, and a `Hang` has no end. */
  readonly run = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Exit.Exit<A, E>, never, R> =>
    Effect.gen(this, function* () {
      // An exit, for a fiber that fails is logged.
      const fiber = yield* Effect.fork(Effect.exit(effect))
      const until = this.#now + longest
      let idle = 0
      while (fiber.unsafePoll() === null) {
        yield* turn
        idle += 1
        if (idle === patience) {
          idle = 0
          if (!this.#advance() || this.#now > until) {
            // Not awaited here: what ends may take its time as well.
            yield* Effect.fork(Fiber.interrupt(fiber))
          }
        }
      }
      return Exit.flatten(yield* Fiber.await(fiber))
    })

  /** Lets time pass to the next timer, if there is one. */
  #advance(): boolean {
    const [first, ...rest] = [...this.#timers].sort((one, other) => one.at - other.at)
    if (first === undefined) {
      return false
    }
    this.#timers = rest
    this.#now = Math.max(this.#now, first.at)
    first.fire()
    return true
  }
}
