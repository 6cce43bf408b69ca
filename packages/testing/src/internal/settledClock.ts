import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { RuntimeFiber } from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type * as TestClock from "effect/TestClock"
import { nativeWork } from "./nativeWork.ts"

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** The default scheduler, which also counts what it was given and what it has run. */
class CountingScheduler implements Scheduler.Scheduler {
  pending = 0
  run = 0

  shouldYield(fiber: RuntimeFiber<unknown, unknown>): number | false {
    return Scheduler.defaultScheduler.shouldYield(fiber)
  }

  scheduleTask(task: Scheduler.Task, priority: number, fiber?: RuntimeFiber<unknown, unknown>): void {
    this.pending += 1
    Scheduler.defaultScheduler.scheduleTask(
      () => {
        this.pending -= 1
        this.run += 1
        task()
      },
      priority,
      fiber
    )
  }
}

/**
 * A `TestClock` that lets time pass only when nothing can happen without it. The one of Effect waits for
 * four timers of the event loop before each step: milliseconds for each timer, and too short for
 * `crypto.subtle`, sockets and a busy machine. This one waits for the events themselves: no fiber is
 * scheduled, no call of `crypto.subtle` is under way, whatever was registered with
 * {@link SettledClock.waitFor} is quiet, and a whole turn of the event loop, in which all promises get on,
 * ran no fiber.
 *
 * Timers of the same moment fire in the order in which they were set, as those of a real clock.
 */
export class SettledClock implements TestClock.TestClock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly #scheduler = new CountingScheduler()
  readonly #quiet = new Set<() => boolean>()
  #timers = new Set<Timer>()
  #now: number

  constructor(startsAt = 0) {
    this.#now = startsAt
    nativeWork()
  }

  unsafeCurrentTimeMillis(): number {
    return this.#now
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.floor(this.#now * 1_000_000))
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())

  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.DurationInput): Effect.Effect<void> {
    return Effect.async((resume) => {
      const at = this.#now + Duration.toMillis(duration)
      if (at <= this.#now) {
        resume(Effect.void)
        return
      }
      const timer: Timer = { at, fire: () => resume(Effect.void) }
      this.#timers.add(timer)
      return Effect.sync(() => {
        this.#timers.delete(timer)
      })
    })
  }

  get sleeps(): Effect.Effect<Chunk.Chunk<number>> {
    return Effect.sync(() => Chunk.fromIterable(Array.from(this.#timers, ({ at }) => at)))
  }

  get save(): Effect.Effect<Effect.Effect<void>> {
    return Effect.sync(() => {
      const [now, timers] = [this.#now, new Set(this.#timers)]
      return Effect.sync(() => {
        this.#now = now
        this.#timers = new Set(timers)
      })
    })
  }

  adjust(duration: Duration.DurationInput): Effect.Effect<void> {
    return Effect.suspend(() => this.#pass(this.#now + Duration.toMillis(duration)))
  }

  adjustWith(duration: Duration.DurationInput) {
    return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.zipLeft(effect, this.adjust(duration), { concurrent: true })
  }

  setTime(time: number): Effect.Effect<void> {
    return this.#pass(time)
  }

  /** Has time wait for something else as well; the effect that is returned ends that. */
  waitFor(isQuiet: () => boolean): Effect.Effect<void> {
    this.#quiet.add(isQuiet)
    return Effect.sync(() => {
      this.#quiet.delete(isQuiet)
    })
  }

  /** Waits until nothing can happen any more without time passing. */
  readonly settle: Effect.Effect<void> = Effect.async((resume) => {
    let seen = this.#scheduler.run
    const look = () => {
      const { run } = this.#scheduler
      const isSettled = run === seen && this.#isQuiet()
      seen = run
      if (isSettled) {
        resume(Effect.void)
      } else {
        next = setImmediate(look)
      }
    }
    let next = setImmediate(look)
    return Effect.sync(() => clearImmediate(next))
  })

  /** Lets time pass to the next timer and all settle; answers whether there was one. */
  readonly step: Effect.Effect<boolean> = Effect.suspend(() =>
    this.#fire(Infinity) ? Effect.as(this.settle, true) : Effect.succeed(false)
  )

  /** Lets time pass in one leap: whoever slept meanwhile wakes up late, at the next step. */
  readonly leap = (duration: Duration.DurationInput): Effect.Effect<void> =>
    Effect.sync(() => {
      this.#now += Duration.toMillis(duration)
    })

  /** Runs an effect by this clock. */
  readonly use = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(Effect.withClock(this), Effect.withScheduler(this.#scheduler))

  #isQuiet(): boolean {
    if (this.#scheduler.pending > 0 || nativeWork() > 0) {
      return false
    }
    for (const isQuiet of this.#quiet) {
      if (!isQuiet()) {
        return false
      }
    }
    return true
  }

  #pass(until: number): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      yield* this.settle
      while (this.#fire(until)) {
        yield* this.settle
      }
      this.#now = until
    })
  }

  /** Fires the next timer, if there is one until then. */
  #fire(until: number): boolean {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) {
        next = timer
      }
    }
    if (next === undefined) {
      return false
    }
    this.#timers.delete(next)
    this.#now = Math.max(this.#now, next.at)
    next.fire()
    return true
  }
}
