import type { AuthError } from "../AuthError.ts"

/**
 * R6, R11: what a failed mint means for the flight.
 *
 * - `transient`: retry by the schedule, then serve stale or fail. Never a login, and the refresh
 *   token is kept.
 * - `refresh token ended`: the provider said so. It is never sent again; a sibling may have rotated it, so
 *   look into the store, else log in.
 * - `refused`: an answer that the same question gets again. No retry: the gate closes. What a refresh
 *   presented is kept and sent again, for it may not have been the provider that refused it.
 */
export type Verdict = "transient" | "refresh token ended" | "refused"

export const verdict = (error: AuthError): Verdict => {
  switch (error._tag) {
    case "Unavailable":
    case "RateLimited":
      return "transient"
    case "InvalidResponse":
      return error.unreadable === true ? "transient" : "refused"
    case "Expired":
      return error.operation === "refresh" ? "refresh token ended" : "refused"
    case "Unauthorized":
    case "AccessDenied":
      return "refused"
  }
}

/** RFC 6749, section 5.2: these speak of the client, which a login would present as well. */
const ofTheClient = new Set(["invalid_client", "unauthorized_client"])

/**
 * Whether a refusal of a refresh counts as one of its refresh token. `sameAccount`: a login is of the account
 * that the refresh token belongs to. If not, only what the provider itself says counts, by a code: a proxy
 * has none.
 */
export const mayBeOfTheToken = (error: AuthError, sameAccount: boolean): boolean =>
  verdict(error) === "refused" &&
  error.status !== undefined &&
  !ofTheClient.has(error.code ?? "") &&
  (sameAccount || error.code !== undefined)

/**
 * R6: whether a login takes the place of a refresh that was refused without a word that its refresh token
 * has ended: one that stays refused, or that somebody waits for. A login as somebody else does not follow
 * one refusal.
 */
export const loginInstead = (refused: {
  /** How often in a row this refresh token was refused, this time included. */
  readonly times: number
  /** Whether a token is served all the same: nobody waits. */
  readonly served: boolean
  readonly sameAccount: boolean
}): boolean => refused.times > 1 || (refused.sameAccount && !refused.served)

const isSuccess = (status: number | undefined): boolean =>
  status === undefined || (status >= 200 && status < 300)

const wasNeverSent = (error: AuthError): boolean =>
  (error._tag === "Unavailable" || error._tag === "InvalidResponse") && error.neverSent === true

/** R12: whether a failed mint may have made the provider issue a token all the same. */
export const mayHaveIssued = (error: AuthError): boolean =>
  error._tag === "InvalidResponse" && error.unreadable === true && !wasNeverSent(error)

/** A gateway that lost its upstream, and a server that broke down half way: the request did arrive. */
const didNotArrive = new Set([503, 521, 522, 523, 525, 526, 530])

/**
 * R8: whether a failed refresh may have spent a rotating refresh token all the same: no answer came
 * (timeout, connection lost), or one that says nothing of what was done.
 */
export const mayHaveSpent = (error: AuthError): boolean =>
  !wasNeverSent(error) &&
  ((error._tag === "InvalidResponse" && isSuccess(error.status)) ||
    (error._tag === "Unavailable" &&
      (error.status === undefined ||
        error.status === 408 ||
        (error.status >= 500 && !didNotArrive.has(error.status)))))
