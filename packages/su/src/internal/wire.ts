import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AuthError from "@latchkey/core/AuthError"

export const provider = "su"

export type Environment = "sandbox" | "live"

/** Unverified: the seed leaves the hosts out. */
export const defaultBaseUrl: { readonly [K in Environment]: string } = {
  sandbox: "https://connect-sandbox.su-api.com",
  live: "https://connect.su-api.com"
}

/** Unverified: the seed leaves the paths out. */
const generatePath = "/SUAPI/jservice/auth/generate-access-token"
export const validatePath = "/SUAPI/jservice/auth/validate-access-token"

/** Unverified: the seed names no lifetime; used where `expire_in` is missing. */
const defaultLifetimeSeconds = 3600

/** Unverified, as the lifetime is: what would be longer than 30 days is in another unit. */
const longestLifetimeSeconds = 30 * 86_400

export interface LoginOptions {
  readonly baseUrl: string
  readonly domain: string
  readonly clientSecret: Redacted.Redacted<string>
}

export const login = (options: LoginOptions): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [options.clientSecret],
  request: HttpClientRequest.get(`${options.baseUrl}${generatePath}`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.setHeaders({
      "client-id": Encoding.encodeBase64(options.domain),
      "client-secret": Redacted.value(options.clientSecret)
    })
  )
})

export interface ValidateOptions {
  readonly validateUrl: string
  readonly accessToken: Redacted.Redacted<string>
}

/** The seed: "must use the Bearer prefix, not Basic". */
export const validate = (options: ValidateOptions): TokenEndpoint.Call => ({
  provider,
  operation: "validate",
  credential: "access_token",
  secrets: [options.accessToken],
  request: HttpClientRequest.get(options.validateUrl).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bearerToken(options.accessToken)
  )
})

/** `expire_in`, `expireIn` and `Data` are written both ways (unverified): one spelling of them. */
const fold = (body: unknown, depth = 0): unknown =>
  // The answer and its data; what lies deeper is not ours, and may be deeper than the stack.
  depth < 2 && Predicate.isRecord(body) && !Array.isArray(body)
    ? Object.fromEntries(
        Object.entries(body).map(([key, value]) => [
          key.toLowerCase().replaceAll("_", ""),
          fold(value, depth + 1)
        ])
      )
    : body

const Folded = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.compose(
    Schema.transform(Schema.Unknown, Schema.Unknown, {
      strict: true,
      decode: (body) => fold(body),
      encode: (body) => body
    }),
    schema,
    { strict: false }
  )

const said = (body: unknown, key: string): unknown => {
  const folded = fold(body)
  return Predicate.hasProperty(folded, key) ? folded[key] : undefined
}

/** The two spellings of a failure (the second one is unverified). */
const saysFailure = (body: unknown): boolean => {
  const success = said(body, "success")
  const status = said(body, "status")
  return (
    success === false ||
    (typeof success === "string" && success.toLowerCase() === "false") ||
    (typeof status === "string" && status.toLowerCase() === "failed")
  )
}

/** The seed: "the API will respond with an Authorization Required error". */
const saysRequired = (body: unknown): boolean => {
  const message = said(body, "message")
  return typeof message === "string" && /authorization\s+required/i.test(message)
}

const isSuccess = ({ status }: TokenEndpoint.Answer): boolean => status >= 200 && status < 300

/** `success: false` may come with 200, whatever its message says. */
const refusal = (body: unknown, answer: TokenEndpoint.Answer): TokenEndpoint.Refusal =>
  saysRequired(body) || (isSuccess(answer) && saysFailure(body)) ? { tag: "Unauthorized" } : {}

export const readLogin = TokenEndpoint.read({
  schema: Folded(
    Schema.Struct({
      success: Schema.optional(Schema.Literal(true)),
      data: Schema.Struct({
        token: Schema.String,
        tokentype: Schema.optional(Schema.NullOr(Schema.String)),
        expirein: Schema.optional(Schema.Unknown)
      })
    })
  ),
  found: ({ data }, answer) => ({
    accessToken: data.token,
    lifetime: Expiry.lifetimeFromSeconds(
      data.expirein ?? defaultLifetimeSeconds,
      answer.sentAt,
      longestLifetimeSeconds
    ),
    tokenType: data.tokentype ?? undefined
  }),
  refusal
})

/** `success: true`, or `Status: "Success"` (unverified): a portal's page, or half an answer, says neither. */
const saysSuccess = (body: unknown): boolean => {
  const success = said(body, "success")
  const status = said(body, "status")
  return (
    success === true ||
    (success === undefined && typeof status === "string" && status.toLowerCase() === "success")
  )
}

/**
 * A valid token is a successful response, which says so; "Authorization Required" is the only other answer
 * that the seed names.
 */
export const readValidate = (
  call: TokenEndpoint.Call,
  answer: TokenEndpoint.Answer
): Either.Either<void, AuthError.AuthError> => {
  const body = answer.body._tag === "Some" ? answer.body.value : undefined
  if (saysRequired(body) || (isSuccess(answer) && said(body, "success") === false)) {
    return Either.left(TokenEndpoint.refused(call, answer, { tag: "Unauthorized" }))
  }
  if (!isSuccess(answer)) {
    return Either.left(TokenEndpoint.refused(call, answer))
  }
  return saysSuccess(body)
    ? Either.void
    : Either.left(TokenEndpoint.unusable(call, answer, "it does not say whether the token is valid"))
}

/**
 * The seed: tokens of one environment cannot be used in the other, and their prefix tells which one
 * they are of.
 */
export const isOf = (environment: Environment, accessToken: Redacted.Redacted<string>): boolean =>
  Redacted.value(accessToken).startsWith(`${environment}_`)

export const ofAnotherEnvironment = (
  environment: Environment,
  operation: AuthError.Operation
): AuthError.AuthError =>
  new AuthError.AccessDenied({
    provider,
    operation,
    message: `The token of ${provider} is not one of its ${environment} environment: check that secret and base URL belong to "${environment}".`
  })
