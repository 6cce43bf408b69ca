import * as AuthError from "@latchkey/core/AuthError"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import type { TokenSet } from "@latchkey/core/TokenSet"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as oauth from "oauth4webapi"
import type { AuthMethod } from "../OAuth2.ts"
import { type Authentication, clientAuth } from "./clientAuth.ts"
import type { Locate } from "./discovery.ts"
import type { Server } from "./metadata.ts"
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
  readonly refusals: Wire.Refusals
  readonly defaultLifetimeSeconds: number
  /** In milliseconds: how long all may take that precedes a request. Default: that of `unsent`. */
  readonly patience?: number | undefined
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

/** A request that is ready to be sent, and the server that it goes to. */
interface Prepared {
  readonly call: TokenEndpoint.Call
  readonly server: Server
}

/** What says that no endpoint is at this URL: it redirects, which is not followed (R14), or nothing is there. */
const isElsewhere = ({ status }: AuthError.AuthError): boolean =>
  status !== undefined &&
  ((status >= 300 && status < 400) || status === 404 || status === 405 || status === 410)

/** The failure of two that is worth another try, else the first. */
const worthMore = (first: AuthError.AuthError, second: AuthError.AuthError): AuthError.AuthError =>
  second.isRetryable && !first.isRetryable ? second : first

/** Both must have succeeded. */
const combine = (
  first: Either.Either<void, AuthError.AuthError>,
  second: Either.Either<void, AuthError.AuthError>
): Either.Either<void, AuthError.AuthError> =>
  Either.isLeft(first) && Either.isLeft(second)
    ? Either.left(worthMore(first.left, second.left))
    : Either.isLeft(first)
      ? first
      : second

/** The endpoints of a server, as a client uses them. */
export const make = (options: Options) => {
  const { client, clientId, provider } = options
  const read = Wire.readTokens(options.defaultLifetimeSeconds, options.refusals)

  /** Everything up to the sending: a failure here has reached no token endpoint (R8). */
  const prepare = (
    operation: TokenEndpoint.Call["operation"],
    authentication: Authentication,
    presented: ReadonlyArray<Redacted.Redacted<string>>,
    build: Build
  ): Effect.Effect<Prepared, AuthError.AuthError> =>
    Effect.gen(function* () {
      const server = yield* options.server.find(operation)
      if (operation === "revoke" && server.revocationUrl === undefined) {
        const problem = server.revocationProblem ?? "its metadata has no revocation endpoint"
        return yield* new AuthError.InvalidResponse({
          provider,
          operation,
          message: `${provider} cannot be asked to revoke: ${problem}. Set "revocationUrl", or leave "revokeOnRelease" out.`
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
      return { call, server }
    }).pipe((prepared) => unsent(provider, operation, prepared, options.patience))

  /** Sends it to the token endpoint. Where that is gone, the metadata is looked at again at the next mint. */
  const mint = ({ call, server }: Prepared) =>
    Effect.tapError(TokenEndpoint.exchange(client, call, read), (error) =>
      isElsewhere(error) ? options.server.moved(server) : Effect.void
    )

  const revokeOne = (
    authentication: Authentication,
    token: Redacted.Redacted<string>,
    hint: "access_token" | "refresh_token"
  ) =>
    Effect.flatMap(
      prepare("revoke", authentication, [token], (as, client, auth, hooks) =>
        oauth.revocationRequest(as, client, auth, Redacted.value(token), {
          ...hooks,
          additionalParameters: { token_type_hint: hint }
        })
      ),
      ({ call }) => TokenEndpoint.exchange(client, call, Wire.readRevocation)
    )

  return {
    login: (authentication: Authentication, parameters: Parameters) =>
      Effect.flatMap(
        prepare("login", authentication, [], (as, client, auth, hooks) =>
          oauth.clientCredentialsGrantRequest(as, client, auth, search(parameters), hooks)
        ),
        mint
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
        mint
      ),
    /**
     * Each token for itself: the failure of one leaves no other alive. The refresh token first: a server may end
     * the access token with it (RFC 7009, section 2.1).
     */
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
            Effect.zipWith(
              Effect.either(revokeOne(authentication, value, "refresh_token")),
              access.pipe(
                // RFC 7009, section 2.2.1: a server that cannot do this has done what it can.
                Effect.catchIf(
                  (error) => error.code === "unsupported_token_type",
                  () => Effect.void
                ),
                Effect.either
              ),
              combine,
              { concurrent: true }
            ).pipe(Effect.flatten)
        }
      )
    }
  }
}
