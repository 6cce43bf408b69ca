/**
 * The sandbox of PaymentsGate: a login for a pair of tokens, and a refresh that takes the pair and
 * gives a new one.
 *
 * Source: PaymentsGate's documentation ("Managing JWT tokens", seed 003). Marked † is assumed: the
 * seed shows the refresh only, and no refusal.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}. `clientId` is what PaymentsGate calls `account_id`, `clientSecret` is its
 * `public_key`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sandbox.Options {
  /**
   * Whether presenting a spent refresh token revokes all that descends from the same login, access
   * tokens included. Default: true †, as RFC 9700 has it.
   */
  readonly revokeOnReuse?: boolean | undefined
  /** Of the token endpoints and the API; default: `https://secure.sandbox.paymentsgate.io`. */
  readonly origin?: string | undefined
}

const failure = (statusCode: number, message: string): Wire.SandboxResponse =>
  Wire.json(statusCode, { statusCode, message })

const unauthorized = failure(401, "Unauthorized")

const invalid = (why: string): Wire.Decision => Wire.Decision.Refuse({ why, response: failure(400, why) })

/** Always a pair, and no `token_type`. */
const granted = ({ accessToken, refreshToken }: Wire.Minted): Wire.SandboxResponse =>
  Wire.json(200, {
    access_token: accessToken.value,
    ...Option.match(refreshToken, { onNone: () => ({}), onSome: ({ value }) => ({ refresh_token: value }) }),
    expires_in: Math.floor(accessToken.lifetime / 1000)
  })

const login = (request: Wire.SandboxRequest): Wire.Decision =>
  Either.match(Wire.jsonFields(request), {
    onLeft: invalid,
    onRight: ({ account_id: clientId, public_key: clientSecret }) =>
      typeof clientId === "string" && typeof clientSecret === "string"
        ? Wire.Decision.Login({ clientId, clientSecret, granted, refused: unauthorized })
        : invalid("account_id and public_key must be strings")
  })

const refresh = (request: Wire.SandboxRequest): Wire.Decision =>
  Either.match(Wire.jsonFields(request), {
    onLeft: invalid,
    onRight: ({ refresh_token: refreshToken }) =>
      typeof refreshToken === "string"
        ? Wire.Decision.Refresh({
            refreshToken,
            accessToken: Wire.bearer(request),
            granted,
            refused: () => unauthorized
          })
        : invalid("refresh_token must be a string")
  })

/**
 * Makes a sandbox of PaymentsGate: `POST /auth/token` †, `POST /auth/token/refresh`, and a protected
 * resource at every other path of `https://secure.sandbox.paymentsgate.io`. An access token lives an
 * hour unless told otherwise, a refresh token 30 days †.
 *
 * A refresh is good once †, and only with the access token of the same pair in its `Authorization`
 * header: that may have expired, or have been revoked †, but not be missing or another's. A pair to
 * start from, as `issue` makes it, is like one from a login.
 *
 * Refusals are 401 with `statusCode` and `message` †, malformed requests 400 †.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> => {
  const origin = options.origin ?? "https://secure.sandbox.paymentsgate.io"
  return Sandbox.make(
    {
      provider: "paymentsgate",
      tokenOrigin: origin,
      apiOrigin: origin,
      routes: [
        { endpoint: "login", method: "POST", path: "/auth/token", decide: login },
        { endpoint: "refresh", method: "POST", path: "/auth/token/refresh", decide: refresh }
      ],
      accessLifetime: "1 hour",
      refreshLifetime: "30 days",
      rotates: true,
      revokesOnReuse: options.revokeOnReuse ?? true,
      rejected: () => unauthorized
    },
    options
  )
}
