import * as AuthError from "@latchkey/core/AuthError"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as Effect from "effect/Effect"

/** R8: a failure before a refresh was sent leaves its refresh token unspent. */
const neverSent = (error: AuthError.AuthError): AuthError.AuthError => {
  const { code, endpoint, message, operation, provider, requestId, status } = error
  const fields = { provider, operation, message, endpoint, status, code, requestId, neverSent: true }
  switch (error._tag) {
    case "Unavailable":
      return new AuthError.Unavailable({ ...fields, retryAfter: error.retryAfter })
    case "InvalidResponse":
      return new AuthError.InvalidResponse({ ...fields, unreadable: error.unreadable })
    default:
      return error
  }
}

/**
 * In milliseconds: what comes before a request, the secrets, the server's metadata, the signature, has half
 * of the time that a flight has by default. A flight that is cut off cannot tell what was sent.
 */
export const patience = 10_000

/** Marks the failures of what comes before a request, and ends it in time. */
export const unsent = <A>(
  provider: string,
  operation: AuthError.Operation,
  effect: Effect.Effect<A, AuthError.AuthError>,
  millis: number = patience
): Effect.Effect<A, AuthError.AuthError> =>
  effect.pipe(
    Effect.mapError(neverSent),
    Effect.timeoutFail({
      duration: millis,
      onTimeout: () =>
        new AuthError.Unavailable({
          provider,
          operation,
          code: "timed_out",
          neverSent: true,
          message: `${provider} could not be asked: its metadata, or a secret, took longer than ${millis / 1000} seconds.`
        })
    }),
    TokenEndpoint.beforeSending
  )
