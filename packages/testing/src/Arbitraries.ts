/**
 * What Latchkey's values look like, for property tests: arbitraries of `effect/FastCheck`, to be given
 * to `it.effect.prop` of `@effect/vitest` or to `FastCheck.property`.
 *
 * @since 0.1.0
 */
import * as AuthError from "@latchkey/core/AuthError"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const second = 1_000
const hour = 3_600_000
const day = 24 * hour
const year = 365.25 * day

/** As many short ones as long ones. */
const magnitude = (min: number, max: number): FastCheck.Arbitrary<number> =>
  FastCheck.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map((log) =>
    Math.min(max, Math.max(min, Math.round(Math.exp(log))))
  )

const option = <A>(arbitrary: FastCheck.Arbitrary<A>): FastCheck.Arbitrary<Option.Option<A>> =>
  FastCheck.option(arbitrary, { nil: undefined }).map(Option.fromNullable)

/**
 * The lifetime of an access token in milliseconds, from one second to a century: as many short ones as
 * long ones, and those that providers really use.
 *
 * @since 0.1.0
 * @category times
 */
export const lifetime: FastCheck.Arbitrary<number> = FastCheck.oneof(
  magnitude(second, 100 * year),
  FastCheck.constantFrom(second, 20 * second, 300 * second, hour, 10 * hour, day, 30 * day, 100 * year)
)

/**
 * A moment in epoch milliseconds, from 1970 to the end of 2099, both included.
 *
 * @since 0.1.0
 * @category times
 */
export const instant: FastCheck.Arbitrary<number> = FastCheck.integer({
  min: 0,
  max: Date.UTC(2100, 0, 1) - 1
})

/**
 * The jitter of a policy: a fraction of the stale window, from 0 to 0.5 (R2).
 *
 * @since 0.1.0
 * @category policies
 */
export const jitter: FastCheck.Arbitrary<number> = FastCheck.double({ min: 0, max: 0.5, noNaN: true })

/**
 * Overrides of a policy, each of them set or not: windows from nothing to longer than any token lives,
 * and deadlines from a second to ten minutes. The retry schedule stays the default.
 *
 * @since 0.1.0
 * @category policies
 */
export const policy: FastCheck.Arbitrary<RefreshPolicy> = FastCheck.record(
  {
    staleWindow: FastCheck.oneof(FastCheck.constant(0), magnitude(1, 200 * year)),
    expiredWindow: FastCheck.oneof(FastCheck.constant(0), magnitude(1, 200 * year)),
    jitter,
    mintDeadline: magnitude(second, 600 * second),
    revokeOnRelease: FastCheck.boolean()
  },
  { requiredKeys: [] }
)

/**
 * A token that can stand in an `Authorization` header: `token68` of RFC 9110, section 11.2.
 *
 * @since 0.1.0
 * @category tokens
 */
export const token68: FastCheck.Arbitrary<string> = FastCheck.stringMatching(
  /^[A-Za-z0-9._~+/-]{1,64}={0,2}$/
)

const redacted: FastCheck.Arbitrary<Redacted.Redacted<string>> = token68.map((token) => Redacted.make(token))

/**
 * A token set as a flow could mint it or a store could hold it: with and without a refresh token, its
 * expiry, a scope, an origin.
 *
 * @since 0.1.0
 * @category tokens
 */
export const tokenSet: FastCheck.Arbitrary<TokenSet.TokenSet> = FastCheck.record({
  accessToken: redacted,
  tokenType: FastCheck.constantFrom("Bearer", "DPoP"),
  issuedAt: instant,
  lifetime,
  refreshToken: option(
    FastCheck.record({ value: redacted, expiresAt: option(instant) }).map(
      (fields) => new TokenSet.RefreshToken(fields)
    )
  ),
  scope: option(FastCheck.string()),
  origin: option(redacted)
}).map(
  ({ lifetime, ...fields }) => new TokenSet.TokenSet({ ...fields, expiresAt: fields.issuedAt + lifetime })
)

const fields = FastCheck.record(
  {
    provider: FastCheck.constantFrom("autopay", "vaultspay", "vault-ist", "su", "paymentsgate"),
    operation: FastCheck.constantFrom(...AuthError.Operation.literals),
    message: FastCheck.string(),
    endpoint: FastCheck.webUrl().map((url) => `POST ${url}`),
    status: FastCheck.integer({ min: 100, max: 599 }),
    code: FastCheck.constantFrom("invalid_grant", "invalid_client", "access_denied", "slow_down"),
    requestId: FastCheck.uuid()
  },
  { requiredKeys: ["provider", "operation", "message"] }
)

const moment = FastCheck.option(
  instant.map((millis) => DateTime.unsafeMake(millis)),
  { nil: undefined }
)

/**
 * An error of each tag, with and without what is optional.
 *
 * @since 0.1.0
 * @category errors
 */
export const authError: FastCheck.Arbitrary<AuthError.AuthError> = FastCheck.oneof(
  FastCheck.tuple(
    fields,
    FastCheck.constantFrom("access_token" as const, "refresh_token" as const),
    moment
  ).map(([fields, credential, expiredAt]) => new AuthError.Expired({ ...fields, credential, expiredAt })),
  fields.map((fields) => new AuthError.Unauthorized(fields)),
  fields.map((fields) => new AuthError.AccessDenied(fields)),
  FastCheck.tuple(fields, moment).map(
    ([fields, retryAfter]) => new AuthError.RateLimited({ ...fields, retryAfter })
  ),
  FastCheck.tuple(fields, moment, FastCheck.option(FastCheck.boolean(), { nil: undefined })).map(
    ([fields, retryAfter, neverSent]) => new AuthError.Unavailable({ ...fields, retryAfter, neverSent })
  ),
  fields.map((fields) => new AuthError.InvalidResponse(fields))
)

/** The names that providers give to what an answer holds, and to what a refusal says. */
const names = [
  "access_token",
  "accessToken",
  "token",
  "token_type",
  "refresh_token",
  "refreshToken",
  "expires_in",
  "expire_in",
  "accessTokenExpiry",
  "refreshTokenExpiry",
  "scope",
  "success",
  "status",
  "data",
  "message",
  "error",
  "code",
  "traceId"
]

const named = (values: FastCheck.Arbitrary<unknown>) =>
  FastCheck.dictionary(FastCheck.constantFrom(...names), values, { noNullPrototype: true })

/**
 * Anything that can stand in the body of an answer, as `JSON.parse` makes it: any JSON, and objects
 * whose fields have the names that readers look for and the wrong things in them.
 *
 * @since 0.1.0
 * @category wire
 */
export const json: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.jsonValue(),
  named(FastCheck.jsonValue({ maxDepth: 2 })),
  named(FastCheck.oneof(token68, FastCheck.integer(), FastCheck.boolean(), FastCheck.constant(null))),
  FastCheck.record({ data: named(FastCheck.jsonValue({ maxDepth: 1 })) }, { noNullPrototype: true })
)
