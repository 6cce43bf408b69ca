import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as AuthError from "../AuthError.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import type { Lease, StoreError } from "../TokenStore.ts"
import { retryPlan } from "./retryPlan.ts"
import type { StoreAccess } from "./storeAccess.ts"
import type { Adopt, StoreSession } from "./storeSession.ts"

/** How often one looks whether the holder of the lease has written: soon at first, for most mints are quick. */
const firstPoll = 25
const longestPoll = 250

/** A lease that outlives its flight, because the store still lacks what was minted under it. */
interface Kept {
  readonly lease: Lease
  fiber: Fiber.RuntimeFiber<void> | undefined
}

/** R13: one process mints at a time, and only if the store has nothing better by then. */
export class Leasing {
  readonly #access: StoreAccess
  readonly #session: StoreSession
  readonly #policy: RefreshPolicy.Resolved
  readonly #fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  /** How long this flight still bears with a store that is out of reach, in milliseconds. */
  #patience = 0
  #kept: Kept | undefined

  constructor(
    access: StoreAccess,
    session: StoreSession,
    policy: RefreshPolicy.Resolved,
    fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  ) {
    this.#access = access
    this.#session = session
    this.#policy = policy
    this.#fork = fork
  }

  /**
   * The deadline of the mint starts with its lease: a refresh token is not spent in the last moment of
   * a long wait. Siblings that were killed hold the lease up to its end, and the next one mints under it
   * first: a flight may take that much longer than it would alone.
   */
  mint(
    adopt: Adopt,
    mint: (deadlineAt: number) => Effect.Effect<void, AuthError.AuthError>
  ): Effect.Effect<void, AuthError.AuthError> {
    const fresh = Effect.flatMap(Clock.currentTimeMillis, (now) => mint(now + this.#policy.mintDeadline))
    const known = Effect.suspend(() => {
      this.#patience = this.#policy.mintDeadline
      return this.#patiently(this.#session.adopt(adopt))
    })
    return Effect.flatMap(known, (adopted) =>
      adopted
        ? Effect.void
        : Effect.acquireUseRelease(
            this.#acquire(adopt),
            (lease) => {
              if (lease === "adopted") {
                return Effect.void
              }
              if (lease === "unreachable") {
                return fresh
              }
              const minted = Effect.flatMap(this.#patiently(this.#session.adopt(adopt)), (newer) =>
                newer ? Effect.void : fresh
              )
              return Effect.scoped(Effect.zipRight(Effect.forkScoped(this.#renew(lease)), minted))
            },
            (lease) => (typeof lease === "string" ? Effect.void : this.#giveBack(lease))
          )
    )
  }

  /**
   * R11, R13: a store out of reach is asked again, as a token endpoint would be, before a caller hears
   * of it: one deadline long in a flight, not counting what it waited for a lease.
   */
  #patiently<A>(effect: Effect.Effect<A, AuthError.AuthError>): Effect.Effect<A, AuthError.AuthError> {
    return Effect.gen(this, function* () {
      const deadlineAt = (yield* Clock.currentTimeMillis) + this.#patience
      const pauses = yield* Schedule.driver(retryPlan(this.#policy.retry, deadlineAt))
      while (true) {
        const outcome = yield* Effect.either(effect)
        if (Either.isRight(outcome)) {
          return outcome.right
        }
        const error = outcome.left
        const now = yield* Clock.currentTimeMillis
        this.#patience = Math.max(0, deadlineAt - now)
        const isOutage = this.#session.mustRead && error._tag === "Unavailable"
        if (!isOutage || this.#patience === 0) {
          return yield* Effect.fail(error)
        }
        // Only the pauses: a lease that was granted is not to be lost on its way.
        yield* Effect.mapError(Effect.interruptible(pauses.next(error)), () => error)
      }
    })
  }

  /** Runs uninterruptible but for its pauses, so that a granted lease is always given back. */
  #acquire(adopt: Adopt): Effect.Effect<Lease | "adopted" | "unreachable", AuthError.AuthError> {
    return Effect.gen(this, function* () {
      const { mintDeadline } = this.#policy
      // A holder that was killed, another that was killed after it, and then the mint of a third.
      const longest = this.#access.timeToLive * 2 + mintDeadline
      const startedAt = yield* Clock.currentTimeMillis
      for (let poll = firstPoll; ; poll = Math.min(longestPoll, poll * 2)) {
        const lease = yield* Effect.either(this.#patiently(this.#grasp))
        if (Either.isLeft(lease)) {
          return this.#session.mustRead ? yield* Effect.fail(lease.left) : "unreachable"
        }
        if (Option.isSome(lease.right)) {
          return lease.right.value
        }
        // While the store was away nobody could get on.
        const away = mintDeadline - this.#patience
        if ((yield* Clock.currentTimeMillis) - startedAt >= longest + away) {
          const { provider } = this.#access.flow
          return yield* new AuthError.Unavailable({
            provider,
            operation: "store",
            message: `Another process holds the lease of ${provider}'s token and has not written one yet: it is safe to try again.`
          })
        }
        yield* Effect.interruptible(Effect.sleep(poll))
        if (yield* this.#patiently(this.#session.adopt(adopt))) {
          return "adopted"
        }
      }
    })
  }

  #renew(lease: Lease): Effect.Effect<void> {
    return Effect.sleep(this.#access.timeToLive / 3).pipe(
      Effect.zipRight(this.#access.renew(lease)),
      // A lease that cannot be renewed is lost: compare-and-set keeps the loser from overwriting.
      Effect.orElseSucceed(() => true),
      Effect.repeat({ while: (held) => held }),
      Effect.asVoid
    )
  }

  /**
   * R7: while the store lacks what was minted under a lease, a sibling that got it would spend the
   * refresh token that ours replaced. So it is kept until the store has the new one.
   */
  #giveBack(lease: Lease): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#session.owes || !this.#access.shared) {
        return this.#access.release(lease)
      }
      const kept: Kept = { lease, fiber: undefined }
      this.#kept = kept
      kept.fiber = this.#fork(
        Effect.raceFirst(this.#session.paid, this.#renew(lease)).pipe(
          Effect.ensuring(
            Effect.suspend(() => {
              if (this.#kept !== kept) {
                return Effect.void
              }
              this.#kept = undefined
              return this.#access.release(lease)
            })
          )
        )
      )
      return Effect.void
    })
  }

  /** The lease that an earlier flight kept, if it is still ours; else a new one, unless another holds it. */
  get #grasp(): Effect.Effect<Option.Option<Lease>, AuthError.AuthError> {
    return Effect.suspend((): Effect.Effect<Option.Option<Lease>, StoreError> => {
      const kept = this.#kept
      return kept === undefined
        ? this.#access.lease
        : Effect.flatMap(this.#access.renew(kept.lease), (held) => {
            // Paid meanwhile, and so given back.
            if (this.#kept !== kept) {
              return this.#access.lease
            }
            this.#kept = undefined
            const ended = kept.fiber === undefined ? Effect.void : Fiber.interrupt(kept.fiber)
            return Effect.zipRight(ended, held ? Effect.succeedSome(kept.lease) : this.#access.lease)
          })
    }).pipe(Effect.mapError((error) => this.#access.failed(error)))
  }

  /** After the session's: gives back what was kept for a write. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.#kept?.fiber
      return fiber === undefined ? Effect.void : Effect.asVoid(Fiber.await(fiber))
    })
  }
}
