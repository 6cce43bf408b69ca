import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as AuthError from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import type * as AuthFlow from "../AuthFlow.ts"
import type { TokenSet } from "../TokenSet.ts"
import * as TokenStore from "../TokenStore.ts"
import type { Events } from "./events.ts"

/** Takes over a stored token set; true if it is served now. */
type Adopt = (tokens: TokenSet) => boolean

type Action = "load" | "save" | "lease"

/** How a store's answer to a save is taken. */
type Outcome = "written" | "adopted"

const longestOperation = 5_000
const leasePoll = 50
const firstWriteDelay = 200
const longestWriteDelay = 30_000
const maxConflicts = 3

/** One manager's view of the record that it shares: its key, and the version it has seen last. */
export class StoreSession {
  readonly #store: TokenStore.Service
  readonly #flow: AuthFlow.AuthFlow
  readonly #timeout: number
  readonly #timeToLive: number
  readonly #events: Events
  readonly #fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  #version = 0
  /** What a failed save still owes the store (R7). */
  #owed: TokenSet | undefined
  #writer: Fiber.RuntimeFiber<void> | undefined

  constructor(
    store: TokenStore.Service,
    flow: AuthFlow.AuthFlow,
    mintDeadline: number,
    fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>,
    events: Events
  ) {
    this.#store = store
    this.#flow = flow
    this.#timeout = Math.min(longestOperation, mintDeadline / 4)
    // R13: longer than any mint that runs under it.
    this.#timeToLive = mintDeadline * 1.5
    this.#fork = fork
    this.#events = events
  }

