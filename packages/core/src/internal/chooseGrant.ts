import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { RefreshGrant } from "../AuthFlow.ts"

/** R5: what to mint with. */
export type Grant =
  | { readonly _tag: "Refresh"; readonly grant: HeldGrant }
  | { readonly _tag: "Login" }
  | { readonly _tag: "Exhausted"; readonly expiredAt: number | undefined }

/** A grant, and the configured refresh token that its chain of rotations started from. */
export interface HeldGrant extends RefreshGrant {
  readonly origin: Option.Option<Redacted.Redacted<string>>
}

export const login: Grant = { _tag: "Login" }

/** Whether a refresh token is still worth sending. One without an expiry is, until the provider refuses it. */
export const isUsable = (grant: RefreshGrant, now: number): boolean =>
  !Option.exists(grant.refreshToken.expiresAt, (expiresAt) => now >= expiresAt)

/**
 * R5: a usable refresh token: refresh. None, or expired: log in. No login in this flow: exhausted.
 */
export const chooseGrant = (
  held: Option.Option<HeldGrant>,
  flow: { readonly canLogin: boolean; readonly canRefresh: boolean },
  now: number
): Grant => {
  if (flow.canRefresh && Option.isSome(held) && isUsable(held.value, now)) {
    return { _tag: "Refresh", grant: held.value }
  }
  return flow.canLogin
    ? login
    : {
        _tag: "Exhausted",
        expiredAt: Option.getOrUndefined(Option.flatMap(held, (grant) => grant.refreshToken.expiresAt))
      }
}
