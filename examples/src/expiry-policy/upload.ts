import { Expiry, type TokenManager } from "@latchkey/core"
import { Clock, Duration, Effect } from "effect"

// #region policy
/** What to do before an upload: the token must live until it ends, and a second more. */
export type Plan = "start" | "renew first" | "split"

const margin = 1_000

/** All in milliseconds; `lifetime` is what the provider grants. */
export const plan = (expiresAt: number, lifetime: number, upload: number, now: number): Plan => {
  const served = Expiry.timeline(expiresAt - lifetime, lifetime, 0)
  const renewed = Expiry.timeline(now, lifetime, 0)
  const end = now + upload + margin
  return Expiry.isAlive(served, end) ? "start" : Expiry.isAlive(renewed, end) ? "renew first" : "split"
}

/** A token that lives through an upload of that length, if any token does. */
export const tokenFor = Effect.fnUntraced(function* (
  manager: TokenManager.TokenManager,
  lifetime: Duration.DurationInput,
  upload: Duration.DurationInput
) {
  const token = yield* manager.get
  const now = yield* Clock.currentTimeMillis
  if (plan(token.expiresAt, Duration.toMillis(lifetime), Duration.toMillis(upload), now) === "renew first") {
    yield* manager.invalidate(token.generation)
    return yield* manager.get
  }
  return token
})
// #endregion
