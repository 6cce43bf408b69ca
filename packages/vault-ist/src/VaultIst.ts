/**
 * vault.ist: a rotating refresh token for an access token of 24 hours.
 *
 * @since 0.1.0
 */
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import type { AuthError, Unavailable } from "@latchkey/core/AuthError"
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
 * The token manager of vault.ist: everything that talks to vault.ist shares it.
 *
 * @since 0.1.0
 * @category tags
 */
export class VaultIst extends Context.Tag("@latchkey/vault-ist/VaultIst")<
  VaultIst,
  TokenManager.TokenManager
>() {}

/**
 * What vault.ist's flow needs to know.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The refresh token to start from, or an effect that reads it. What a store holds wins once it is
   * newer: a restart does not replay a spent token. May be left out where there is a `login`.
   */
  readonly refreshToken?: AuthFlow.Secret | undefined
  /** How to log in once no refresh token is left (unverified). Default: there is no login. */
  readonly login?: Login | undefined
  /**
   * Names the account in the keys of a store: two people must not have the same. Default: a hash of the first
   * refresh token, which is read for it when the layer is built; without one the login's client id or username.
   */
  readonly account?: string | undefined
  /**
   * Where tokens are issued. Default: `https://api.vault.ist/v2.0/reference/gettoken`; real ones differ
   * per tenant (unverified).
   */
  readonly tokenUrl?: string | undefined
  /** Where the API is, and the only origin that gets the token. Default: `https://api.vault.ist`. */
  readonly apiUrl?: string | undefined
  /** Sends secrets and tokens in clear text over the network: for closed networks only. Default: false. */
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/**
 * A login of vault.ist (unverified): the grant types `client_credentials` and `password` of RFC 6749.
 *
 * @since 0.1.0
 * @category models
 */
export type Login =
  | {
      readonly grantType: "client_credentials"
      readonly clientId: string
      readonly clientSecret: AuthFlow.Secret
    }
  | { readonly grantType: "password"; readonly username: string; readonly password: AuthFlow.Secret }

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
 * Makes vault.ist's flow: how to refresh and perhaps to log in, without any state. Does no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const tokenUrl = yield* AuthFlow.url(
    Wire.provider,
    "tokenUrl",
    options.tokenUrl ?? Wire.defaultTokenUrl,
    options
  )
  const { account, credential, grant, kind, refreshToken } = yield* startOf(options)
  return yield* AuthFlow.make({
    provider: Wire.provider,
    key: yield* AuthFlow.storeKey(Wire.provider, tokenUrl, kind, account),
    apiUrl: options.apiUrl ?? Wire.defaultApiUrl,
    credential,
    login:
      grant === undefined
        ? undefined
        : (secret) => TokenEndpoint.exchange(client, Wire.login({ tokenUrl, grant, secret }), Wire.readLogin),
    refresh: ({ refreshToken }) =>
      TokenEndpoint.exchange(
        client,
        Wire.refresh({ tokenUrl, refreshToken: refreshToken.value }),
        Wire.readRefresh
      ),
    rotates: true,
    initialGrant: refreshToken && (() => Effect.map(refreshToken, (value) => AuthFlow.refreshGrant(value))),
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})

/** What the configuration brings: a refresh token to start from, a login, or both. */
const startOf = Effect.fnUntraced(function* (options: Options) {
  const login = options.login && (yield* loginOf(options.login))
  const named =
    options.account === undefined
      ? undefined
      : yield* AuthFlow.nonEmpty(Wire.provider, "account", options.account)
  if (options.refreshToken !== undefined) {
    const refreshToken = AuthFlow.credential(Wire.provider, "refreshToken", options.refreshToken)
    return {
      kind: "refresh_token",
      // Two people never share a record: a refresh token stands for whoever granted it, with a login beside it too.
      account: named ?? (yield* AuthFlow.fingerprint(Wire.provider, "refreshToken", options.refreshToken)),
      credential: login?.credential ?? refreshToken,
      grant: options.login,
      refreshToken
    }
  }
  if (options.login === undefined || login === undefined) {
    return yield* new AuthFlow.InvalidOptions({
      provider: Wire.provider,
      option: "refreshToken",
      message: `${Wire.provider}: there is neither a "refreshToken" nor a "login": vault.ist needs one to start from.`
    })
  }
  return {
    kind: options.login.grantType,
    account: named ?? login.name,
    credential: login.credential,
    grant: options.login,
    refreshToken: undefined
  }
})

const loginOf = (login: Login) => {
  const [option, name, secretOption, secret] =
    login.grantType === "client_credentials"
      ? (["clientId", login.clientId, "clientSecret", login.clientSecret] as const)
      : (["username", login.username, "password", login.password] as const)
  return Effect.map(AuthFlow.nonEmpty(Wire.provider, option, name), (name) => ({
    name,
    credential: AuthFlow.credential(Wire.provider, secretOption, secret)
  }))
}

/**
 * Keeps vault.ist's token, in the scope of the layer. Tokens go to the `TokenStore` of the context,
 * where there is one. Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: LayerOptions
): Layer.Layer<VaultIst, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.scoped(
    VaultIst,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig {
  /** Default: `VAULT_IST_REFRESH_TOKEN`. */
  readonly refreshToken?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: `VAULT_IST_TOKEN_URL`, else that of {@link Options}. */
  readonly tokenUrl?: Config.Config<string> | undefined
  /** Default: `VAULT_IST_API_URL`, else that of {@link Options}. */
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
): Layer.Layer<VaultIst, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(
      AuthFlow.fromConfig(
        Wire.provider,
        Effect.all(
          {
            refreshToken: AuthFlow.secretConfig(
              config.refreshToken ?? Config.redacted("VAULT_IST_REFRESH_TOKEN")
            ),
            tokenUrl: AuthFlow.optionalConfig(config.tokenUrl, Config.string("VAULT_IST_TOKEN_URL")),
            apiUrl: AuthFlow.optionalConfig(config.apiUrl, Config.string("VAULT_IST_API_URL"))
          },
          { mode: "validate" }
        )
      ),
      (options) => layer({ ...options, policy: config.policy })
    )
  )

/**
 * The typed client of vault.ist: relative URLs start at the API's base URL, requests carry the token,
 * and an `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends Context.Tag("@latchkey/vault-ist/VaultIst/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError | AuthError>
>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context. Made afresh wherever it is
   * provided: memoised by reference, as layers are, it would hand one tenant's client to another.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, VaultIst | HttpClient.HttpClient> = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(VaultIst, (manager) => AuthHttpClient.make(manager))
    )
  )
}
