import * as AuthError from "@latchkey/core/AuthError"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import type { TokenSet } from "@latchkey/core/TokenSet"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as oauth from "oauth4webapi"
import type { AuthMethod } from "../OAuth2.ts"
import { type Authentication, clientAuth } from "./clientAuth.ts"
import type { Locate } from "./discovery.ts"
import { type Hooks, requestOf } from "./request.ts"
import { unsent } from "./unsent.ts"
import * as Wire from "./wire.ts"

type Parameters = ReadonlyArray<ReadonlyArray<string>>

export interface Options {
  readonly provider: string
  readonly client: HttpClient.HttpClient
  readonly clientId: string
  readonly server: Locate
  readonly authMethod: AuthMethod | undefined
  /** Of assertions; none: the token URL. */
  readonly audience: string | undefined
  readonly defaultLifetimeSeconds: number
}

/** How `oauth4webapi` makes a request. */
type Build = (
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  auth: oauth.ClientAuth,
  hooks: Hooks
) => Promise<unknown>

/** No field of an error may repeat what stands in the header, whatever its encoding (R15). */
const basicOf = ({
  headers
}: HttpClientRequest.HttpClientRequest): ReadonlyArray<Redacted.Redacted<string>> => {
  const credentials = headers["authorization"]?.slice("Basic ".length).replace(/=+$/, "")
  return credentials === undefined ? [] : [Redacted.make(credentials)]
}

const secretOf = (authentication: Authentication): ReadonlyArray<Redacted.Redacted<string>> =>
  authentication._tag === "Secret" ? [authentication.secret] : []

const search = (parameters: Parameters): URLSearchParams => {
  const all = new URLSearchParams()
  for (const [name = "", value = ""] of parameters) {
    all.append(name, value)
  }
  return all
}

/** The endpoints of a server, as a client uses them. */
export const make = (options: Options) => {
  const { client, clientId, provider } = options
  const read = Wire.readTokens(options.defaultLifetimeSeconds)

  /** Everything up to the sending: a failure here has reached no token endpoint (R8). */
  const prepare = (
    operation: TokenEndpoint.Call["operation"],
    authentication: Authentication,
    presented: ReadonlyArray<Redacted.Redacted<string>>,
    build: Build
  ): Effect.Effect<TokenEndpoint.Call, AuthError.AuthError> =>
    Effect.gen(function* () {
      const server = yield* options.server(operation)
      if (operation === "validate" && server.revocationUrl === undefined) {
        return yield* new AuthError.InvalidResponse({
          provider,
          operation,
          message: `${provider} names no revocation endpoint: set "revocationUrl", or leave "revokeOnRelease" out.`
        })
      }
      const auth = yield* clientAuth(authentication, options.authMethod, server)
      const as: oauth.AuthorizationServer = {
        issuer: options.audience ?? server.tokenUrl,
        token_endpoint: server.tokenUrl,
        ...(server.revocationUrl === undefined ? {} : { revocation_endpoint: server.revocationUrl })
      }
      const request = yield* requestOf(
        (hooks) => build(as, { client_id: clientId }, auth, hooks),
        () =>
          new AuthError.Unauthorized({
            provider,
            operation,
            message: `${provider} ${operation} could not be signed: check the client's credentials.`
          })
      )
      const call: TokenEndpoint.Call = {
        provider,
        operation,
        credential: authentication._tag === "None" && operation === "refresh" ? "refresh_token" : "client",
        secrets: [...secretOf(authentication), ...presented, ...basicOf(request)],
        request
      }
      return call
    }).pipe((prepared) => unsent(provider, operation, prepared))

  const revokeOne = (
    authentication: Authentication,
    token: Redacted.Redacted<string>,
    hint: "access_token" | "refresh_token"
  ) =>
    Effect.flatMap(
      prepare("validate", authentication, [token], (as, client, auth, hooks) =>
        oauth.revocationRequest(as, client, auth, Redacted.value(token), {
          ...hooks,
          additionalParameters: { token_type_hint: hint }
        })
      ),
      (call) => TokenEndpoint.exchange(client, call, Wire.readRevocation)
    )

  return {
    login: (authentication: Authentication, parameters: Parameters) =>
      Effect.flatMap(
        prepare("login", authentication, [], (as, client, auth, hooks) =>
          oauth.clientCredentialsGrantRequest(as, client, auth, search(parameters), hooks)
        ),
        (call) => TokenEndpoint.exchange(client, call, read)
      ),
    refresh: (
      authentication: Authentication,
      refreshToken: Redacted.Redacted<string>,
      parameters: Parameters
    ) =>
      Effect.flatMap(
        prepare("refresh", authentication, [refreshToken], (as, client, auth, hooks) =>
          oauth.refreshTokenGrantRequest(as, client, auth, Redacted.value(refreshToken), {
            ...hooks,
            additionalParameters: search(parameters)
          })
        ),
        (call) => TokenEndpoint.exchange(client, call, read)
      ),
    /** The refresh token first: a server may end the access token with it (RFC 7009, section 2.1). */
    revoke: (
      authentication: Authentication,
      tokens: TokenSet,
      keepRefreshToken: boolean
    ): Effect.Effect<void, AuthError.AuthError> => {
      const access = revokeOne(authentication, tokens.accessToken, "access_token")
      return Option.match(
        Option.filter(tokens.refreshToken, () => !keepRefreshToken),
        {
          onNone: () => access,
          onSome: ({ value }) =>
            Effect.zipRight(
              revokeOne(authentication, value, "refresh_token"),
              // RFC 7009, section 2.2.1: a server that cannot do this has done what it can.
              Effect.catchIf(
                access,
                (error) => error.code === "unsupported_token_type",
                () => Effect.void
              )
            )
        }
      )
    }
  }
}
