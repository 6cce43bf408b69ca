/**
 * The contract that a provider package fulfils: how one provider issues tokens.
 *
 * @since 0.1.0
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Config from "effect/Config"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as AuthError from "./AuthError.ts"
import { RefreshToken, type TokenSet } from "./TokenSet.ts"
import { InvalidOptions } from "./internal/invalidOptions.ts"
import { isMissing } from "./internal/isMissing.ts"
import * as OptionConfig from "./internal/optionConfig.ts"
import { parseUrl } from "./internal/parseUrl.ts"
import { missing, secretFlaw } from "./internal/secretFlaw.ts"
import { sha256 } from "./internal/sha256.ts"

/**
 * The mark of an {@link AuthFlow}.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@latchkey/core/AuthFlow")

/**
 * The type of {@link TypeId}.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * The credential that a flow is configured with: a client secret, or for a flow without a login
 * the first refresh token.
 *
 * @since 0.1.0
 * @category models
 */
export type Credential = Redacted.Redacted<string>

/**
 * What a refresh is made from: the refresh token, and the access token that came with it, which
 * some providers ask for even after it expired.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefreshGrant {
  readonly refreshToken: RefreshToken
  readonly accessToken: Option.Option<Redacted.Redacted<string>>
}

/**
 * The grant of a configured refresh token, and of the access token that came with it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refreshGrant = (
  refreshToken: Redacted.Redacted<string>,
  accessToken?: Redacted.Redacted<string>
): RefreshGrant => ({
  refreshToken: new RefreshToken({ value: refreshToken, expiresAt: Option.none() }),
  accessToken: Option.fromNullable(accessToken)
})

/**
 * How one provider issues tokens. A flow holds no token and no state: it knows how to ask.
 * Caching, sharing, retrying and refreshing ahead belong to the `TokenManager`.
 *
 * Effects need nothing (`R = never`): dependencies are acquired when the flow is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface AuthFlow {
  readonly [TypeId]: TypeId
  /** The provider's name, in errors, events, metrics and store keys: `autopay`. */
  readonly provider: string
  /** The key of its tokens in a store: see {@link storeKey}. */
  readonly key: string
  /** Where the typed client's relative URLs start. */
  readonly apiUrl: string
  /** The origins that a token may be sent to, exactly (R14): `https://api.autopay.io`. */
  readonly origins: ReadonlyArray<string>
  /** Reads the credential; run at each login, so that a rotated secret is picked up (R16). */
  readonly credential: Effect.Effect<Credential, AuthError.AuthError>
  /** Logs in with the credential. None: the flow has no login and lives on its refresh token. */
  readonly login: Option.Option<(credential: Credential) => Effect.Effect<TokenSet, AuthError.AuthError>>
  /** Refreshes. None: the flow has no refresh token and logs in again. */
  readonly refresh: Option.Option<(grant: RefreshGrant) => Effect.Effect<TokenSet, AuthError.AuthError>>
  /**
   * Whether a refresh spends its refresh token: the answer brings a new one, and the old one must
   * not be used again (R7, R8).
   */
  readonly rotates: boolean
  /**
   * The grant to start from where the configuration brings one, perhaps made from the credential:
   * used while no newer refresh token is known, neither here nor in a store.
   */
  readonly initialGrant: Option.Option<
    (credential: Credential) => Effect.Effect<RefreshGrant, AuthError.AuthError>
  >
  /**
   * Whether a login is of the account that the refresh token of `initialGrant` belongs to. If not, a login
   * would go on as somebody else, and follows nothing but the end of that refresh token, or the provider's
   * own refusal of it, twice (R6).
   */
  readonly sameAccount: boolean
  /**
   * Revokes a token set at the provider (RFC 7009). Runs again where it failed for a moment, so what is
   * already revoked must not fail. None: the provider cannot.
   */
  readonly revoke: Option.Option<(tokens: TokenSet) => Effect.Effect<void, AuthError.AuthError>>
  /** Asks the provider whether it accepts an access token. None: the provider cannot be asked. */
  readonly validate: Option.Option<
    (accessToken: Redacted.Redacted<string>) => Effect.Effect<void, AuthError.AuthError>
  >
  /** Whether an answer of the API rejects the token it was sent with (R9). */
  readonly isTokenRejected: (response: HttpClientResponse.HttpClientResponse) => boolean
  /**
   * A last look at a token set before it is used, whether minted or loaded: for a provider whose
   * tokens name the environment they are good for. Left: why it must not be used.
   */
  readonly admit: (tokens: TokenSet) => Option.Option<AuthError.AuthError>
  /** How transient mint failures are retried; default: `RefreshPolicy.defaultRetry` (R11). */
  readonly retry: Option.Option<Schedule.Schedule<unknown, AuthError.AuthError>>
}

