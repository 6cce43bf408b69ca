/**
 * The typed errors of a token's life: what every flow, the token manager and the
 * authenticated client fail with.
 *
 * @since 0.1.0
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/**
 * The mark that all errors of this module share.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@latchkey/core/AuthError")

/**
 * The type of {@link TypeId}.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What was being done when the error arose: `login` and `refresh` are mints,
 * `validate` asks the provider about a token, `revoke` ends one at the provider, `request` is
 * an application's call, `store` reads or writes the token store.
 *
 * @since 0.1.0
 * @category models
 */
export const Operation = Schema.Literal("login", "refresh", "validate", "revoke", "request", "store")

/**
 * The type of {@link Operation}.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = typeof Operation.Type

/** What every error carries. Never a body, a query, a token or a raw cause (R15). */
const fields = {
  /** The provider's name, as its flow gives it: `autopay`. */
  provider: Schema.String,
  /** What was being done. */
  operation: Operation,
  /** What happened, and what to do about it. */
  message: Schema.String,
  /** Method, origin and path of the call that failed: `POST https://host/path`. */
  endpoint: Schema.optional(Schema.String),
  /** The HTTP status, if there was an answer. */
  status: Schema.optional(Schema.Number),
  /**
   * The provider's own error code, or the `error` of RFC 6749, section 5.2; where no answer came, why:
   * see {@link Unavailable}.
   */
  code: Schema.optional(Schema.String),
  /** The provider's request or trace id: quote it to their support. */
  requestId: Schema.optional(Schema.String)
}

/**
 * The credential named in `credential` is past its time. Not retryable: log in again.
 * From a 401 with an expiry, `invalid_grant` (RFC 6749, section 5.2), or our own clock.
 *
 * @since 0.1.0
 * @category errors
 */
export class Expired extends Schema.TaggedError<Expired>("@latchkey/core/AuthError/Expired")("Expired", {
  ...fields,
  /** Which credential is past its time. */
  credential: Schema.Literal("access_token", "refresh_token"),
  /** When it expired, if the provider said so or our own clock knows. */
  expiredAt: Schema.optional(Schema.DateTimeUtc)
}) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The provider does not accept these credentials or this token. Not retryable: fix the
 * credentials. From 401, `invalid_client`, or a provider's own word for it.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("@latchkey/core/AuthError/Unauthorized")(
  "Unauthorized",
  fields
) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The provider knows the caller and does not allow it. Not retryable: ask the provider.
 * From 403, `access_denied`, `unauthorized_client`, `invalid_scope`.
 *
 * @since 0.1.0
 * @category errors
 */
export class AccessDenied extends Schema.TaggedError<AccessDenied>("@latchkey/core/AuthError/AccessDenied")(
  "AccessDenied",
  fields
) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return false
  }
}

/**
 * No mint before `retryAfter`. Retryable, not earlier. It has these causes:
 *
 * - the provider answers 429, or `slow_down` (RFC 8628, section 3.5);
 * - the provider answers 408 or 5xx with a `Retry-After` beyond the deadline of the mint (R11);
 * - the mint budget is spent (R12): five mints that brought a token, or an answer that may have been one,
 *   and since then one more for each quarter of a token's lifetime. Something rejects good tokens, or
 *   `invalidate` is called too often;
 * - the budget of failed tries is spent (R12): five tries, and since then one more every ten seconds.
 *   `message` names the last failure: look at that one.
 *
 * With `status` it is an answer of the provider; without, it is our own budget. While a moment that the
 * provider named is ahead, callers get the same error without another call.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("@latchkey/core/AuthError/RateLimited")(
  "RateLimited",
  {
    ...fields,
    /** The earliest moment at which another mint makes sense, if known. */
    retryAfter: Schema.optional(Schema.DateTimeUtc)
  }
) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return true
  }
}

/**
 * Provider or store not reached, or answering 5xx. Retryable.
 * From transport failures, timeouts, 408 and 5xx.
 *
 * Where no answer came (there is no `status`), `code` says why, if that is known, in one of these words
 * and never in those of the failure itself (R15): `name_not_found`, `connection_refused`,
 * `connection_reset`, `timed_out` (a deadline of our own too), `no_route`, `certificate_expired`,
 * `certificate_not_yet_valid`, `certificate_untrusted`, `certificate_name_mismatch`, `tls_failed`.
 * `message` says what to do about it.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unavailable extends Schema.TaggedError<Unavailable>("@latchkey/core/AuthError/Unavailable")(
  "Unavailable",
  {
    ...fields,
    /** The earliest moment at which the provider asked to be called again, if it did. */
    retryAfter: Schema.optional(Schema.DateTimeUtc),
    /** True if the request certainly did not reach the provider: connection refused, unknown host (R8). */
    neverSent: Schema.optional(Schema.Boolean)
  }
) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return true
  }
}

/**
 * The provider answered, but not with a token: wrong shape, HTML, HTTP 200 with an error,
 * a bad lifetime, a token that cannot be a header. Retryable only where it is `unreadable`: the same
 * question gets the same answer, and somebody has to change something.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidResponse extends Schema.TaggedError<InvalidResponse>(
  "@latchkey/core/AuthError/InvalidResponse"
)("InvalidResponse", {
  ...fields,
  /**
   * True if the answer was a success by its status (2xx) and no JSON: a proxy's page, or cut off. It is
   * taken for a passing trouble and asked for again (R11).
   */
  unreadable: Schema.optional(Schema.Boolean),
  /** True if it is the answer of another endpoint, such as metadata: what the mint presents was not sent (R8). */
  neverSent: Schema.optional(Schema.Boolean)
}) {
  readonly [TypeId]: TypeId = TypeId
  get isRetryable(): boolean {
    return this.unreadable === true
  }
}

/**
 * Every error of a token's life, as a schema: it can travel in an RPC or an HTTP API.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AuthError = Schema.Union(
  Expired,
  Unauthorized,
  AccessDenied,
  RateLimited,
  Unavailable,
  InvalidResponse
)

/**
 * Every error of a token's life.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthError = Expired | Unauthorized | AccessDenied | RateLimited | Unavailable | InvalidResponse

/**
 * Whether a value is one of the errors of this module.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAuthError = (u: unknown): u is AuthError => Predicate.hasProperty(u, TypeId)

/**
 * Wraps an error for the standard `HttpClient`, whose only errors are `HttpClientError`s:
 * it travels as the `cause` of a `RequestError`.
 *
 * The reason is `Transport` for a retryable error and `Encode` for a terminal one, so that
 * `HttpClient.retryTransient` repeats the former and leaves the latter alone.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toHttpClientError = (
  error: AuthError,
  request: HttpClientRequest.HttpClientRequest
): HttpClientError.RequestError =>
  new HttpClientError.RequestError({
    request,
    reason: error.isRetryable ? "Transport" : "Encode",
    cause: error,
    description: error.message
  })

/**
 * Gets back the `AuthError` that the standard `HttpClient` carries as a cause, if the
 * failure was one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromHttpClientError = (error: unknown): Option.Option<AuthError> =>
  HttpClientError.isHttpClientError(error) && isAuthError(error.cause)
    ? Option.some(error.cause)
    : Option.none()

/**
 * Lifts an `AuthError` that the standard `HttpClient` carries as a cause into the typed
 * error channel, where `Effect.catchTags` sees it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const surface = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E | AuthError, R> =>
  Effect.mapError(self, (error) => Option.getOrElse(fromHttpClientError(error), () => error))
