import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export const provider = "vault-ist"

export const defaultTokenUrl = "https://api.vault.ist/v2.0/reference/gettoken"
export const defaultApiUrl = "https://api.vault.ist"

/** The seed: "valid for 24 hours"; used where `expires_in` is missing. */
const defaultLifetimeSeconds = 86_400

/** The seed names 24 hours: what would be longer than 30 days is in another unit. */
const longestLifetimeSeconds = 30 * 86_400

export interface RefreshOptions {
  readonly tokenUrl: string
  readonly refreshToken: Redacted.Redacted<string>
}

export const refresh = (options: RefreshOptions): TokenEndpoint.Call => ({
  provider,
  operation: "refresh",
  credential: "refresh_token",
  secrets: [options.refreshToken],
  request: post(options.tokenUrl, {
    grant_type: "refresh_token",
    refresh_token: Redacted.value(options.refreshToken)
  })
})

export interface LoginOptions {
  readonly tokenUrl: string
  /** Unverified: the seed has the refresh only. */
  readonly grant:
    | { readonly grantType: "client_credentials"; readonly clientId: string }
    | { readonly grantType: "password"; readonly username: string }
  /** The client secret, or the password. */
  readonly secret: Redacted.Redacted<string>
}

export const login = ({ grant, secret, tokenUrl }: LoginOptions): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [secret],
  request: post(
    tokenUrl,
    grant.grantType === "client_credentials"
      ? { grant_type: "client_credentials", client_id: grant.clientId, client_secret: Redacted.value(secret) }
      : { grant_type: "password", username: grant.username, password: Redacted.value(secret) }
  )
})

const post = (url: string, body: { readonly [field: string]: string }) =>
  HttpClientRequest.post(url).pipe(HttpClientRequest.acceptJson, HttpClientRequest.bodyUnsafeJson(body))

const expiredOn = /expired on (\S+)/

/** "The Token has expired on 2025-01-01T00:00:00.000Z": told to people where it can be read, and to nobody else. */
const expiredAt = (body: unknown): number | undefined => {
  const message = Predicate.hasProperty(body, "message") ? body.message : undefined
  const said = typeof message === "string" ? expiredOn.exec(message)?.[1] : undefined
  return Either.getOrUndefined(Expiry.instant(said))
}

/**
 * The seed's refusal of a refresh token, by its shape and not by the words of its message. Another 400 or 401
 * is a complaint about the request, or a proxy's: the refresh token outlives it.
 */
const Refused = Schema.Struct({
  status: Schema.Literal("UNAUTHORIZED"),
  traceId: Schema.String
})
const isRefused = Schema.is(Refused)

const refusal = (
  body: unknown,
  { status }: TokenEndpoint.Answer,
  { operation }: TokenEndpoint.Call
): TokenEndpoint.Refusal => ({
  code: Predicate.hasProperty(body, "error")
    ? body.error
    : Predicate.hasProperty(body, "status")
      ? body.status
      : undefined,
  requestId: Predicate.hasProperty(body, "traceId") ? body.traceId : undefined,
  expiredAt: expiredAt(body),
  // Some gateways answer everything with 200.
  tag:
    (status === 401 || status === 200) && isRefused(body)
      ? operation === "refresh"
        ? "Expired"
        : "Unauthorized"
      : undefined
})

const Tokens = Schema.Struct({
  access_token: Schema.String,
  expires_in: Schema.optional(Schema.Unknown),
  token_type: Schema.optional(Schema.NullOr(Schema.String)),
  refresh_token: Schema.optional(Schema.NullOr(Schema.String)),
  scope: Schema.optional(Schema.Unknown)
})

/** A login answers as a refresh does. */
const answers: TokenEndpoint.Wire<typeof Tokens.Type, typeof Tokens.Encoded> = {
  schema: Tokens,
  found: (body, answer) => ({
    accessToken: body.access_token,
    lifetime: Expiry.lifetimeFromSeconds(
      body.expires_in ?? defaultLifetimeSeconds,
      answer.sentAt,
      longestLifetimeSeconds
    ),
    tokenType: body.token_type ?? undefined,
    refreshToken: body.refresh_token ?? undefined,
    scope: TokenEndpoint.scope(body.scope)
  }),
  refusal,
  refreshToken: (body) => (Predicate.hasProperty(body, "refresh_token") ? body.refresh_token : undefined)
}

export const readLogin = TokenEndpoint.read(answers)
export const readRefresh = TokenEndpoint.read(answers)
