import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { AuthError } from "../AuthError.ts"
import type { RefreshGrant } from "../AuthFlow.ts"
import * as TokenSet from "../TokenSet.ts"

/** What an answer brought that is no token set, and is worth keeping. */
export interface Rescued {
  readonly refreshToken: TokenSet.RefreshToken
  /** The access token that came with it: some providers want it beside the refresh token. */
  readonly accessToken: Redacted.Redacted<string> | undefined
  /** When the request was sent, in epoch milliseconds. */
  readonly sentAt: number
}

/** Beside the error and not in it, which travels to where no token may (R15). */
const byError = new WeakMap<AuthError, Rescued>()

/** R7: the refresh token of an answer that was refused for something else. */
export const rescue = (error: AuthError, rescued: Rescued): AuthError => {
  byError.set(Cause.originalError(error), rescued)
  return error
}

/** {@link rescue}, where the answer was read and is refused all the same. */
export const withRefreshToken = (error: AuthError, tokens: TokenSet.TokenSet): AuthError =>
  Option.match(tokens.refreshToken, {
    onNone: () => error,
    onSome: (refreshToken) =>
      rescue(error, { refreshToken, accessToken: tokens.accessToken, sentAt: tokens.issuedAt })
  })

/** Under a span an error is handed on within a proxy of it. */
export const rescuedWith = (error: AuthError): Option.Option<Rescued> =>
  Option.fromNullable(byError.get(Cause.originalError(error)))

/** It is never sent: it has expired from the beginning. */
const placeholder = Redacted.make("none")

/** A token set that is held and stored for its refresh token, and served by nobody. */
export const unserved = (
  { accessToken, refreshToken, sentAt }: Rescued,
  used: Option.Option<RefreshGrant>
): TokenSet.TokenSet => {
  const usable = accessToken !== undefined && TokenSet.isToken68(Redacted.value(accessToken))
  const presented = Option.flatMap(used, (grant) => grant.accessToken)
  return new TokenSet.TokenSet({
    accessToken: usable ? accessToken : Option.getOrElse(presented, () => placeholder),
    tokenType: "Bearer",
    issuedAt: sentAt,
    expiresAt: sentAt,
    refreshToken: Option.some(refreshToken),
    scope: Option.none(),
    origin: Option.none()
  })
}
