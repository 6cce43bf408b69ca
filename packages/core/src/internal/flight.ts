import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type { AuthError } from "../AuthError.ts"

type Landing = Exit.Exit<void, AuthError>

/** How long a flight that is past its end is still waited for, in milliseconds: its own timers may be late. */
const grace = 1000

/**
 * Whether sockets and timers belong to the request that opened them, as in Cloudflare's runtime, which says
 * who it is.
 */
export const isolatesRequests = (): boolean =>
  Predicate.hasProperty(globalThis, "navigator") &&
  Predicate.hasProperty(globalThis.navigator, "userAgent") &&
  globalThis.navigator.userAgent === "Cloudflare-Workers"

/**
 * One mint in progress, which any number of callers wait on (R4).
 *
 * Where requests are isolated from each other, a fiber that another request's fiber resumes can use none of
 * its own sockets and timers. A native promise resumes in the request that made it. So those who begin to wait
 * in the same turn of the event loop, and therefore in the same request, share a promise, and a timer: without
 * one of its own a request that waits counts as hung there. The timer ends the wait where the request that
 * started the flight is over, and the flight with it. Elsewhere all wait on the same, and resume at once.
 */
export class Flight {
  fiber: Fiber.RuntimeFiber<void> | undefined
  readonly #runtime: Runtime.Runtime<never>
  /** When it has ended at the latest, in epoch milliseconds, unless what it runs in is gone. */
  readonly #endsAt: number
  readonly #onLost: () => void
  readonly #isolated: boolean
  readonly #wakes: Array<(landing: Landing) => void> = []
  /** What those who join wait on; where requests are isolated, those who join in this turn. */
  #joining: Deferred.Deferred<void, AuthError> | undefined
  #seenOverdueAt: number | undefined

  constructor(runtime: Runtime.Runtime<never>, endsAt: number, isolated: boolean, onLost: () => void) {
    this.#runtime = runtime
    this.#endsAt = endsAt
    this.#isolated = isolated
    this.#onLost = onLost
  }

  /** Waits for it. */
  get landed(): Effect.Effect<void, AuthError> {
    return Effect.suspend(() => Deferred.await((this.#joining ??= this.#join())))
  }

  /** Settles when it has landed, however it did. */
  get settled(): Promise<Landing> {
    return new Promise((resolve) => {
      this.#wakes.push(resolve)
    })
  }

  /** Resumes those who wait, each in the request that it belongs to. */
  land(landing: Landing): void {
    if (!this.#isolated && this.#joining !== undefined) {
      Deferred.unsafeDone(this.#joining, landing)
    }
    for (const wake of this.#wakes) {
      wake(landing)
    }
  }

  /**
   * Whether it was past its end at an earlier call too, the grace before this one. Not at the first: after
   * a machine was suspended everything is late.
   */
  isLost(now: number): boolean {
    if (now < this.#endsAt) {
      return false
    }
    this.#seenOverdueAt ??= now
    return now - this.#seenOverdueAt >= grace
  }

  #join(): Deferred.Deferred<void, AuthError> {
    const landed = Deferred.unsafeMake<void, AuthError>(FiberId.none)
    if (!this.#isolated) {
      return landed
    }
    const timer = Runtime.runFork(this.#runtime)(this.#expire)
    void this.settled.then((landing) => {
      timer.unsafeInterruptAsFork(FiberId.none)
      Deferred.unsafeDone(landed, landing)
      return undefined
    })
    void Promise.resolve().then(() => {
      this.#joining = undefined
      return undefined
    })
    return landed
  }

  get #expire(): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.zipRight(
        Effect.sleep(Math.max(0, this.#endsAt - now) + grace),
        Effect.sync(() => this.#onLost())
      )
    )
  }
}
