import type { AuthError } from "../AuthError.ts"

/**
 * R6: what a failed mint means for the flight.
 *
 * - `transient`: retry by the schedule, then serve stale or fail. Never a login, and the refresh
 *   token is kept.
 * - `refresh token refused`: a sibling may have rotated it, so look into the store; else log in.
 * - `terminal`: the client or its rights were refused. No retry, no login.
 */
export type Verdict = "transient" | "refresh token refused" | "terminal"

/** An answer that is no token may be a proxy's; a refusal in a shape we do not know (4xx) is not. */
const isMalformed = (error: AuthError): boolean =>
  error._tag === "InvalidResponse" &&
  (error.status === undefined || (error.status >= 200 && error.status < 300))

export const verdict = (error: AuthError): Verdict =>
  error._tag === "Unavailable" || error._tag === "RateLimited" || isMalformed(error)
    ? "transient"
    : error._tag === "Expired" && error.operation === "refresh"
      ? "refresh token refused"
      : "terminal"

const wasNeverSent = (error: AuthError): boolean =>
  (error._tag === "Unavailable" || error._tag === "InvalidResponse") && error.neverSent === true

/** R12: whether a failed mint may have made the provider issue a token all the same. */
export const mayHaveIssued = (error: AuthError): boolean => isMalformed(error) && !wasNeverSent(error)

/** A gateway that lost its upstream, and a server that broke down half way: the request did arrive. */
const didNotArrive = new Set([503, 521, 522, 523, 525, 526, 530])

/**
 * R8: whether a failed refresh may have spent a rotating refresh token all the same: no answer came
 * (timeout, connection lost), or one that says nothing of what was done.
 */
export const mayHaveSpent = (error: AuthError): boolean =>
  !wasNeverSent(error) &&
  (isMalformed(error) ||
    (error._tag === "Unavailable" &&
      (error.status === undefined ||
        error.status === 408 ||
        (error.status >= 500 && !didNotArrive.has(error.status)))))
