/**
 * Any server that speaks RFC 6749: client credentials, refresh tokens, discovery, revocation.
 *
 * @since 0.1.0
 */
import type * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import type { AuthError, Unavailable } from "@latchkey/core/AuthError"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import * as TokenManager from "@latchkey/core/TokenManager"
import type * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { readOptions } from "./internal/config.ts"
import { makeFlow } from "./internal/flow.ts"

/**
 * A tag for the token manager of one server, where an application has several:
 * `class Acme extends OAuth2.Tag("Acme")<Acme>() {}`.
 *
 * @since 0.1.0
 * @category tags
 */
export const Tag =
  <const Id extends string>(id: Id) =>
  <Self>(): Context.TagClass<Self, Id, TokenManager.TokenManager> =>
    Context.Tag(id)<Self, TokenManager.TokenManager>()

/**
 * The token manager of the only server, or of the one that needs no name.
 *
 * @since 0.1.0
 * @category tags
 */
export class OAuth2 extends Tag("@latchkey/oauth2/OAuth2")<OAuth2>() {}

/**
 * How a client authenticates to the token endpoint (RFC 7591, section 2).
 *
 * @since 0.1.0
 * @category models
 */
export type AuthMethod = "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none"

/**
 * A private key as a JWK (RFC 7517): RSA of 2,048 bits or more, EC or Ed25519.
 *
 * @since 0.1.0
 * @category models
 */
export interface PrivateJwk extends JsonWebKey {
  readonly kid?: string
}

/**
 * A private key: a JWK, as an object or as JSON, or a `CryptoKey` that may sign.
 *
 * @since 0.1.0
 * @category models
 */
export type PrivateKey = Redacted.Redacted<PrivateJwk | string> | CryptoKey

/**
 * What the flow needs to know. Either `issuer` or `tokenUrl` says where tokens are issued, and
 * `clientSecret` or `privateKey`, or neither, how the client authenticates.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The server's issuer identifier, character by character as its metadata has it. What is not
   * configured is read from there at the first mint (RFC 8414; then OpenID's document), and again
   * after an hour, or where the token endpoint is not there any more. While that fails, what was known
   * is used.
   */
  readonly issuer?: string | undefined
  /** Where tokens are issued. With it nothing is discovered. */
  readonly tokenUrl?: string | undefined
  /** Where tokens are revoked (RFC 7009), for `revokeOnRelease`. Default: what is discovered. */
  readonly revocationUrl?: string | undefined
  /** Where the API is: relative URLs start here, and its origin gets the token. */
  readonly apiUrl: string
  /** The origins that get the token, and no others (R14). Default: that of `apiUrl`. */
  readonly origins?: ReadonlyArray<string> | undefined
  /** The `client_id`. */
  readonly clientId: string
  /** The `client_secret`, or an effect that reads it afresh. */
  readonly clientSecret?: AuthFlow.Secret | undefined
  /** The key of `private_key_jwt` (RFC 7523), or an effect that reads it afresh. */
  readonly privateKey?: PrivateKey | Effect.Effect<PrivateKey, unknown> | undefined
  /** The `kid` of the key. Default: that of the JWK. */
  readonly keyId?: string | undefined
  /** The JWS algorithm: `ES256`. Default: that of the JWK, else of its curve, else `RS256`. */
  readonly algorithm?: string | undefined
  /** The `aud` of the assertion. Default: the issuer, else the token URL. */
  readonly assertionAudience?: string | undefined
  /**
   * Default: `private_key_jwt` with a key, `none` with neither key nor secret, and with a secret
   * `client_secret_basic`, unless the server's metadata knows `client_secret_post` only.
   */
  readonly authMethod?: AuthMethod | undefined
  /**
   * The refresh token to start from, or an effect that reads it. What a store holds wins once it is
   * newer. It stands for whoever granted it, so there is no login then, unless `login` says so.
   */
  readonly refreshToken?: AuthFlow.Secret | undefined
  /** Whether to log in with `client_credentials`. Default: true without a `refreshToken`. */
  readonly login?: boolean | undefined
  /**
   * Whether a refresh may spend its refresh token (R7, R8). True is safe with servers that keep it.
   * Default: true with a `refreshToken`; without one a lost chain costs a login only.
   */
  readonly rotates?: boolean | undefined
  /**
   * Names the account in the keys of a store: two people must not have the same. Default: a hash of the first
   * refresh token, which is read for it when the layer is built; without one `clientId`.
   */
  readonly account?: string | undefined
  /**
   * The scope to ask for, at a login, and at a refresh of a configured `refreshToken`. Default: the
   * server's.
   */
  readonly scope?: string | ReadonlyArray<string> | undefined
  /** The `audience` parameter, which Auth0 and others ask for. */
  readonly audience?: string | undefined
  /** Resource indicators (RFC 8707). */
  readonly resource?: string | ReadonlyArray<string> | undefined
  /** More parameters of the token request. Not for secrets. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /**
   * What the error codes of this server mean, where they are not those of RFC 6749, section 5.2:
   * `{ token_expired: "Expired" }`. `Expired` says that the refresh token has ended and is never sent again;
   * any other refusal of a refresh keeps it. The code wins over the status.
   */
  readonly refusals?: { readonly [code: string]: AuthError["_tag"] } | undefined
  /** The lifetime of an access token whose answer has no `expires_in`: at most 100 years. Default: 5 minutes. */
  readonly defaultLifetime?: Duration.DurationInput | undefined
  /** The provider's name in errors, events, metrics and store keys. Default: that of the tag, or `oauth2`. */
  readonly name?: string | undefined
  /** Sends secrets and tokens in clear text over the network: for closed networks only. Default: false. */
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
 * Makes the flow: how to log in and to refresh, without any token. Does no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<AuthFlow.AuthFlow, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> = makeFlow

