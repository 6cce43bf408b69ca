import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as TokenSet from "../TokenSet.ts"
import type { HeldGrant } from "./chooseGrant.ts"

/** What a mint comes to: the token set to keep, and the refresh token that it spent. */
export interface Merged {
  readonly tokens: TokenSet.TokenSet
  readonly spent: Option.Option<TokenSet.RefreshToken>
}

/**
 * R7: what an answer means beside what was held. A refresh that brings no refresh token keeps the one
 * it used, and its expiry; one that brings another has spent it. The configured refresh token that the
 * chain started from is remembered as long as the chain, also through a login.
 */
export const mergeTokens = (
  answered: TokenSet.TokenSet,
  used: Option.Option<HeldGrant>,
  held: TokenSet.TokenSet | undefined
): Merged => {
  const presented = Option.map(used, ({ refreshToken }) => refreshToken)
  const spent = Option.filter(presented, ({ value }) =>
    Option.exists(answered.refreshToken, (token) => !Equal.equals(token.value, value))
  )
  const before = held === undefined ? Option.none() : held.origin
  const origin = Option.isSome(spent)
    ? Option.orElse(
        Option.flatMap(used, (grant) => grant.origin),
        () => before
      )
    : before
  return { tokens: TokenSet.startedFrom(TokenSet.keepRefreshToken(answered, presented), origin), spent }
}