/**
 * What a flow must say of itself; the rest has defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly provider: string
  readonly key: string
  readonly apiUrl: string
  /** Default: the origin of `apiUrl`, and no other. */
  readonly origins?: ReadonlyArray<string> | undefined
  readonly credential: Effect.Effect<Credential, AuthError.AuthError>
  readonly login?: ((credential: Credential) => Effect.Effect<TokenSet, AuthError.AuthError>) | undefined
  readonly refresh?: ((grant: RefreshGrant) => Effect.Effect<TokenSet, AuthError.AuthError>) | undefined
  /** Default: false. */
  readonly rotates?: boolean | undefined
  readonly initialGrant?:
    | ((credential: Credential) => Effect.Effect<RefreshGrant, AuthError.AuthError>)
    | undefined
  /** Default: true without an `initialGrant`, and false with one. */
  readonly sameAccount?: boolean | undefined
  readonly revoke?: ((tokens: TokenSet) => Effect.Effect<void, AuthError.AuthError>) | undefined
  readonly validate?:
    | ((accessToken: Redacted.Redacted<string>) => Effect.Effect<void, AuthError.AuthError>)
    | undefined
  /** Default: {@link isTokenRejected}. */
  readonly isTokenRejected?: ((response: HttpClientResponse.HttpClientResponse) => boolean) | undefined
  /** Default: every token set is admitted. */
  readonly admit?: ((tokens: TokenSet) => Option.Option<AuthError.AuthError>) | undefined
  readonly retry?: Schedule.Schedule<unknown, AuthError.AuthError> | undefined
  /** Sends tokens in clear text over the network: for closed networks only. Default: false. */
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/**
 * The default of `isTokenRejected`: a 401, unless its challenge says that the token was good and
 * only its scope was not (RFC 6750, section 3.1). A 403 never is.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTokenRejected = (response: HttpClientResponse.HttpClientResponse): boolean =>
  response.status === 401 &&
  !/\berror\s*=\s*"?insufficient_scope\b/i.test(response.headers["www-authenticate"] ?? "")

/**
 * An option of a flow or a client that cannot be used. Fails the construction of the layer.
 *
 * @since 0.1.0
 * @category errors
 */
export { InvalidOptions }

/**
 * A secret in an option: its value, or an effect that reads it afresh at each login, so that a
 * rotated secret is picked up without a restart (R16). A `Config` is such an effect.
 *
 * @since 0.1.0
 * @category models
 */
export type Secret = Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown>

/**
 * Reads a secret option. Nothing is sent where it cannot be used:
 *
 * - A failure of the effect that provides it becomes `Unavailable`, without the cause: what a secret manager
 *   says when it fails may hold what it keeps (R15).
 * - One that is missing is `Unauthorized`: no string, as `Redacted.make(process.env.X!)` is without the
 *   variable, or a blank one; so is a `Config` whose variable is missing.
 * - So is one that cannot stand in the header that is to carry it: any header, or `Authorization`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const credential = (
  provider: string,
  option: string,
  secret: Secret,
  carrier?: "header" | "Authorization"
): Effect.Effect<Credential, AuthError.AuthError> =>
  // R15: within a function, for an effect that is printed shows what it is made of.
  Effect.suspend(() =>
    Effect.flatMap(
      Effect.isEffect(secret)
        ? Effect.catchAllCause(secret, (cause) => Effect.fail(unreadable(provider, option, cause)))
        : Effect.succeed(secret),
      (value) => {
        const flaw = secretFlaw(value, carrier)
        return flaw === undefined ? Effect.succeed(value) : Effect.fail(flawed(provider, option, flaw))
      }
    )
  )

const flawed = (provider: string, option: string, flaw: string) =>
  new AuthError.Unauthorized({
    provider,
    operation: "login",
    message: `${provider}: the secret "${option}" ${flaw}.`
  })

/**
 * What an effect that provides a secret fails with, in our words: see {@link credential}.
 *
 * @since 0.1.0
 * @category errors
 */