/** `@app/Acme` is `acme`: names stand in metrics and in the keys of stores. */
const nameOf = ({ key }: { readonly key: string }): string =>
  key.slice(key.lastIndexOf("/") + 1).toLowerCase()

/**
 * Keeps the token of a server, in the scope of the layer: of the one under the tag {@link OAuth2}, or
 * under a tag of the application's own. Tokens go to the `TokenStore` of the context, where there is one.
 * Does no call before the first request.
 *
 * @since 0.1.0
 * @category layers
 */
export function layer<Id>(
  tag: Context.Tag<Id, TokenManager.TokenManager>,
  options: LayerOptions
): Layer.Layer<Id, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
export function layer(
  options: LayerOptions
): Layer.Layer<OAuth2, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
export function layer<Id>(
  ...args: [tag: Context.Tag<Id, TokenManager.TokenManager>, options: LayerOptions] | [options: LayerOptions]
) {
  return args.length === 1 ? layerOf(OAuth2, args[0]) : layerOf(args[0], args[1])
}

const layerOf = <Id>(
  tag: Context.Tag<Id, TokenManager.TokenManager>,
  options: LayerOptions
): Layer.Layer<Id, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.scoped(
    tag,
    Effect.flatMap(make({ ...options, name: options.name ?? nameOf(tag) }), (flow) =>
      TokenManager.make(flow, options)
    )
  )

/** What may come from the environment. */
type FromConfig =
  | "issuer"
  | "tokenUrl"
  | "clientId"
  | "clientSecret"
  | "privateKey"
  | "refreshToken"
  | "scope"
  | "audience"
  | "apiUrl"

