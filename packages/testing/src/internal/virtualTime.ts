import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scheduler from "effect/Scheduler"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/**
 * A world whose time and whose fibers stand still until they are told: a clock and a scheduler. What
 * runs in it runs synchronously, thousands of times faster than under `TestClock`, as long as it awaits
 * no promise.
 */
export class VirtualTime implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly #scheduler = new Scheduler.ControlledScheduler()
  #now: number
  #timers: Array<Timer> = []

  constructor(startsAt: number) {
    this.#now = startsAt
  }

  unsafeCurrentTimeMillis(): number {
    return this.#now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.round(this.#now * 1000)) * 1000n
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())

  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async((resume) => {
      const timer: Timer = { at: this.#now + Duration.toMillis(duration), fire: () => resume(Effect.void) }
      this.#timers.push(timer)
      return Effect.sync(() => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      })
    })
  }

  /** Starts an effect in this world and runs it as far as it gets without time passing. */
  start<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const quiet = effect.pipe(
      Effect.withClock(this),
      Effect.withTracerEnabled(false),
      // Thousands of histories have as many troubles, and nobody reads of them.
      Logger.withMinimumLogLevel(LogLevel.None)
    )
    const fiber = Effect.runFork(quiet, { scheduler: this.#scheduler })
    this.settle()
    return fiber
  }

  /** Runs an effect that needs no time to pass, to its end. */
  run<A, E>(effect: Effect.Effect<A, E>): A {
    const exit = this.start(effect).unsafePoll()
    if (exit === null || exit._tag === "Failure") {
      throw new Error("an effect that should end without time passing has failed or waits", { cause: exit })
    }
    return exit.value
  }

  /** Lets every fiber run that can. */
  settle(): void {
    while (this.#scheduler.tasks.buckets.length > 0) {
      this.#scheduler.step()
    }
  }

  /** Lets time pass; timers fire in order, each at its moment. */
  pass(millis: number): void {
    const until = this.#now + millis
    this.settle()
    while (true) {
      let next: Timer | undefined
      for (const timer of this.#timers) {
        if (timer.at <= until && (next === undefined || timer.at < next.at)) {
          next = timer
        }
      }
      if (next === undefined) {
        break
      }
      const due = next
      this.#timers = this.#timers.filter((other) => other !== due)
      this.#now = Math.max(this.#now, due.at)
      due.fire()
      this.settle()
    }
    this.#now = until
  }
}