export const unreadable = (
  provider: string,
  option: string,
  cause: Cause.Cause<unknown>
): AuthError.AuthError =>
  Option.exists(Cause.failureOption(cause), OptionConfig.isMissingVariable)
    ? flawed(provider, option, missing)
    : new AuthError.Unavailable({
        provider,
        operation: "login",
        message: `${provider}: the secret "${option}" could not be read: check its effect.`
      })

/**
 * What is wrong with options that were read from the environment: see {@link fromConfig}.
 *
 * @since 0.1.0
 * @category config
 */
export type ConfigProblem = OptionConfig.Problem

/**
 * An option in a `Config`. Set to nothing, or to white space, it is missing. `hint` says what it may be: a
 * value that cannot be used is not repeated (R15).
 *
 * @since 0.1.0
 * @category config
 */
export const requiredConfig: <A>(config: Config.Config<A>, hint?: string) => Effect.Effect<A, ConfigProblem> =
  OptionConfig.required

/**
 * An option that may be left out. A `Config` that is `given` must be there; `otherwise`, the provider's own
 * variable, may be missing.
 *
 * @since 0.1.0
 * @category config
 */
export const optionalConfig = <A>(
  given: Config.Config<A> | undefined,
  otherwise?: Config.Config<A>
): Effect.Effect<A | undefined, ConfigProblem> =>
  given !== undefined
    ? OptionConfig.required(given)
    : otherwise === undefined
      ? Effect.succeed(undefined)
      : OptionConfig.optional(otherwise)

/**
 * A secret in a `Config`: read once now, so that a missing one fails the layer, and then afresh at
 * each login from the same `ConfigProvider` (R16).
 *
 * @since 0.1.0
 * @category config
 */
export const secretConfig = (
  config: Config.Config<Redacted.Redacted<string>>
): Effect.Effect<Secret, ConfigProblem> =>
  Effect.configProviderWith((provider) =>
    Effect.as(OptionConfig.required(config), Effect.withConfigProvider(config, provider))
  )

/**
 * A secret that may be left out, as in {@link optionalConfig}; what is there is read again at each login (R16).
 *
 * @since 0.1.0
 * @category config
 */
export const optionalSecretConfig = (
  given: Config.Config<Redacted.Redacted<string>> | undefined,
  otherwise: Config.Config<Redacted.Redacted<string>>
): Effect.Effect<Secret | undefined, ConfigProblem> =>
  Effect.flatMap(optionalConfig(given, otherwise), (value) =>
    value === undefined ? Effect.succeed(undefined) : secretConfig(given ?? otherwise)
  )

/**
 * The options that `Effect.all({ … }, { mode: "validate" })` reads, each by its name. Fails once, for all that
 * are missing or cannot be used: the message names provider, options and variables.
 *
 * @since 0.1.0
 * @category config
 */
export const fromConfig = <A>(
  provider: string,
  options: Effect.Effect<A, { readonly [option: string]: Option.Option<ConfigProblem> }>
): Effect.Effect<A, InvalidOptions> =>
  Effect.mapError(options, (problems) => OptionConfig.invalid(provider, problems))

/** The string that there is already rather than its equal: ten thousand tenants share it. */
const sameText = (known: string, text: string): string => (text === known ? known : text)