  /** R13: store out of reach: a rotating flow must not spend a refresh token blindly. */
  get #mustRead(): boolean {
    return this.#flow.rotates && (this.#store.shared || this.#version === 0)
  }

  #bounded<A>(
    action: Action,
    operation: Effect.Effect<A, TokenStore.StoreError>
  ): Effect.Effect<A, TokenStore.StoreError> {
    return Effect.interruptible(operation).pipe(
      // R15: a store dies of what it was to read or write. One that is broken is one out of reach.
      Effect.catchAllDefect(() =>
        Effect.fail(
          new TokenStore.StoreError({
            reason: "unreachable",
            message: "The token store broke down: it threw where it should have failed with a StoreError."
          })
        )
      ),
      Effect.timeoutFail({
        duration: this.#timeout,
        onTimeout: () =>
          new TokenStore.StoreError({
            reason: "unreachable",
            message: "The token store did not answer in time."
          })
      }),
      Effect.tapError(({ message }) =>
        Effect.sync(() =>
          this.#events.emit(AuthEvent.StoreFailed({ ...this.#events.common, action, message }))
        )
      )
    )
  }

  #failed(error: TokenStore.StoreError): AuthError.AuthError {
    const fields = { provider: this.#flow.provider, operation: "store", message: error.message } as const
    return error.reason !== "unreachable"
      ? new AuthError.InvalidResponse(fields)
      : new AuthError.Unavailable(fields)
  }

  /** Reads the store, and adopts what is newer than what was seen last. */
  adopt(adopt: Adopt): Effect.Effect<boolean, AuthError.AuthError> {
    return this.#bounded("load", this.#store.load(this.#flow.key)).pipe(
      Effect.map((stored) => {
        if (Option.isNone(stored) || stored.value.version <= this.#version) {
          return false
        }
        this.#version = stored.value.version
        return adopt(stored.value.tokens)
      }),
      Effect.catchAll((error) => (this.#mustRead ? Effect.fail(this.#failed(error)) : Effect.succeed(false)))
    )
  }

  /** R13: mints under the lease of the key, and only if the store has nothing better by then. */
  underLease(
    deadlineAt: number,
    adopt: Adopt,
    mint: Effect.Effect<void, AuthError.AuthError>
  ): Effect.Effect<void, AuthError.AuthError> {
    return Effect.flatMap(this.adopt(adopt), (adopted) =>
      adopted
        ? Effect.void
        : Effect.acquireUseRelease(
            this.#acquire(deadlineAt, adopt),
            (lease) => {
              if (lease === "adopted") {
                return Effect.void
              }
              if (lease === "unreachable") {
                return mint
              }
              const minted = Effect.flatMap(this.adopt(adopt), (newer) => (newer ? Effect.void : mint))
              return Effect.scoped(Effect.zipRight(Effect.forkScoped(this.#renew(lease)), minted))
            },
            (lease) =>
              typeof lease === "string" ? Effect.void : Effect.ignore(this.#bounded("lease", lease.release))
          )
    )
  }

  /** Runs uninterruptible but for its pauses, so that a granted lease is always given back. */
  #acquire(
    deadlineAt: number,
    adopt: Adopt
  ): Effect.Effect<TokenStore.Lease | "adopted" | "unreachable", AuthError.AuthError> {
    return Effect.gen(this, function* () {
      while (true) {
        const lease = yield* Effect.either(
          this.#bounded("lease", this.#store.lease(this.#flow.key, this.#timeToLive))
        )
        if (lease._tag === "Left") {
          return this.#mustRead ? yield* Effect.fail(this.#failed(lease.left)) : "unreachable"
        }
        if (Option.isSome(lease.right)) {
          return lease.right.value
        }
        yield* Effect.interruptible(Effect.sleep(leasePoll))
        if (yield* this.adopt(adopt)) {
          return "adopted"
        }
        if ((yield* Clock.currentTimeMillis) >= deadlineAt) {
          return yield* new AuthError.Unavailable({
            provider: this.#flow.provider,
            operation: "store",
            message: `Another process holds the lease of ${this.#flow.provider}'s token and has not written one yet: it is safe to try again.`
          })
        }
      }
    })
  }

  #renew(lease: TokenStore.Lease): Effect.Effect<void> {
    return Effect.sleep(this.#timeToLive / 3).pipe(
      Effect.zipRight(this.#bounded("lease", lease.renew)),
      // A lease that cannot be renewed is lost: compare-and-set keeps the loser from overwriting.
      Effect.orElseSucceed(() => true),
      Effect.repeat({ while: (held) => held }),
      Effect.asVoid
    )
  }

  /** R7: writes before anyone sees the token; what cannot be written now is written later. */
  save(tokens: TokenSet, adopt: Adopt): Effect.Effect<Outcome> {
    return Effect.catchAll(this.#write(tokens, adopt, maxConflicts), () =>
      Effect.sync((): Outcome => {
        this.#owed = tokens
        this.#writer ??= this.#fork(this.#makeGood(adopt))
        return "written"
      })
    )
  }

  #write(
    tokens: TokenSet,
    adopt: Adopt,
    conflictsLeft: number
  ): Effect.Effect<Outcome, TokenStore.StoreError> {
    return Effect.flatMap(
      this.#bounded("save", this.#store.save(this.#flow.key, tokens, this.#version)),
      (saved): Effect.Effect<Outcome, TokenStore.StoreError> => {
        if (saved._tag === "Written") {
          this.#version = saved.version
          this.#owed = undefined
          return Effect.succeed("written")
        }
        this.#version = Option.match(saved.current, { onNone: () => 0, onSome: (stored) => stored.version })
        if (Option.isSome(saved.current)) {
          const stored = saved.current.value.tokens
          // An earlier write of ours that was thought to have failed.
          if (Equal.equals(stored.accessToken, tokens.accessToken)) {
            this.#owed = undefined
            return Effect.succeed("written")
          }
          // R6: a newer token set of a sibling that can be served is never overwritten.
          if (adopt(stored)) {
            this.#owed = undefined
            return Effect.succeed("adopted")
          }
        }
        return conflictsLeft > 0
          ? this.#write(tokens, adopt, conflictsLeft - 1)
          : Effect.fail(
              new TokenStore.StoreError({
                reason: "unreachable",
                message: "The record changes faster than it can be written."
              })
            )
      }
    )
  }

  /** Keeps trying to write what is owed, until it is written or superseded. */
  #makeGood(adopt: Adopt, delay: number = firstWriteDelay): Effect.Effect<void> {
    return Effect.sleep(delay).pipe(
      Effect.zipRight(Effect.suspend(() => this.#payBack(adopt))),
      Effect.flatMap((paid) => {
        if (paid) {
          this.#writer = undefined
          return Effect.void
        }
        return this.#makeGood(adopt, Math.min(longestWriteDelay, delay * 2))
      })
    )
  }

  #payBack(adopt: Adopt): Effect.Effect<boolean> {
    const owed = this.#owed
    return owed === undefined
      ? Effect.succeed(true)
      : Effect.match(this.#write(owed, adopt, maxConflicts), {
          onFailure: () => false,
          onSuccess: () => {
            this.#events.emit(AuthEvent.StoreRecovered(this.#events.common))
            return true
          }
        })
  }

  /** Removes the record: its token was revoked. */
  get forget(): Effect.Effect<void> {
    return Effect.ignore(this.#bounded("save", this.#store.remove(this.#flow.key)))
  }

  /** Stops the background write, after one last attempt at it. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const writer = this.#writer
      return writer === undefined
        ? Effect.void
        : Fiber.interrupt(writer).pipe(Effect.zipRight(this.#payBack(() => false)), Effect.asVoid)
    })
  }
}
