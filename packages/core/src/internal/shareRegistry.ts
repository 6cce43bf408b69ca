import { globalValue } from "effect/GlobalValue"
import type { AuthFlow } from "../AuthFlow.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import type * as TokenStore from "../TokenStore.ts"
import type { Share } from "./sharing.ts"

type ShareOver = (store: TokenStore.Service, flow: AuthFlow, policy: RefreshPolicy.Resolved) => Share

/**
 * How a manager shares its tokens over a store: put here by `TokenStore`, so that a bundle without a
 * store is without it. Global, as the store's tag is: of two copies of this package, one may hold the
 * store and the other the manager.
 */
const registry = globalValue(
  Symbol.for("@latchkey/core/sharing"),
  (): { shareOver: ShareOver | undefined } => ({ shareOver: undefined })
)

export const provideSharing = (shareOver: ShareOver): void => {
  registry.shareOver = shareOver
}

/** Never silently without: a rotating refresh token would be spent behind the back of its siblings. */
export const share: ShareOver = (store, flow, policy) => {
  if (registry.shareOver === undefined) {
    throw new Error("A TokenStore is provided: import its tag from @latchkey/core/TokenStore.")
  }
  return registry.shareOver(store, flow, policy)
}
