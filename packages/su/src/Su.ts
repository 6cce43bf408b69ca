/**
 * Su: a client secret for a token of one environment, no refresh token.
 *
 * @since 0.1.0
 */
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import type { AuthError } from "@latchkey/core/AuthError"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Wire from "./internal/wire.ts"

/**
 * The token manager of Su: everything that talks to Su shares it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Su extends Context.Tag("@latchkey/su/Su")<Su, TokenManager.TokenManager>() {}

/**
 * What Su's flow needs to know. Su gives out one client secret per environment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Which environment the secret belongs to: its tokens start with `sandbox_` or `live_`. */
  readonly environment: Wire.Environment
  /** The bare domain that is the client id: `hotel.example`. */
  readonly domain: string
  /** The `client-secret` of the environment, or an effect that reads it at each login. */
  readonly clientSecret: AuthFlow.Secret
  /**
   * Where the API and its login are, and the only origin that gets the token. Default (unverified):
   * `https://connect-sandbox.su-api.com` or `https://connect.su-api.com`.
   */
  readonly baseUrl?: string | undefined
  /** Where tokens are validated. Default (unverified): a path below the base URL. */
  readonly validateUrl?: string | undefined
  /** Sends the secret and tokens in clear text over the network: for closed networks only. Default: false. */
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/**
 * Options of {@link layer}: those of the flow, and how early and how often its token is minted.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerOptions extends Options {
  readonly policy?: RefreshPolicy | undefined
}

/** RFC 1123, section 2.1: labels and dots; no scheme, port or path. */
const bareDomain = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/i

const domain = (value: string): Effect.Effect<string, AuthFlow.InvalidOptions> =>
  bareDomain.test(value)
    ? Effect.succeed(value)
    : Effect.fail(
        new AuthFlow.InvalidOptions({
          provider: Wire.provider,
          option: "domain",
          message: `${Wire.provider}: "domain" is not a bare domain: give it like hotel.example, without scheme, port and path.`
        })
      )

/**
 * Makes Su's flow: how to log in and how to validate, without any state. Does no call.
 *
 * A token of the other environment is `AccessDenied`, whether minted, loaded or validated.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const { environment } = options
  const clientId = yield* domain(options.domain)
  const baseUrl = yield* AuthFlow.baseUrl(
    Wire.provider,
    "baseUrl",
    options.baseUrl ?? Wire.defaultBaseUrl[environment],
    options
  )
  const validateUrl = yield* AuthFlow.url(
    Wire.provider,
    "validateUrl",
    options.validateUrl ?? `${baseUrl}${Wire.validatePath}`,
    options
  )
  return yield* AuthFlow.make({
    provider: Wire.provider,
    key: yield* AuthFlow.storeKey(Wire.provider, environment, baseUrl, clientId),
    apiUrl: baseUrl,
    credential: AuthFlow.credential(Wire.provider, "clientSecret", options.clientSecret, "header"),
    login: (clientSecret) =>
      TokenEndpoint.exchange(client, Wire.login({ baseUrl, domain: clientId, clientSecret }), Wire.readLogin),
    admit: ({ accessToken }) =>
      Wire.isOf(environment, accessToken)
        ? Option.none()
        : Option.some(Wire.ofAnotherEnvironment(environment, "login")),
    validate: (accessToken) =>
      Wire.isOf(environment, accessToken)
        ? TokenEndpoint.exchange(client, Wire.validate({ validateUrl, accessToken }), Wire.readValidate)
        : Effect.fail(Wire.ofAnotherEnvironment(environment, "validate")),
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})

/**
 * Keeps Su's token, in the scope of the layer. Tokens go to the `TokenStore` of the context,
 * where there is one. Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: LayerOptions
): Layer.Layer<Su, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.scoped(
    Su,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig {
  /** Default: `SU_ENVIRONMENT`, `sandbox` or `live`. */
  readonly environment?: Config.Config<Wire.Environment> | undefined
  /** Default: `SU_DOMAIN`. */
  readonly domain?: Config.Config<string> | undefined
  /** Default: `SU_CLIENT_SECRET`; read again at each login. */
  readonly clientSecret?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: that of {@link Options}. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** Default: that of {@link Options}. */
  readonly validateUrl?: Config.Config<string> | undefined
  readonly policy?: RefreshPolicy | undefined
}

/** `Config.literal` would repeat what it read, which may be what belongs into the variable next to it (R15). */
const environment: Config.Config<Wire.Environment> = Config.mapOrFail(
  Config.string("SU_ENVIRONMENT"),
  (value) =>
    value === "sandbox" || value === "live"
      ? Either.right(value)
      : Either.left(ConfigError.InvalidData([], 'Expected "sandbox" or "live".'))
)

/**
 * {@link layer}, with its options from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: LayerConfig = {}
): Layer.Layer<Su, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(
      AuthFlow.fromConfig(
        Wire.provider,
        Effect.all(
          {
            environment: AuthFlow.requiredConfig(
              config.environment ?? environment,
              'it is "sandbox" or "live"'
            ),
            domain: AuthFlow.requiredConfig(config.domain ?? Config.string("SU_DOMAIN")),
            clientSecret: AuthFlow.secretConfig(config.clientSecret ?? Config.redacted("SU_CLIENT_SECRET")),
            baseUrl: AuthFlow.optionalConfig(config.baseUrl),
            validateUrl: AuthFlow.optionalConfig(config.validateUrl)
          },
          { mode: "validate" }
        )
      ),
      (options) => layer({ ...options, policy: config.policy })
    )
  )

/**
 * The typed client of Su: relative URLs start at the base URL, requests carry the token,
 * and an `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends Context.Tag("@latchkey/su/Su/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError | AuthError>
>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context. Made afresh wherever it is
   * provided: memoised by reference, as layers are, it would hand one tenant's client to another.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, Su | HttpClient.HttpClient> = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(Su, (manager) => AuthHttpClient.make(manager))
    )
  )
}

/**
 * Asks Su whether it accepts the token that the manager serves. A token that it does not accept is
 * `Unauthorized`, one of the other environment `AccessDenied`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const validate: Effect.Effect<void, AuthError, Su> = Effect.flatMap(Su, (manager) =>
  Effect.flatMap(manager.get, ({ value }) =>
    Option.match(manager.flow.validate, {
      onNone: () => Effect.void,
      onSome: (validate) => validate(value)
    })
  )
).pipe(Effect.withSpan("Su.validate", { captureStackTrace: false }))
