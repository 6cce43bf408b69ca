import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { AuthError } from "../AuthError.ts"
import type { Credential, RefreshGrant } from "../AuthFlow.ts"
import type { RefreshToken, TokenSet } from "../TokenSet.ts"
import { loginInstead, mayBeOfTheToken } from "./afterFailure.ts"
import { chooseGrant, type Grant, type HeldGrant } from "./chooseGrant.ts"
import { tooLate } from "./ownErrors.ts"
import type { Parts } from "./parts.ts"

/** R8: a rotating refresh token is sent once, and once more in doubt. */
const maxDoubt = 2

/** How many dead refresh tokens are remembered: the configured one, and the last of the chain. */
const memory = 4

const none: ReadonlyArray<never> = []

/** How often something happened to a refresh token, in a row. */
interface Times {
  readonly token: Redacted.Redacted<string>
  readonly times: number
}

const timesOf = (counted: Times | undefined, { value }: RefreshToken): number =>
  counted !== undefined && Equal.equals(counted.token, value) ? counted.times : 0

const oneMore = (counted: Times | undefined, refreshToken: RefreshToken): Times => ({
  token: refreshToken.value,
  times: timesOf(counted, refreshToken) + 1
})

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
  #doubt: Times | undefined
  /** A refresh token that was refused, and not because it had ended. */
  #refused: Times | undefined
  /** How often such a refusal was one that a login may follow. */
  #refusedByProvider: Times | undefined

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

  /** R5: the grant to mint with now. `loginInstead`: a login takes the place of every refresh token. */
  choose(deadlineAt: number, loginInstead = false): Effect.Effect<Grant, AuthError> {
    const usable = loginInstead ? Effect.succeedNone : this.#refreshGrant(deadlineAt)
    return Effect.map(usable, (held) =>
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

  /**
   * What a refresh could be made from: the newest token set, else what the configuration brings. What has
   * been refused, or is in doubt, gives way to what has been configured since (R16).
   */
  #refreshGrant(deadlineAt: number): Effect.Effect<Option.Option<HeldGrant>, AuthError> {
    return Effect.suspend(() => {
      const held = Option.filter(this.#heldGrant, (grant) => this.#isWorthSending(grant))
      const isGood = Option.exists(held, ({ refreshToken }) => !this.#isSuspect(refreshToken))
      if (isGood || Option.isNone(this.#parts.flow.initialGrant)) {
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
            ? held
            : Option.some({ ...grant, origin: Option.some(origin) })
        }),
        // Without what is configured there is still what is held.
        Effect.catchAll((error) => (Option.isSome(held) ? Effect.succeed(held) : Effect.fail(error)))
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
    // R8: a token in doubt gives way to a login, where there is one of the same account.
    const { login, sameAccount } = this.#parts.flow
    return !spent && !(Option.isSome(login) && sameAccount && this.isDoubtful(refreshToken))
  }

  /** Never to be sent again. */
  spend(refreshToken: RefreshToken): void {
    this.#spent = [...this.#spent.slice(1 - memory), refreshToken.value]
  }

  /** R8: it was sent, and no clear answer came. */
  doubt(refreshToken: RefreshToken): void {
    this.#doubt = oneMore(this.#doubt, refreshToken)
  }

  /** R8: it was sent and sent again, and no clear answer came. */
  isDoubtful(refreshToken: RefreshToken): boolean {
    return timesOf(this.#doubt, refreshToken) >= maxDoubt
  }

  /** It is sent again, unless there is another. */
  #isSuspect(refreshToken: RefreshToken): boolean {
    return timesOf(this.#refused, refreshToken) > 0 || this.isDoubtful(refreshToken)
  }

  /** R6: it was refused, and may still be good. Answers whether a login takes its place in this flight. */
  refuse(refreshToken: RefreshToken, error: AuthError): boolean {
    const { flow, serving } = this.#parts
    const { sameAccount } = flow
    this.#refused = oneMore(this.#refused, refreshToken)
    if (!mayBeOfTheToken(error, sameAccount)) {
      return false
    }
    this.#refusedByProvider = oneMore(this.#refusedByProvider, refreshToken)
    const { times } = this.#refusedByProvider
    return (
      Option.isSome(flow.login) && loginInstead({ times, served: serving.alive() !== undefined, sameAccount })
    )
  }

  /** A refresh token was accepted: what it was refused for before was not in a row. */
  accepted(): void {
    this.#refused = undefined
    this.#refusedByProvider = undefined
  }
}
