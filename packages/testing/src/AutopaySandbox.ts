/**
 * The sandbox of Autopay: client credentials for an access token, no refresh token.
 *
 * Source: Autopay's documentation ("Authentication", seed 004). Marked † is assumed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}. Autopay has no refresh tokens: their lifetime does nothing here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<Sandbox.Options, "refreshLifetime"> {
  /** The scope it grants; default: `customer_club`, the seed's. */
  readonly scope?: string | undefined
  /** Default: `https://api-auth.autopay.io`. */
  readonly tokenOrigin?: string | undefined
  /** Default: `https://api.autopay.io`. The audience stays the same, whatever this is. */
  readonly apiOrigin?: string | undefined
}

const audience = "https://api.autopay.io"

const invalid = (why: string): Wire.Decision =>
  Wire.Decision.Refuse({
    why,
    response: Wire.json(400, { error: "invalid_request", error_description: why })
  })

/** The seed's four parameters, all mandatory, two of them with one allowed value. */
const login =
  (scope: string) =>
  (request: Wire.SandboxRequest): Wire.Decision =>
    Either.match(Wire.jsonFields(request), {
      onLeft: invalid,
      onRight: (fields) => {
        const {
          audience: presented,
          client_id: clientId,
          client_secret: clientSecret,
          grant_type: grantType
        } = fields
        if (typeof clientId !== "string" || typeof clientSecret !== "string") {
          return invalid("client_id and client_secret must be strings")
        }
        if (presented !== audience) {
          return invalid(`audience must be ${audience}`)
        }
        if (grantType !== "client_credentials") {
          return invalid("grant_type must be client_credentials")
        }
        return Wire.Decision.Login({
          clientId,
          clientSecret,
          granted: ({ accessToken }) =>
            Wire.json(200, {
              access_token: accessToken.value,
              scope,
              expires_in: Math.floor(accessToken.lifetime / 1000),
              token_type: "Bearer"
            }),
          refused: Wire.json(401, { error: "access_denied", error_description: "Unauthorized" })
        })
      }
    })

/** † RFC 6750, section 3.1: the seed does not show how its API rejects a token. */
const rejected = ({ why }: Wire.Rejection): Wire.SandboxResponse =>
  why === "missing"
    ? Wire.json(401, { error: "unauthorized" }, { "www-authenticate": "Bearer" })
    : Wire.json(401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' })

/**
 * Makes a sandbox of Autopay: `POST /oauth/token` on `https://api-auth.autopay.io`, and a protected
 * resource at every path of `https://api.autopay.io`. A token lives 24 hours unless told otherwise;
 * `expires_in` is in whole seconds.
 *
 * Wrong credentials are answered as the seed shows it, whatever else is wrong with a request with
 * 400 and `invalid_request` †.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> =>
  Sandbox.make(
    {
      provider: "autopay",
      tokenOrigin: options.tokenOrigin ?? "https://api-auth.autopay.io",
      apiOrigin: options.apiOrigin ?? "https://api.autopay.io",
      routes: [
        {
          endpoint: "login",
          method: "POST",
          path: "/oauth/token",
          decide: login(options.scope ?? "customer_club")
        }
      ],
      accessLifetime: "24 hours",
      rejected
    },
    options
  )
