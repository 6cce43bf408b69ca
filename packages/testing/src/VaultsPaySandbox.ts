/**
 * The sandbox of VaultsPay: a login for an access and a refresh token, and a refresh that keeps the
 * refresh token.
 *
 * Source: VaultsPay's documentation ("Authentication", seed 000). Marked † is assumed: the seed
 * shows successes only.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sandbox.Options {
  /** The base URL's origin, of the token endpoints and the API; default: `https://api.vaultspay.example`. */
  readonly origin?: string | undefined
}

/** `2024-09-23T18:33:10.049+00:00`, as the seed writes it. */
const timestamp = (millis: number): string => new Date(millis).toISOString().replace("Z", "+00:00")

const message = (status: number, message: string): Wire.SandboxResponse => Wire.json(status, { message })

const invalid = (why: string): Wire.Decision => Wire.Decision.Refuse({ why, response: message(400, why) })

const access = ({ accessToken }: Wire.Minted) => ({
  accessToken: accessToken.value,
  accessTokenExpiry: timestamp(accessToken.expiresAt)
})

/** Flat, with both tokens. */
const loggedIn = (minted: Wire.Minted): Wire.SandboxResponse =>
  Wire.json(200, {
    ...access(minted),
    ...Option.match(minted.refreshToken, {
      onNone: () => ({}),
      onSome: ({ expiresAt, value }) => ({ refreshToken: value, refreshTokenExpiry: timestamp(expiresAt) })
    })
  })

const login = (request: Wire.SandboxRequest): Wire.Decision =>
  Either.match(Wire.jsonFields(request), {
    onLeft: invalid,
    onRight: ({ clientId, clientSecret }) =>
      typeof clientId === "string" && typeof clientSecret === "string"
        ? Wire.Decision.Login({
            clientId,
            clientSecret,
            granted: loggedIn,
            refused: message(401, "Invalid client credentials")
          })
        : invalid("clientId and clientSecret must be strings")
  })

const refresh = (request: Wire.SandboxRequest): Wire.Decision =>
  Either.match(Wire.jsonFields(request), {
    onLeft: invalid,
    onRight: ({ refreshToken }) =>
      typeof refreshToken === "string"
        ? Wire.Decision.Refresh({
            refreshToken,
            granted: (minted) => Wire.json(200, { data: access(minted) }),
            refused: () => message(401, "Refresh token expired")
          })
        : invalid("refreshToken must be a string")
  })

/**
 * Makes a sandbox of VaultsPay: `POST /as/api/v1/saas-login`, `POST /as/api/v1/saas-refresh-token`,
 * and a protected resource at every other path of the same origin. Unless told otherwise an access
 * token lives 30 minutes (the seed: "e.g., expires in 5-60 minutes"), a refresh token 5 days (what
 * its sample's timestamps fit). A refresh token is good for any number of refreshes until its end.
 *
 * Refusals are 401 with a `message` †, malformed requests 400 †.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> => {
  const origin = options.origin ?? "https://api.vaultspay.example"
  return Sandbox.make(
    {
      provider: "vaultspay",
      tokenOrigin: origin,
      apiOrigin: origin,
      routes: [
        { endpoint: "login", method: "POST", path: "/as/api/v1/saas-login", decide: login },
        { endpoint: "refresh", method: "POST", path: "/as/api/v1/saas-refresh-token", decide: refresh }
      ],
      accessLifetime: "30 minutes",
      refreshLifetime: "5 days",
      rejected: ({ why }) => message(401, why === "expired" ? "Access token expired" : "Invalid access token")
    },
    options
  )
}
