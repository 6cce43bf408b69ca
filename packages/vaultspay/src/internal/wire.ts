import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export const provider = "vaultspay"

/** The seed: "short-lived (e.g., expires in 5-60 minutes)"; used where `accessTokenExpiry` is missing. */
const defaultLifetimeSeconds = 5 * 60

export interface LoginOptions {
  readonly baseUrl: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}

export const login = (options: LoginOptions): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [options.clientSecret],
  request: HttpClientRequest.post(`${options.baseUrl}/as/api/v1/saas-login`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUnsafeJson({
      clientId: options.clientId,
      clientSecret: Redacted.value(options.clientSecret)
    })
  )
})

export interface RefreshOptions {
  readonly baseUrl: string
  readonly refreshToken: Redacted.Redacted<string>
}

export const refresh = (options: RefreshOptions): TokenEndpoint.Call => ({
  provider,
  operation: "refresh",
  credential: "refresh_token",
  secrets: [options.refreshToken],
  request: HttpClientRequest.post(`${options.baseUrl}/as/api/v1/saas-refresh-token`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUnsafeJson({ refreshToken: Redacted.value(options.refreshToken) })
  )
})

const Tokens = Schema.Struct({
  accessToken: Schema.String,
  accessTokenExpiry: Schema.optional(Schema.Unknown),
  refreshToken: Schema.optional(Schema.NullOr(Schema.String)),
  refreshTokenExpiry: Schema.optional(Schema.Unknown)
})

/** The login's answer is flat, the refresh's stands inside `data`: both are read on both. */
const Body = Schema.Union(Schema.Struct({ data: Tokens }), Tokens)

/** When a refresh token ends by our clock; one whose expiry cannot be read lives until it is refused. */
const refreshExpiresAt = (expiry: unknown, answer: TokenEndpoint.Answer): number | undefined =>
  Either.match(Expiry.instant(expiry), {
    onLeft: () => undefined,
    onRight: (instant) => instant - Expiry.clockSkew(answer)
  })

const found = (body: typeof Body.Type, answer: TokenEndpoint.Answer): TokenEndpoint.Found => {
  const tokens = "data" in body ? body.data : body
  return {
    accessToken: tokens.accessToken,
    lifetime:
      tokens.accessTokenExpiry === undefined || tokens.accessTokenExpiry === null
        ? Either.right(defaultLifetimeSeconds * 1000)
        : Expiry.lifetimeFromTimestamp(tokens.accessTokenExpiry, answer),
    refreshToken: tokens.refreshToken ?? undefined,
    refreshExpiresAt: refreshExpiresAt(tokens.refreshTokenExpiry, answer)
  }
}

const field = (body: unknown, name: string): unknown =>
  Predicate.hasProperty(body, name) ? body[name] : undefined

/**
 * Unverified, for the seed shows no refusal: `{"error": code}`, `{"code": code}`, or
 * `{"error": {"code", "request_id"}}`. None of them says that a refresh token has ended.
 */
const refusal = (body: unknown): TokenEndpoint.Refusal => {
  const error = field(body, "error")
  return Predicate.isRecord(error)
    ? { code: field(error, "code"), requestId: field(error, "request_id") }
    : { code: error === undefined ? field(body, "code") : error }
}

const refreshToken = (body: unknown): unknown => {
  const data = field(body, "data")
  return field(data === undefined ? body : data, "refreshToken")
}

const answers = { schema: Body, found, refusal, refreshToken }

export const readLogin = TokenEndpoint.read(answers)

/** A refresh brings no refresh token: the manager keeps the one it has. */
export const readRefresh = TokenEndpoint.read(answers)
