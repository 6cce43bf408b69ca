import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { AuthFlow } from "../AuthFlow.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import type * as TokenStore from "../TokenStore.ts"
import type { Events } from "./events.ts"
import { Leasing } from "./leasing.ts"
import { StoreAccess } from "./storeAccess.ts"
import { StoreSession } from "./storeSession.ts"

/** What a manager has of its store. */
interface Sharing {
  readonly session: StoreSession
  readonly leasing: Leasing
}

/** How a manager gets it. */
export type Share = (
  events: Events,
  fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
) => Sharing

export const shareOver =
  (store: TokenStore.Service, flow: AuthFlow, policy: RefreshPolicy.Resolved): Share =>
  (events, fork) => {
    const access = new StoreAccess(store, flow, policy.mintDeadline, events)
    const session = new StoreSession(access, fork)
    return { session, leasing: new Leasing(access, session, policy, fork) }
  }
