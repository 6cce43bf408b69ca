import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { AuthError } from "../AuthError.ts"
import type { Credential, RefreshGrant } from "../AuthFlow.ts"
import type { RefreshToken, TokenSet } from "../TokenSet.ts"
import { chooseGrant, type Grant, type HeldGrant } from "./chooseGrant.ts"
import { tooLate } from "./ownErrors.ts"
import type { Parts } from "./parts.ts"

/** R8: a rotating refresh token is sent once, and once more in doubt. */
const maxDoubt = 2

/** How many dead refresh tokens are remembered: the configured one, and the last of the chain. */
const memory = 4

const none: ReadonlyArray<never> = []

/** R5, R8, R16: what a mint can be made from. */
export class Grants {
  readonly #parts: Parts
  /** The newest token set known, served or not: where the next refresh token comes from. */
  held: TokenSet | undefined
  /** The credential that was presented last. */
  presented: Credential | undefined
  /** Refresh tokens that the provider refused or that a rotation spent: never sent again. */
  #spent: ReadonlyArray<Redacted.Redacted<string>> = none
  /** A rotating refresh token that was sent without a clear answer, and how often. */
  #doubt: { readonly token: Redacted.Redacted<string>; readonly times: number } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Reads the credential; what provides it may hang, and the flight may not. */
  credential(deadlineAt: number): Effect.Effect<Credential, AuthError> {
    return Effect.tap(this.#inTime(this.#parts.flow.credential, deadlineAt), (credential) =>
      Effect.sync(() => {
        this.presented = credential
      })
    )
  }

  #inTime<A>(effect: Effect.Effect<A, AuthError>, deadlineAt: number): Effect.Effect<A, AuthError> {
    return Effect.timeoutFail(effect, {
      duration: Math.max(0, deadlineAt - this.#parts.now()),
      onTimeout: () => tooLate(this.#parts.flow.provider, "login", "its secret could not be read in time")
    })
  }

  /** R5: the grant to mint with now. */
  choose(deadlineAt: number): Effect.Effect<Grant, AuthError> {
    return Effect.map(this.#refreshGrant(deadlineAt), (held) =>
      chooseGrant(
        held,
        {
          canLogin: Option.isSome(this.#parts.flow.login),
          canRefresh: Option.isSome(this.#parts.flow.refresh)
        },
        this.#parts.now()
      )
    )
  }

  /** What a refresh could be made from: the newest token set, else what the configuration brings. */
  #refreshGrant(deadlineAt: number): Effect.Effect<Option.Option<HeldGrant>, AuthError> {
    return Effect.suspend(() => {
      const held = Option.filter(this.#heldGrant, (grant) => this.#isWorthSending(grant))
      if (Option.isSome(held) || Option.isNone(this.#parts.flow.initialGrant)) {
        return Effect.succeed(held)
      }
      const initialGrant = this.#parts.flow.initialGrant.value
      return this.credential(deadlineAt).pipe(
        Effect.flatMap((credential) => this.#inTime(initialGrant(credential), deadlineAt)),
        Effect.map((grant) => {
          const origin = grant.refreshToken.value
          // R7: what started the chain that we hold was spent by its first rotation, here or elsewhere.
          const spent = Option.exists(this.held?.origin ?? Option.none(), (token) =>
            Equal.equals(token, origin)
          )
          return spent || !this.#isWorthSending(grant)
            ? Option.none()
            : Option.some({ ...grant, origin: Option.some(origin) })
        })
      )
    })
  }

  get #heldGrant(): Option.Option<HeldGrant> {
    const held = this.held
    return held === undefined
      ? Option.none()
      : Option.map(held.refreshToken, (refreshToken) => ({
          refreshToken,
          accessToken: Option.some(held.accessToken),
          origin: held.origin
        }))
  }

  #isWorthSending({ refreshToken }: RefreshGrant): boolean {
    const spent = this.#spent.some((token) => Equal.equals(token, refreshToken.value))
    // R8: a token in doubt gives way to a login, where there is one.
    return !spent && !(Option.isSome(this.#parts.flow.login) && this.isDoubtful(refreshToken))
  }

  /** Never to be sent again. */
  spend(refreshToken: RefreshToken): void {
    this.#spent = [...this.#spent.slice(1 - memory), refreshToken.value]
  }

  /** R8: it was sent, and no clear answer came. */
  doubt(refreshToken: RefreshToken): void {
    this.#doubt = { token: refreshToken.value, times: this.#doubts(refreshToken) + 1 }
  }

  /** R8: it was sent and sent again, and no clear answer came. */
  isDoubtful(refreshToken: RefreshToken): boolean {
    return this.#doubts(refreshToken) >= maxDoubt
  }

  #doubts(refreshToken: RefreshToken): number {
    return this.#doubt !== undefined && Equal.equals(this.#doubt.token, refreshToken.value)
      ? this.#doubt.times
      : 0
  }
}
