import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export const provider = "autopay"

/** The seed: "must always be https://api.autopay.io". */
export const defaultAudience = "https://api.autopay.io"
export const defaultTokenUrl = "https://api-auth.autopay.io/oauth/token"
export const defaultApiUrl = "https://api.autopay.io"

/** The seed: "usually 10-24 hours"; used where `expires_in` is missing. */
const defaultLifetimeSeconds = 10 * 3600

/** The seed names 10 to 24 hours: what would be longer than 30 days is in another unit. */
const longestLifetimeSeconds = 30 * 86_400

export interface LoginOptions {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly audience: string
}

export const login = (options: LoginOptions): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [options.clientSecret],
  request: HttpClientRequest.post(options.tokenUrl).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUnsafeJson({
      client_id: options.clientId,
      client_secret: Redacted.value(options.clientSecret),
      audience: options.audience,
      grant_type: "client_credentials"
    })
  )
})

/** What Autopay says of a wrong secret, in the words that others have for a missing permission. */
const wrongCredentials =
  'the credentials are not accepted: check "clientId" and "clientSecret", and that they belong to this audience'

/**
 * A 401 `{"error": "access_denied", "error_description": "Unauthorized"}` is wrong credentials, and
 * `AccessDenied` all the same: the code wins over the status.
 */
export const readLogin = TokenEndpoint.read({
  schema: Schema.Struct({
    access_token: Schema.String,
    expires_in: Schema.optional(Schema.Unknown),
    token_type: Schema.optional(Schema.NullOr(Schema.String)),
    scope: Schema.optional(Schema.Unknown)
  }),
  found: (body, answer) => ({
    accessToken: body.access_token,
    lifetime: Expiry.lifetimeFromSeconds(
      body.expires_in ?? defaultLifetimeSeconds,
      answer.sentAt,
      longestLifetimeSeconds
    ),
    tokenType: body.token_type ?? undefined,
    scope: TokenEndpoint.scope(body.scope)
  }),
  refusal: (body, { status }) => {
    const code = Predicate.hasProperty(body, "error") ? body.error : undefined
    return { code, hint: status === 401 && code === "access_denied" ? wrongCredentials : undefined }
  }
})
