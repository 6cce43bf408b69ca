/**
 * VaultsPay: a login for an access token of minutes and a refresh token of days.
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
 * The token manager of VaultsPay: everything that talks to VaultsPay shares it.
 *
 * @since 0.1.0
 * @category tags
 */
export class VaultsPay extends Context.Tag("@latchkey/vaultspay/VaultsPay")<
  VaultsPay,
  TokenManager.TokenManager
>() {}

/**
 * What VaultsPay's flow needs to know. The credentials stand in the Dashboard: API Keys, Apps.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where the API and its login are, and the only origin that gets the token. */
  readonly baseUrl: string
  /** The `clientId`. */
  readonly clientId: string
  /** The `clientSecret`, or an effect that reads it at each login. */
  readonly clientSecret: AuthFlow.Secret
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
 * Makes VaultsPay's flow: how to log in and how to refresh, without any state. Does no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const clientId = yield* AuthFlow.nonEmpty(Wire.provider, "clientId", options.clientId)
  const baseUrl = yield* AuthFlow.baseUrl(Wire.provider, "baseUrl", options.baseUrl, options)
  return yield* AuthFlow.make({
    provider: Wire.provider,
    key: yield* AuthFlow.storeKey(Wire.provider, baseUrl, clientId),
    apiUrl: baseUrl,
    credential: AuthFlow.credential(Wire.provider, "clientSecret", options.clientSecret),
    login: (clientSecret) =>
      TokenEndpoint.exchange(client, Wire.login({ baseUrl, clientId, clientSecret }), Wire.readLogin),
    refresh: ({ refreshToken }) =>
      TokenEndpoint.exchange(
        client,
        Wire.refresh({ baseUrl, refreshToken: refreshToken.value }),
        Wire.readRefresh
      ),
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})

/**
 * Keeps VaultsPay's token, in the scope of the layer. Tokens go to the `TokenStore` of the context,
 * where there is one. Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: LayerOptions
): Layer.Layer<VaultsPay, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.scoped(
    VaultsPay,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig {
  /** Default: `VAULTSPAY_BASE_URL`. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** Default: `VAULTSPAY_CLIENT_ID`. */
  readonly clientId?: Config.Config<string> | undefined
  /** Default: `VAULTSPAY_CLIENT_SECRET`; read again at each login. */
  readonly clientSecret?: Config.Config<Redacted.Redacted<string>> | undefined
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
): Layer.Layer<VaultsPay, AuthFlow.InvalidOptions, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(
      AuthFlow.fromConfig(
        Wire.provider,
        Effect.all(
          {
            baseUrl: AuthFlow.requiredConfig(config.baseUrl ?? Config.string("VAULTSPAY_BASE_URL")),
            clientId: AuthFlow.requiredConfig(config.clientId ?? Config.string("VAULTSPAY_CLIENT_ID")),
            clientSecret: AuthFlow.secretConfig(
              config.clientSecret ?? Config.redacted("VAULTSPAY_CLIENT_SECRET")
            )
          },
          { mode: "validate" }
        )
      ),
      (options) => layer({ ...options, policy: config.policy })
    )
  )

/**
 * The typed client of VaultsPay: relative URLs start at the base URL, requests carry the token,
 * and an `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends Context.Tag("@latchkey/vaultspay/VaultsPay/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError | AuthError>
>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context. Made afresh wherever it is
   * provided: memoised by reference, as layers are, it would hand one tenant's client to another.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, VaultsPay | HttpClient.HttpClient> = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(VaultsPay, (manager) => AuthHttpClient.make(manager))
    )
  )
}
