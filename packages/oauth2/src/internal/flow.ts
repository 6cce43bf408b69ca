import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Expiry from "@latchkey/core/Expiry"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Options } from "../OAuth2.ts"
import * as ClientAuth from "./clientAuth.ts"
import * as Credentials from "./credentials.ts"
import * as Discovery from "./discovery.ts"
import { endpoint } from "./endpoint.ts"
import * as Exchange from "./exchange.ts"
import * as Parameters from "./parameters.ts"
import { unsent } from "./unsent.ts"

/** For an answer without `expires_in` (RFC 6749, section 5.1): short, for the server did not say. */
const defaultLifetime = Duration.minutes(5)

/** A lifetime as an answer may have one; another would be no lifetime of any token. */
const lifetimeOf = (provider: string, options: Options): Effect.Effect<number, AuthFlow.InvalidOptions> => {
  const seconds = Option.map(
    Duration.decodeUnknown(options.defaultLifetime ?? defaultLifetime),
    Duration.toSeconds
  )
  return Option.match(
    Option.filter(seconds, (seconds) => Either.isRight(Expiry.lifetimeFromSeconds(seconds, 0))),
    {
      onNone: () =>
        new AuthFlow.InvalidOptions({
          provider,
          option: "defaultLifetime",
          message: `${provider}: "defaultLifetime" is not a lifetime: give one of more than nothing and at most 100 years.`
        }),
      onSome: Effect.succeed<number>
    }
  )
}

/** Where the server is, or how to find out. */
const locate = Effect.fnUntraced(function* (
  provider: string,
  client: HttpClient.HttpClient,
  options: Options
) {
  const { issuer } = options
  const check = (option: string, value: string | undefined) =>
    value === undefined ? Effect.succeed(undefined) : endpoint(provider, option, value, options)
  const tokenUrl = yield* check("tokenUrl", options.tokenUrl)
  const revocationUrl = yield* check("revocationUrl", options.revocationUrl)
  if (issuer !== undefined) {
    yield* AuthFlow.url(provider, "issuer", issuer, options)
  }
  if (tokenUrl !== undefined) {
    const server = Discovery.fixed({ tokenUrl, revocationUrl, authMethods: undefined })
    return { tokenUrl, revokes: revocationUrl !== undefined, server }
  }
  if (issuer === undefined) {
    return yield* new AuthFlow.InvalidOptions({
      provider,
      option: "issuer",
      message: `${provider}: there is neither an "issuer" nor a "tokenUrl": set the one that you know.`
    })
  }
  const { dangerouslyAllowInsecureHttp } = options
  const server = Discovery.make({ provider, client, issuer, revocationUrl, dangerouslyAllowInsecureHttp })
  return { tokenUrl, revokes: true, server }
})

/** The flow of a server that speaks RFC 6749. */
export const makeFlow = Effect.fn("OAuth2.make")(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const provider = yield* AuthFlow.nonEmpty(options.name ?? "oauth2", "name", options.name ?? "oauth2")
  const clientId = yield* AuthFlow.nonEmpty(provider, "clientId", options.clientId)
  const { revokes, server, tokenUrl } = yield* locate(provider, client, options)
  const authentication = yield* ClientAuth.make(provider, options)
  const parameters = yield* Parameters.make(provider, options)
  const defaultLifetimeSeconds = yield* lifetimeOf(provider, options)
  const audience =
    options.assertionAudience === undefined
      ? options.issuer
      : yield* AuthFlow.nonEmpty(provider, "assertionAudience", options.assertionAudience)
  const credentials = yield* Credentials.make(provider, options, authentication)
  const endpoints = Exchange.make({
    provider,
    client,
    clientId,
    server,
    authMethod: options.authMethod,
    audience,
    refusals: options.refusals ?? {},
    defaultLifetimeSeconds
  })
  return yield* AuthFlow.make({
    provider,
    key: yield* AuthFlow.storeKey(
      provider,
      options.issuer ?? "",
      tokenUrl ?? "",
      clientId,
      ...parameters.identity,
      credentials.kind,
      credentials.account
    ),
    apiUrl: options.apiUrl,
    origins: options.origins,
    credential: credentials.credential,
    login: credentials.canLogin
      ? (credential) =>
          Effect.flatMap(credentials.authentication(credential), (authentication) =>
            endpoints.login(authentication, parameters.login)
          )
      : undefined,
    refresh: ({ refreshToken }) =>
      Effect.flatMap(unsent(provider, "refresh", authentication), (authentication) =>
        endpoints.refresh(authentication, refreshToken.value, parameters.refresh)
      ),
    rotates: options.rotates ?? credentials.initialGrant !== undefined,
    initialGrant: credentials.initialGrant,
    revoke: revokes
      ? (tokens) =>
          Effect.flatMap(
            Effect.zip(authentication, credentials.isConfigured(tokens)),
            ([authentication, keep]) => endpoints.revoke(authentication, tokens, keep)
          )
      : undefined,
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})
