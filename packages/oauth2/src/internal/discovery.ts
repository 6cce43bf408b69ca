import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as oauth from "oauth4webapi"
import { requestOf } from "./request.ts"

/** What must be known of an authorization server. */
export interface Server {
  readonly tokenUrl: string
  readonly revocationUrl: string | undefined
  /** How clients may authenticate, where the server says so. */
  readonly authMethods: ReadonlyArray<string> | undefined
}

type Operation = TokenEndpoint.Call["operation"]

/** Finds out about the server; for the errors it says what it is needed for. */
export type Locate = (operation: Operation) => Effect.Effect<Server, AuthError.AuthError>

/** RFC 8414, section 2: what we need of it. */
const Metadata = Schema.Struct({
  issuer: Schema.String,
  token_endpoint: Schema.String,
  revocation_endpoint: Schema.optional(Schema.NullOr(Schema.String)),
  token_endpoint_auth_methods_supported: Schema.optional(Schema.NullOr(Schema.Array(Schema.String)))
})

/** What is known of a server is looked at again after an hour, and kept while that fails: for a minute each time. */
const maxAgeMillis = 3_600_000
const pauseMillis = 60_000

export interface Options {
  readonly provider: string
  readonly client: HttpClient.HttpClient
  /** As the server writes it: compared character by character (RFC 8414, section 3.3). */
  readonly issuer: string
  readonly revocationUrl: string | undefined
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/** RFC 6749, section 3.2: an endpoint may have a query, and no fragment. */
export const endpoint = (
  provider: string,
  option: string,
  value: string,
  options: { readonly dangerouslyAllowInsecureHttp?: boolean | undefined }
): Effect.Effect<string, AuthFlow.InvalidOptions> => {
  const start = value.includes("#") ? -1 : value.indexOf("?")
  const [path, query] = start === -1 ? [value, ""] : [value.slice(0, start), value.slice(start)]
  return Effect.map(AuthFlow.url(provider, option, path, options), (href) => `${href}${query}`)
}

/** Half of what all that precedes a request may take: with its end nothing would be left to go on with. */
const patience = "5 seconds"

/** The server of an issuer: nobody is asked before the first mint, and again after a failure. */
export const make = (options: Options): Locate => {
  let known: { readonly server: Server; readonly until: number } | undefined
  const keep = (server: Server, until: number) =>
    Effect.sync(() => {
      known = { server, until }
      return server
    })
  return (operation) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const current = known
      // A clock that was set back must not make it last for longer (R17).
      if (current !== undefined && now < current.until && now >= current.until - maxAgeMillis) {
        return Effect.succeed(current.server)
      }
      const asked = Effect.flatMap(discover(options, operation), (server) => keep(server, now + maxAgeMillis))
      return current === undefined
        ? asked
        : Effect.catchAll(Effect.timeout(asked, patience), () => keep(current.server, now + pauseMillis))
    })
}

/** RFC 8414 first, then OpenID's document: where there is neither, the first says so. */
const discover = Effect.fnUntraced(function* (options: Options, operation: Operation) {
  const found = yield* ask(options, operation, "oauth2")
  if (Either.isRight(found)) {
    return found.right
  }
  const other = yield* ask(options, operation, "oidc")
  return Either.isRight(other) ? other.right : yield* Effect.fail(found.left)
})

/** Asks for one document. Left: there is none. */
const ask = Effect.fnUntraced(function* (
  options: Options,
  operation: Operation,
  algorithm: "oauth2" | "oidc"
): Effect.fn.Return<Either.Either<Server, AuthError.AuthError>, AuthError.AuthError> {
  const { client, issuer, provider } = options
  const request = yield* requestOf(
    (hooks) => oauth.discoveryRequest(new URL(issuer), { ...hooks, algorithm }),
    () =>
      new AuthError.InvalidResponse({
        provider,
        operation,
        message: `${provider} cannot be discovered: "issuer" makes no URL.`
      })
  )
  const call: TokenEndpoint.Call = { provider, operation, credential: "client", secrets: [], request }
  const answer = yield* TokenEndpoint.send(client, call)
  const { status } = answer
  if (status === 429 || status === 408 || status >= 500) {
    return yield* Effect.fail(TokenEndpoint.refused(call, answer))
  }
  return status >= 200 && status < 300 && Option.isSome(answer.body)
    ? Either.right(yield* read(options, call, answer, answer.body.value))
    : Either.left(
        TokenEndpoint.unusable(call, answer, 'the issuer has no metadata there; "tokenUrl" does without')
      )
})

/** What a document says, once it is the issuer's own. */
const read = Effect.fnUntraced(function* (
  options: Options,
  call: TokenEndpoint.Call,
  answer: TokenEndpoint.Answer,
  body: unknown
) {
  const fail = (what: string) => TokenEndpoint.unusable(call, answer, what)
  const decoded = Schema.decodeUnknownOption(Metadata)(body)
  if (Option.isNone(decoded)) {
    return yield* Effect.fail(fail("the metadata has no issuer or no token endpoint"))
  }
  const metadata = decoded.value
  if (metadata.issuer !== options.issuer) {
    // RFC 8414, section 3.3: such metadata must not be used.
    return yield* Effect.fail(
      fail(
        'the issuer in the metadata is not the configured one to the letter, where a "/" at the end counts'
      )
    )
  }
  const check = (name: string, url: string) =>
    Effect.mapError(endpoint(options.provider, name, url, options), ({ message }) => fail(message))
  const { revocation_endpoint: revocation, token_endpoint_auth_methods_supported: authMethods } = metadata
  const server: Server = {
    tokenUrl: yield* check("token_endpoint", metadata.token_endpoint),
    revocationUrl:
      options.revocationUrl ??
      (revocation === undefined || revocation === null
        ? undefined
        : yield* check("revocation_endpoint", revocation)),
    authMethods: authMethods ?? undefined
  }
  return server
})
