/**
 * Autopay: client credentials for a token of 10 to 24 hours, no refresh token.
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
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Wire from "./internal/wire.ts"

/**
 * The token manager of Autopay: everything that talks to Autopay shares it.
 *
 * @since 0.1.0
 * @category tags
 */
export class Autopay extends Context.Tag("@latchkey/autopay/Autopay")<Autopay, TokenManager.TokenManager>() {}

/**
 * What Autopay's flow needs to know. Autopay's representative gives out the credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The `client_id`. */
  readonly clientId: string
  /** The `client_secret`, or an effect that reads it at each login. */
  readonly clientSecret: AuthFlow.Secret
  /** The `audience`. Default: `https://api.autopay.io`, which Autopay asks of everybody. */
  readonly audience?: string | undefined
  /** Where tokens are issued. Default: `https://api-auth.autopay.io/oauth/token`. */
  readonly tokenUrl?: string | undefined
  /** Where the API is, and the only origin that gets the token. Default: `https://api.autopay.io`. */
  readonly apiUrl?: string | undefined
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

/**
 * Makes Autopay's flow: how to log in, without any state. Does no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const clientId = yield* AuthFlow.nonEmpty(Wire.provider, "clientId", options.clientId)
  const tokenUrl = yield* AuthFlow.url(
    Wire.provider,
    "tokenUrl",
    options.tokenUrl ?? Wire.defaultTokenUrl,
    options
  )
  const audience = yield* AuthFlow.nonEmpty(
    Wire.provider,
    "audience",
    options.audience ?? Wire.defaultAudience
  )
  return yield* AuthFlow.make({
    provider: Wire.provider,
    key: yield* AuthFlow.storeKey(Wire.provider, tokenUrl, clientId, audience),
    apiUrl: options.apiUrl ?? Wire.defaultApiUrl,
    credential: AuthFlow.credential(Wire.provider, "clientSecret", options.clientSecret),
    login: (clientSecret) =>
      TokenEndpoint.exchange(
        client,
        Wire.login({ tokenUrl, clientId, clientSecret, audience }),
        Wire.readLogin
      ),
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})

/**
 * Keeps Autopay's token, in the scope of the layer. Tokens go to the `TokenStore` of the context,
 * where there is one. Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: LayerOptions
): Layer.Layer<Autopay, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.scoped(
    Autopay,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig {
  /** Default: `AUTOPAY_CLIENT_ID`. */
  readonly clientId?: Config.Config<string> | undefined
  /** Default: `AUTOPAY_CLIENT_SECRET`; read again at each login. */
  readonly clientSecret?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: that of {@link Options}. */
  readonly audience?: Config.Config<string> | undefined
  /** Default: that of {@link Options}. */
  readonly tokenUrl?: Config.Config<string> | undefined
  /** Default: that of {@link Options}. */
  readonly apiUrl?: Config.Config<string> | undefined
  readonly policy?: RefreshPolicy | undefined
}

/**
 * {@link layer}, with its options from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: LayerConfig = {}
): Layer.Layer<Autopay, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(
      AuthFlow.fromConfig(
        Wire.provider,
        Effect.all(
          {
            clientId: AuthFlow.requiredConfig(config.clientId ?? Config.string("AUTOPAY_CLIENT_ID")),
            clientSecret: AuthFlow.secretConfig(
              config.clientSecret ?? Config.redacted("AUTOPAY_CLIENT_SECRET")
            ),
            audience: AuthFlow.optionalConfig(config.audience),
            tokenUrl: AuthFlow.optionalConfig(config.tokenUrl),
            apiUrl: AuthFlow.optionalConfig(config.apiUrl)
          },
          { mode: "validate" }
        )
      ),
      (options) => layer({ ...options, policy: config.policy })
    )
  )

/**
 * The typed client of Autopay: relative URLs start at the API's base URL, requests carry the token,
 * and an `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends Context.Tag("@latchkey/autopay/Autopay/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError | AuthError>
>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context. Made afresh wherever it is
   * provided: memoised by reference, as layers are, it would hand one tenant's client to another.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, Autopay | HttpClient.HttpClient> = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(Autopay, (manager) => AuthHttpClient.make(manager))
    )
  )
}
