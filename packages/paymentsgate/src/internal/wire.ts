import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export const provider = "paymentsgate"

export const defaultBaseUrl = "https://secure.sandbox.paymentsgate.io"

/** The seed: "e.g., 3600 seconds"; used where `expires_in` is missing. */
const defaultLifetimeSeconds = 3600

/** The seed names an hour: what would be longer than 30 days is in another unit. */
const longestLifetimeSeconds = 30 * 86_400

export interface LoginOptions {
  readonly baseUrl: string
  readonly accountId: string
  readonly publicKey: Redacted.Redacted<string>
}

/** Unverified: the seed has the refresh only. */
export const login = (options: LoginOptions): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [options.publicKey],
  request: HttpClientRequest.post(`${options.baseUrl}/auth/token`).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUnsafeJson({
      account_id: options.accountId,
      public_key: Redacted.value(options.publicKey)
    })
  )
})

export interface RefreshOptions {
  readonly baseUrl: string
  readonly refreshToken: Redacted.Redacted<string>
  /** The access token that came with it, even if it has expired. */
  readonly accessToken: Option.Option<Redacted.Redacted<string>>
}

export const refresh = (options: RefreshOptions): TokenEndpoint.Call => ({
  provider,
  operation: "refresh",
  credential: "refresh_token",
  secrets: [options.refreshToken, ...Option.toArray(options.accessToken)],
  request: HttpClientRequest.post(`${options.baseUrl}/auth/token/refresh`).pipe(
    HttpClientRequest.acceptJson,
    Option.match(options.accessToken, {
      onNone: () => identity<HttpClientRequest.HttpClientRequest>,
      onSome: (accessToken) => HttpClientRequest.bearerToken(accessToken)
    }),
    HttpClientRequest.bodyUnsafeJson({ refresh_token: Redacted.value(options.refreshToken) })
  )
})

const read = (refreshToken: "required" | "optional") =>
  TokenEndpoint.read({
    schema: Schema.Struct({
      access_token: Schema.String,
      expires_in: Schema.optional(Schema.Unknown),
      token_type: Schema.optional(Schema.NullOr(Schema.String)),
      refresh_token:
        refreshToken === "required" ? Schema.NonEmptyString : Schema.optional(Schema.NullOr(Schema.String))
    }),
    found: (body, answer) => ({
      accessToken: body.access_token,
      lifetime: Expiry.lifetimeFromSeconds(
        body.expires_in ?? defaultLifetimeSeconds,
        answer.sentAt,
        longestLifetimeSeconds
      ),
      tokenType: body.token_type ?? undefined,
      refreshToken: body.refresh_token ?? undefined
    }),
    // Unverified: the seed shows no refusal. None of them says that a refresh token has ended.
    refusal: (body) => ({ code: Predicate.hasProperty(body, "error") ? body.error : undefined }),
    refreshToken: (body) => (Predicate.hasProperty(body, "refresh_token") ? body.refresh_token : undefined)
  })

export const readLogin = read("optional")

/** The seed: "a new pair of tokens": an access token alone is no answer, for the old refresh token is spent. */
export const readRefresh = read("required")
