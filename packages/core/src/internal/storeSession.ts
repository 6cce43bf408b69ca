import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as AuthError from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import type { TokenSet } from "../TokenSet.ts"
import type * as TokenStore from "../TokenStore.ts"
import type { StoreAccess } from "./storeAccess.ts"
import { StoreError } from "./storeError.ts"

/** Takes over a stored token set; true if it is served now. */
export type Adopt = (tokens: TokenSet) => boolean

/** How a store's answer to a save is taken. */
type Outcome = "written" | "adopted"

/** A token set that the store has not taken yet (R7). */
interface Debt {
  tokens: TokenSet
  readonly paid: Deferred.Deferred<void>
  writer: Fiber.RuntimeFiber<void> | undefined
}

const firstWriteDelay = 200
const longestWriteDelay = 30_000
const maxConflicts = 3

/** One manager's view of the record that it shares: the version it has seen last, and what it still owes. */
export class StoreSession {
  readonly #access: StoreAccess
  readonly #fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  #version = 0
  #debt: Debt | undefined

  constructor(access: StoreAccess, fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>) {
    this.#access = access
    this.#fork = fork
  }

  /** What the store calls itself. */
  get name(): string {
    return this.#access.name
  }

  /** R13: store out of reach: a rotating flow must not spend a refresh token blindly. */
  get mustRead(): boolean {
    return this.#access.flow.rotates && (this.#access.shared || this.#version === 0)
  }

  /** Reads the store, and adopts what is newer than what was seen last. */
  adopt(adopt: Adopt): Effect.Effect<boolean, AuthError.AuthError> {
    return this.#access.load.pipe(
      Effect.map((stored) => {
        if (Option.isNone(stored) || stored.value.version <= this.#version) {
          return false
        }
        this.#version = stored.value.version
        return adopt(stored.value.tokens)
      }),
      Effect.catchAll((error) =>
        this.mustRead ? Effect.fail(this.#access.failed(error)) : Effect.succeed(false)
      )
    )
  }

  /** R7: writes before anyone sees the token; what cannot be written now is written later. */
  save(tokens: TokenSet, adopt: Adopt): Effect.Effect<Outcome> {
    return Effect.catchAll(this.#write(tokens, adopt, maxConflicts), () =>
      Effect.sync((): Outcome => {
        if (this.#debt === undefined) {
          this.#debt = { tokens, paid: Deferred.unsafeMake(FiberId.none), writer: undefined }
          this.#debt.writer = this.#fork(this.#makeGood(adopt))
        } else {
          this.#debt.tokens = tokens
        }
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
      this.#access.save(tokens, this.#version),
      (saved): Effect.Effect<Outcome, TokenStore.StoreError> => {
        if (saved._tag === "Written") {
          this.#version = saved.version
          this.#settle()
          return Effect.succeed("written")
        }
        this.#version = Option.match(saved.current, { onNone: () => 0, onSome: (stored) => stored.version })
        if (Option.isSome(saved.current)) {
          const stored = saved.current.value.tokens
          // An earlier write of ours that was thought to have failed.
          if (Equal.equals(stored.accessToken, tokens.accessToken)) {
            this.#settle()
            return Effect.succeed("written")
          }
          // R6: a newer token set of a sibling that can be served is never overwritten.
          if (adopt(stored)) {
            this.#settle()
            return Effect.succeed("adopted")
          }
        }
        return conflictsLeft > 0
          ? this.#write(tokens, adopt, conflictsLeft - 1)
          : Effect.fail(
              new StoreError({
                reason: "unreachable",
                message: "The record changes faster than it can be written."
              })
            )
      }
    )
  }

  /** R7: whether the store still lacks a token set that is served. */
  get owes(): boolean {
    return this.#debt !== undefined
  }

  /** Ends when nothing is owed any more, or nobody tries any longer. */
  get paid(): Effect.Effect<void> {
    return Effect.suspend(() => (this.#debt === undefined ? Effect.void : Deferred.await(this.#debt.paid)))
  }

  #settle(): void {
    const debt = this.#debt
    if (debt !== undefined) {
      this.#debt = undefined
      Deferred.unsafeDone(debt.paid, Effect.void)
    }
  }

  /** Keeps trying to write what is owed, until it is written or superseded. */
  #makeGood(adopt: Adopt, delay: number = firstWriteDelay): Effect.Effect<void> {
    return Effect.sleep(delay).pipe(
      Effect.zipRight(Effect.suspend(() => this.#payBack(adopt))),
      Effect.flatMap((paid) =>
        // Often enough for the lease, which is kept until then, to be renewed for nothing.
        paid ? Effect.void : this.#makeGood(adopt, Math.min(this.#longestDelay, delay * 2))
      )
    )
  }

  /** Siblings wait for what is owed under the lease, which may run out: they must not wait for a pause. */
  get #longestDelay(): number {
    return this.#access.shared ? Math.min(longestWriteDelay, this.#access.timeToLive / 6) : longestWriteDelay
  }

  #payBack(adopt: Adopt): Effect.Effect<boolean> {
    const debt = this.#debt
    return debt === undefined
      ? Effect.succeed(true)
      : Effect.match(this.#write(debt.tokens, adopt, maxConflicts), {
          onFailure: () => false,
          onSuccess: () => {
            const { events } = this.#access
            events.emit(AuthEvent.StoreRecovered(events.common))
            return true
          }
        })
  }

  /** Removes the record: its token was revoked. */
  get forget(): Effect.Effect<void> {
    return Effect.ignore(this.#access.remove)
  }

  /** Stops the background write, after one last attempt at it. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const writer = this.#debt?.writer
      return writer === undefined
        ? Effect.void
        : Fiber.interrupt(writer).pipe(
            Effect.zipRight(this.#payBack(() => false)),
            Effect.zipRight(Effect.sync(() => this.#settle()))
          )
    })
  }
}
