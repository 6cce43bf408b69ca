import * as AuthError from "@latchkey/core/AuthError"
import * as Effect from "effect/Effect"

/** R8: a failure before a refresh was sent leaves its refresh token unspent. */
const neverSent = (error: AuthError.AuthError): AuthError.AuthError =>
  error._tag === "Unavailable"
    ? new AuthError.Unavailable({
        provider: error.provider,
        operation: error.operation,
        message: error.message,
        endpoint: error.endpoint,
        status: error.status,
        code: error.code,
        requestId: error.requestId,
        retryAfter: error.retryAfter,
        neverSent: true
      })
    : error

/**
 * What comes before the request: the secrets, the server's metadata, the signature. It has half of the time
 * that a flight has by default: a flight that is cut off cannot tell what was sent.
 */
export const unsent = <A>(
  provider: string,
  operation: AuthError.Operation,
  effect: Effect.Effect<A, AuthError.AuthError>
): Effect.Effect<A, AuthError.AuthError> =>
  effect.pipe(
    Effect.mapError(neverSent),
    Effect.timeoutFail({
      duration: "10 seconds",
      onTimeout: () =>
        new AuthError.Unavailable({
          provider,
          operation,
          code: "timed_out",
          neverSent: true,
          message: `${provider} could not be asked: its metadata, or a secret, took longer than 10 seconds.`
        })
    })
  )
