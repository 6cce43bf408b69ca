/**
 * PaymentsGate: a service account or a token pair, and a refresh token that rotates.
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
 * The token manager of PaymentsGate: everything that talks to PaymentsGate shares it.
 *
 * @since 0.1.0
 * @category tags
 */
export class PaymentsGate extends Context.Tag("@latchkey/paymentsgate/PaymentsGate")<
  PaymentsGate,
  TokenManager.TokenManager
>() {}

/**
 * What PaymentsGate's flow needs to know: a service account, a token pair to start from, or both.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Common &
  (
    | (ServiceAccount & { readonly [K in keyof TokenPair]?: undefined })
    | (TokenPair & { readonly [K in keyof ServiceAccount]?: undefined })
    | (ServiceAccount & TokenPair)
  )

/**
 * What every way to start needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Common {
  /**
   * Where the API and its login are, and the only origin that gets the token. Default:
   * `https://secure.sandbox.paymentsgate.io`, the sandbox.
   */
  readonly baseUrl?: string | undefined
  /** Sends secrets and tokens in clear text over the network: for closed networks only. Default: false. */
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/**
 * A service account that logs in (unverified: the seed has the refresh only).
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceAccount {
  /** The `account_id`. */
  readonly accountId: string
  /** The `public_key`, or an effect that reads it at each login. */
  readonly publicKey: AuthFlow.Secret
}

/**
 * A token pair to start from. What a store holds wins once it is newer: a restart does not replay a
 * spent refresh token.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenPair {
  /** The access token, even an expired one: a refresh sends it along. */
  readonly accessToken: AuthFlow.Secret
  /** The refresh token; a hash of it names the account in the keys of a store, and is made when the layer is built. */
  readonly refreshToken: AuthFlow.Secret
}

/**
 * Options of {@link layer}: those of the flow, and how early and how often its token is minted.
 *
 * @since 0.1.0
 * @category models
 */
export type LayerOptions = Options & {
  readonly policy?: RefreshPolicy | undefined
}

/**
 * Makes PaymentsGate's flow: how to log in and how to refresh, without any state. Does no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const baseUrl = yield* AuthFlow.baseUrl(
    Wire.provider,
    "baseUrl",
    options.baseUrl ?? Wire.defaultBaseUrl,
    options
  )
  const { account, accountId, credential, kind, pair } = yield* startOf(options)
  return yield* AuthFlow.make({
    provider: Wire.provider,
    key: yield* AuthFlow.storeKey(Wire.provider, baseUrl, kind, account),
    apiUrl: baseUrl,
    credential,
    login:
      accountId === undefined
        ? undefined
        : (publicKey) =>
            TokenEndpoint.exchange(client, Wire.login({ baseUrl, accountId, publicKey }), Wire.readLogin),
    refresh: ({ accessToken, refreshToken }) =>
      TokenEndpoint.exchange(
        client,
        Wire.refresh({ baseUrl, refreshToken: refreshToken.value, accessToken }),
        Wire.readRefresh
      ),
    rotates: true,
    initialGrant: pair && (() => pair),
    sameAccount: true,
    dangerouslyAllowInsecureHttp: options.dangerouslyAllowInsecureHttp
  })
})

/** What the configuration brings: an account to log in with, a pair to refresh, or both. */
const startOf = Effect.fnUntraced(function* (options: Options) {
  const account = yield* bothOrNeither("accountId", options.accountId, "publicKey", options.publicKey)
  const pair = yield* bothOrNeither("accessToken", options.accessToken, "refreshToken", options.refreshToken)
  const initial = pair && readPair(...pair)
  const login = account && {
    accountId: yield* AuthFlow.nonEmpty(Wire.provider, "accountId", account[0]),
    publicKey: AuthFlow.credential(Wire.provider, "publicKey", account[1])
  }
  if (pair !== undefined && initial !== undefined) {
    return {
      kind: "refresh_token",
      // Two people never share a record: a refresh token stands for whoever granted it.
      account: yield* AuthFlow.fingerprint(Wire.provider, "refreshToken", pair[1]),
      accountId: login?.accountId,
      credential: login?.publicKey ?? AuthFlow.credential(Wire.provider, "refreshToken", pair[1]),
      pair: initial
    }
  }
  if (login === undefined) {
    return yield* new AuthFlow.InvalidOptions({
      provider: Wire.provider,
      option: "accountId",
      message: `${Wire.provider}: there is neither an "accountId" with its "publicKey" nor a token pair: PaymentsGate needs one to start from.`
    })
  }
  const { accountId, publicKey } = login
  return { kind: "service_account", account: accountId, accountId, credential: publicKey, pair: undefined }
})

const readPair = (accessToken: AuthFlow.Secret, refreshToken: AuthFlow.Secret) =>
  Effect.zipWith(
    AuthFlow.credential(Wire.provider, "refreshToken", refreshToken),
    AuthFlow.credential(Wire.provider, "accessToken", accessToken, "Authorization"),
    AuthFlow.refreshGrant
  )

/** Two options that are of no use alone. */
const bothOrNeither = <A, B>(
  oneName: string,
  one: A | undefined,
  otherName: string,
  other: B | undefined
): Effect.Effect<readonly [A, B] | undefined, AuthFlow.InvalidOptions> => {
  if (one !== undefined && other !== undefined) {
    return Effect.succeed([one, other])
  }
  if (one === undefined && other === undefined) {
    return Effect.succeed(undefined)
  }
  const [given, missing] = one === undefined ? [otherName, oneName] : [oneName, otherName]
  return new AuthFlow.InvalidOptions({
    provider: Wire.provider,
    option: missing,
    message: `${Wire.provider}: "${missing}" is missing, without which "${given}" is of no use: set it.`
  })
}

/**
 * Keeps PaymentsGate's token, in the scope of the layer. Tokens go to the `TokenStore` of the context,
 * where there is one. Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: LayerOptions
): Layer.Layer<PaymentsGate, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.scoped(
    PaymentsGate,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig {
  /** Default: `PAYMENTSGATE_BASE_URL`, else that of {@link Options}. */
  readonly baseUrl?: Config.Config<string> | undefined
  /** Default: `PAYMENTSGATE_ACCOUNT_ID`. */
  readonly accountId?: Config.Config<string> | undefined
  /** Default: `PAYMENTSGATE_PUBLIC_KEY`; read again at each login. */
  readonly publicKey?: Config.Config<Redacted.Redacted<string>> | undefined
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
): Layer.Layer<PaymentsGate, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(
      AuthFlow.fromConfig(
        Wire.provider,
        Effect.all(
          {
            baseUrl: AuthFlow.optionalConfig(config.baseUrl, Config.string("PAYMENTSGATE_BASE_URL")),
            accountId: AuthFlow.requiredConfig(config.accountId ?? Config.string("PAYMENTSGATE_ACCOUNT_ID")),
            publicKey: AuthFlow.secretConfig(config.publicKey ?? Config.redacted("PAYMENTSGATE_PUBLIC_KEY"))
          },
          { mode: "validate" }
        )
      ),
      (options) => layer({ ...options, policy: config.policy })
    )
  )

/**
 * The typed client of PaymentsGate: relative URLs start at the base URL, requests carry the token,
 * and an `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends Context.Tag("@latchkey/paymentsgate/PaymentsGate/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError | AuthError>
>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context. Made afresh wherever it is
   * provided: memoised by reference, as layers are, it would hand one tenant's client to another.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, PaymentsGate | HttpClient.HttpClient> = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(PaymentsGate, (manager) => AuthHttpClient.make(manager))
    )
  )
}
