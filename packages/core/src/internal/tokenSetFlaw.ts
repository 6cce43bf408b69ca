import * as Redacted from "effect/Redacted"
import * as TokenSet from "../TokenSet.ts"

/** RFC 9110, section 5.6.2: the form of an authentication scheme. */
const scheme = /^[!#$%&'*+.^_`|~\w-]+$/

/**
 * Why a token set must not be used, in words that fit behind "answered with"; undefined where it may. Of each
 * token set, whether a flow built it by hand or a store holds it. Never repeats a value (R15).
 */
export const flawOf = (tokens: TokenSet.TokenSet): string | undefined =>
  !TokenSet.isToken68(Redacted.value(tokens.accessToken))
    ? "an access token that no Authorization header can carry"
    : !scheme.test(tokens.tokenType)
      ? "a token type that is no authentication scheme"
      : !Number.isFinite(tokens.expiresAt - tokens.issuedAt)
        ? "a lifetime that is not finite"
        : tokens.expiresAt > tokens.issuedAt
          ? undefined
          : "a lifetime that is not positive"