/** 127.0.0.0/8, `::1` and the names that RFC 6761, section 6.3 reserves for loopback. */
const loopback = /^(?:localhost|(?:[^.]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Checks a URL option (R14): absolute, without userinfo, query and fragment, and HTTPS unless it
 * points at loopback.
 *
 * @since 0.1.0
 * @category constructors
 */
export const url = (
  provider: string,
  option: string,
  value: string,
  options?: {
    /** Sends secrets and tokens in clear text over the network: for closed networks only. */
    readonly dangerouslyAllowInsecureHttp?: boolean | undefined
  }
): Effect.Effect<string, InvalidOptions> =>
  Effect.suspend(() => {
    const refuse = (what: string) =>
      Effect.fail(new InvalidOptions({ provider, option, message: `${provider}: ${what}` }))
    if (isMissing(value)) {
      return refuse(`"${option}" ${missing}.`)
    }
    const parsed = parseUrl(value)
    if (parsed === undefined) {
      return refuse(`"${option}" is not an absolute URL: give one like https://host/path.`)
    }
    if (parsed.username !== "" || parsed.password !== "" || /[?#]/.test(value)) {
      return refuse(`"${option}" has a userinfo, a query or a fragment: give scheme, host and path only.`)
    }
    const insecure = options?.dangerouslyAllowInsecureHttp === true || loopback.test(parsed.hostname)
    if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && insecure)) {
      return refuse(
        `"${option}" is not HTTPS: tokens and secrets travel in it. Use https:// (http:// is for loopback).`
      )
    }
    return Effect.succeed(sameText(value, parsed.href))
  })

/**
 * Checks a URL option that paths are appended to: as {@link url}, without its trailing slashes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const baseUrl: typeof url = (provider, option, value, options) =>
  Effect.map(url(provider, option, value, options), (href) => sameText(value, href.replace(/\/+$/, "")))

/**
 * Checks an option that must not be empty, nor begin or end with white space, which a copied id often does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const nonEmpty = (
  provider: string,
  option: string,
  value: string
): Effect.Effect<string, InvalidOptions> => {
  const flaw = isMissing(value)
    ? missing
    : value.trim() === value
      ? undefined
      : "begins or ends with white space: remove it"
  return flaw === undefined
    ? Effect.succeed(value)
    : Effect.fail(new InvalidOptions({ provider, option, message: `${provider}: "${option}" ${flaw}.` }))
}

/**
 * The key of a flow's tokens in a store: a SHA-256 of what tells two credentials apart (provider,
 * environment, token URL, the kind of credential where there are several, and the account: a client id,
 * or the {@link fingerprint} of a refresh token). No secret goes in, and two credentials never share a key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const storeKey = (provider: string, ...parts: ReadonlyArray<string>): Effect.Effect<string> =>
  // JSON keeps the parts apart: ["ab", "c"] and ["a", "bc"] are two keys.
  Effect.map(sha256(JSON.stringify([provider, ...parts])), (digest) => [provider, digest].join("-"))

const admitAll = (): Option.Option<AuthError.AuthError> => Option.none()

/**
 * A SHA-256 of a secret option, for the {@link storeKey} of a flow whose configuration holds nothing
 * else that tells two accounts apart: a refresh token stands for whoever granted it.
 *
 * Reads the secret once, when the flow is made. `InvalidOptions` where it is missing, `Unavailable` where the
 * effect that provides it fails: it may be read later.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fingerprint = (
  provider: string,
  option: string,
  secret: Secret
): Effect.Effect<string, InvalidOptions | AuthError.Unavailable> =>
  credential(provider, option, secret).pipe(
    Effect.mapError((error) =>
      error._tag === "Unavailable" ? error : new InvalidOptions({ provider, option, message: error.message })
    ),
    Effect.flatMap((value) => sha256(Redacted.value(value)))
  )

/**
 * Makes a flow; checks its name, its key and its URLs, and writes its origins in their one canonical form.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const check = (option: string, value: string) => baseUrl(options.provider, option, value, options)
  yield* nonEmpty(options.provider, "provider", options.provider)
  yield* nonEmpty(options.provider, "key", options.key)
  const apiUrl = yield* check("apiUrl", options.apiUrl)
  if (options.origins?.length === 0) {
    return yield* new InvalidOptions({
      provider: options.provider,
      option: "origins",
      message: `${options.provider}: "origins" is empty, so that no request would carry the token: name one, or leave it out.`
    })
  }
  const origins = yield* Effect.forEach(options.origins ?? [apiUrl], (origin) => check("origins", origin))
  const flow: AuthFlow = {
    provider: options.provider,
    key: options.key,
    apiUrl,
    origins: origins.map((origin) => sameText(origin, new URL(origin).origin)),
    credential: options.credential,
    login: Option.fromNullable(options.login),
    refresh: Option.fromNullable(options.refresh),
    rotates: options.rotates ?? false,
    initialGrant: Option.fromNullable(options.initialGrant),
    sameAccount: options.sameAccount ?? options.initialGrant === undefined,
    revoke: Option.fromNullable(options.revoke),
    validate: Option.fromNullable(options.validate),
    isTokenRejected: options.isTokenRejected ?? isTokenRejected,
    admit: options.admit ?? admitAll,
    retry: Option.fromNullable(options.retry),
    // Last: what follows a computed key is stored outside of the object, at twice the size.
    [TypeId]: TypeId
  }
  return flow
})
