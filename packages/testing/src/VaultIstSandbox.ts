/**
 * The sandbox of vault.ist: a refresh token for an access token and the next refresh token, and a login only
 * where it is asked for.
 *
 * Source: vault.ist's documentation ("Refreshing Access Tokens", seed 001). Marked † is assumed: the
 * seed says neither whether refresh tokens rotate nor how the API rejects an access token.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}. The client's credentials are those of `login`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sandbox.Options {
  /** Whether it knows `client_credentials` †: the seed names it and does not show it. Default: false. */
  readonly login?: boolean | undefined
  /** The scope it grants; default: `accounts:create accounts:read withdraw_other_account:show`. */
  readonly scope?: string | undefined
  /**
   * Whether a refresh answers without a refresh token, and the one presented stays valid to its end.
   * Default: false, a refresh token is good for one refresh †.
   */
  readonly keepRefreshToken?: boolean | undefined
  /**
   * Whether presenting a spent refresh token revokes all that descends from the same
   * {@link Sandbox.Sandbox.issue}, access tokens included. Default: true †, as RFC 9700 has it.
   */
  readonly revokeOnReuse?: boolean | undefined
  /** Of the token endpoint and the API; default: `https://api.vault.ist`. */
  readonly origin?: string | undefined
}

/** As the seed's error response, which is the only one that it shows. */
const failure = (status: 400 | 401, message: string): Wire.SandboxResponse =>
  Wire.json(status, {
    status: status === 401 ? "UNAUTHORIZED" : "BAD_REQUEST",
    message,
    traceId: "TraceId unavailable",
    errors: []
  })

const invalid = (why: string): Wire.Decision => Wire.Decision.Refuse({ why, response: failure(400, why) })

/** A token that never was, and has no end to tell, ended just now. */
const expired = ({ at, endedAt }: Wire.Rejection): Wire.SandboxResponse =>
  failure(401, `The Token has expired on ${new Date(Option.getOrElse(endedAt, () => at)).toISOString()}`)

const granted =
  (scope: string) =>
  ({ accessToken, refreshToken }: Wire.Minted): Wire.SandboxResponse =>
    Wire.json(200, {
      access_token: accessToken.value,
      token_type: "Bearer",
      ...Option.match(refreshToken, {
        onNone: () => ({}),
        onSome: ({ value }) => ({ refresh_token: value })
      }),
      scope,
      expires_in: Math.floor(accessToken.lifetime / 1000),
      // The seed's: it looks like a UUID, and is none.
      user_id: "usr:b06d9aaa-4310-4c0d-9e5343c1b35"
    })

const refresh =
  (scope: string) =>
  (request: Wire.SandboxRequest): Wire.Decision =>
    Either.match(Wire.jsonFields(request), {
      onLeft: invalid,
      onRight: ({ grant_type: grantType, refresh_token: refreshToken }) => {
        if (grantType !== "refresh_token") {
          return invalid("grant_type must be refresh_token")
        }
        if (typeof refreshToken !== "string") {
          return invalid("refresh_token must be a string")
        }
        return Wire.Decision.Refresh({ refreshToken, granted: granted(scope), refused: expired })
      }
    })

/** Unverified: as a refresh, with the client's credentials. */
const login =
  (scope: string) =>
  (request: Wire.SandboxRequest): Wire.Decision =>
    Either.match(Wire.jsonFields(request), {
      onLeft: invalid,
      onRight: ({ client_id: clientId, client_secret: clientSecret }) =>
        typeof clientId === "string" && typeof clientSecret === "string"
          ? Wire.Decision.Login({
              clientId,
              clientSecret,
              granted: granted(scope),
              refused: failure(401, "The credentials are not valid")
            })
          : invalid("client_id must not be null")
    })

const isLogin = (request: Wire.SandboxRequest): boolean =>
  Either.match(Wire.jsonFields(request), {
    onLeft: () => false,
    onRight: ({ grant_type: grantType }) => grantType === "client_credentials"
  })

/**
 * Makes a sandbox of vault.ist: `POST /v2.0/reference/gettoken` on `https://api.vault.ist`, and a
 * protected resource at every other path of the same origin. An access token lives 24 hours unless
 * told otherwise, a refresh token 30 days †.
 *
 * The first refresh token comes from `issue`: a person gets it in the dashboard. Without `login` there is no
 * secret besides: `changeSecret` changes nothing then; `revokeRefreshTokens`, and then `issue`, is what a
 * person does instead.
 *
 * Every refresh token that is no good, be it expired, spent, revoked or unknown, is answered as the
 * seed answers an expired one, with the instant of its end by the provider's clock †. Other grants
 * (`client_credentials` and `password` are said to exist †) and malformed requests are 400 †.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> => {
  const origin = options.origin ?? "https://api.vault.ist"
  const path = "/v2.0/reference/gettoken"
  const scope = options.scope ?? "accounts:create accounts:read withdraw_other_account:show"
  return Sandbox.make(
    {
      provider: "vault-ist",
      tokenOrigin: origin,
      apiOrigin: origin,
      routes: [
        ...(options.login === true
          ? [{ endpoint: "login", method: "POST", path, matches: isLogin, decide: login(scope) } as const]
          : []),
        { endpoint: "refresh", method: "POST", path, decide: refresh(scope) }
      ],
      accessLifetime: "24 hours",
      refreshLifetime: "30 days",
      rotates: options.keepRefreshToken !== true,
      revokesOnReuse: options.revokeOnReuse ?? true,
      rejected: (rejection) =>
        rejection.why === "expired" ? expired(rejection) : failure(401, "The Token is not valid")
    },
    options
  )
}