/**
 * What {@link layerConfig} reads, and the options that are no matter of configuration. Every field has
 * a default. Variables have the prefix `OAUTH2`, or another: `ACME_CLIENT_ID`.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig extends Omit<LayerOptions, FromConfig> {
  /** Stands before the names of the variables. Default: `OAUTH2`. */
  readonly prefix?: string | undefined
  /** Default: `OAUTH2_ISSUER`, if it is set. */
  readonly issuer?: Config.Config<string> | undefined
  /** Default: `OAUTH2_TOKEN_URL`, if it is set. */
  readonly tokenUrl?: Config.Config<string> | undefined
  /** Default: `OAUTH2_CLIENT_ID`. */
  readonly clientId?: Config.Config<string> | undefined
  /** Default: `OAUTH2_CLIENT_SECRET`, if it is set; read again at each login. */
  readonly clientSecret?: Config.Config<Redacted.Redacted<string>> | undefined
  /** A JWK as JSON. Default: `OAUTH2_PRIVATE_KEY`, if it is set; read again at each login. */
  readonly privateKey?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: `OAUTH2_REFRESH_TOKEN`, if it is set; read again at each login. */
  readonly refreshToken?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: `OAUTH2_SCOPE`, if it is set. */
  readonly scope?: Config.Config<string> | undefined
  /** Default: `OAUTH2_AUDIENCE`, if it is set. */
  readonly audience?: Config.Config<string> | undefined
  /** Default: `OAUTH2_API_URL`. */
  readonly apiUrl?: Config.Config<string> | undefined
}

/**
 * {@link layer}, with its options from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export function layerConfig<Id>(
  tag: Context.Tag<Id, TokenManager.TokenManager>,
  config?: LayerConfig
): Layer.Layer<Id, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
export function layerConfig(
  config?: LayerConfig
): Layer.Layer<OAuth2, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
export function layerConfig<Id>(
  first?: Context.Tag<Id, TokenManager.TokenManager> | LayerConfig,
  second?: LayerConfig
) {
  return isManagerTag(first) ? layerConfigOf(first, second) : layerConfigOf(OAuth2, first)
}

const isManagerTag = <Id>(
  u: Context.Tag<Id, TokenManager.TokenManager> | LayerConfig | undefined
): u is Context.Tag<Id, TokenManager.TokenManager> => Context.isTag(u)

const layerConfigOf = <Id>(
  tag: Context.Tag<Id, TokenManager.TokenManager>,
  config: LayerConfig = {}
): Layer.Layer<Id, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(readOptions(config.name ?? nameOf(tag), config), (options) => layerOf(tag, options))
  )

/**
 * What a typed client is.
 *
 * @since 0.1.0
 * @category clients
 */
export type ClientService = HttpClient.HttpClient.With<HttpClientError | AuthError>

/**
 * A tag for the typed client of one server, where an application has several:
 *
 * ```ts skip
 * class AcmeClient extends OAuth2.ClientTag("AcmeClient")<AcmeClient>() {
 *   static readonly layer = OAuth2.clientLayer(AcmeClient, Acme)
 * }
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export const ClientTag =
  <const Id extends string>(id: Id) =>
  <Self>(): Context.TagClass<Self, Id, ClientService> =>
    Context.Tag(id)<Self, ClientService>()

/**
 * The typed client under a tag, over the manager under another and the `HttpClient` of the context. Made
 * afresh wherever it is provided: memoised by reference, as layers are, it would hand one tenant's client
 * to another.
 *
 * @since 0.1.0
 * @category layers
 */
export const clientLayer = <Id, ManagerId>(
  client: Context.Tag<Id, ClientService>,
  manager: Context.Tag<ManagerId, TokenManager.TokenManager>
): Layer.Layer<Id, never, ManagerId | HttpClient.HttpClient> =>
  Layer.fresh(
    Layer.effect(
      client,
      Effect.flatMap(manager, (manager) => AuthHttpClient.make(manager))
    )
  )

/**
 * The typed client over {@link OAuth2}: relative URLs start at `apiUrl`, requests carry the token, and an
 * `AuthError` stands in the error channel.
 *
 * @since 0.1.0
 * @category clients
 */
export class Client extends ClientTag("@latchkey/oauth2/OAuth2/Client")<Client>() {
  /**
   * The typed client over the manager and the `HttpClient` of the context; see {@link clientLayer}.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Client, never, OAuth2 | HttpClient.HttpClient> = clientLayer(
    Client,
    OAuth2
  )
}
