import * as Autopay from "@latchkey/autopay/Autopay"
import type { AuthError, Unavailable } from "@latchkey/core/AuthError"
import type * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import type * as TokenManager from "@latchkey/core/TokenManager"
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import * as Su from "@latchkey/su/Su"
import * as VaultIst from "@latchkey/vault-ist/VaultIst"
import * as VaultsPay from "@latchkey/vaultspay/VaultsPay"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import {
  AutopaySandbox,
  PaymentsGateSandbox,
  Sandbox,
  SuSandbox,
  VaultIstSandbox,
  VaultsPaySandbox,
  Wire
} from "@latchkey/testing"

type TypedClient = HttpClient.HttpClient.With<HttpClientError | AuthError>

/** What a sandbox is told: no client id holds the nonce, for a client id is no secret. */
interface Secrets {
  readonly nonce: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}

/** What an application gets of a provider. */
export interface Live {
  readonly manager: TokenManager.TokenManager
  readonly client: TypedClient
  /** The standard client, as `AuthHttpClient.layer` supplies it. */
  readonly standard: HttpClient.HttpClient
  /** All outputs of the layers. */
  readonly context: Context.Context<never>
}

export type Store = Layer.Layer<TokenStore.TokenStore> | Layer.Layer<never>

/** The layers of a provider, and the options that they were made from. */
interface Provided {
  readonly options: object
  readonly layer: Layer.Layer<never, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
  readonly build: (
    base: HttpClient.HttpClient,
    store: Store
  ) => Effect.Effect<Live, AuthFlow.InvalidOptions | Unavailable | AuthHttpClient.OriginConflict, Scope.Scope>
}

/** How one provider is configured, and which of its token endpoints a mint calls. */
export interface Driver {
  readonly name: string
  readonly endpoint: "login" | "refresh"
  /** Whether its mint is the first that happens. False: a refresh, after a login. */
  readonly mintsAtOnce: boolean
  /** Which paths are token endpoints. */
  readonly tokenPaths: { readonly [path: string]: "login" | "refresh" | "validate" }
  readonly sandbox: (secrets: Secrets) => Effect.Effect<Sandbox.Sandbox>
  /** The credential that it is configured with. */
  readonly secret: (sandbox: Sandbox.Sandbox, issued: Wire.Minted) => Redacted.Redacted<string>
  readonly provide: (sandbox: Sandbox.Sandbox, issued: Wire.Minted, secret: AuthFlow.Secret) => Provided
}

interface Tags<Id, ClientId> {
  readonly manager: Context.Tag<Id, TokenManager.TokenManager>
  readonly client: Context.Tag<ClientId, TypedClient>
  readonly clientLayer: Layer.Layer<ClientId, never, Id | HttpClient.HttpClient>
}

const provided =
  <Id, ClientId>(tags: Tags<Id, ClientId>) =>
  <Options extends object>(
    options: Options,
    make: (options: Options) => Layer.Layer<Id, AuthFlow.InvalidOptions | Unavailable, HttpClient.HttpClient>
  ): Provided => {
    const layer = make(options)
    return {
      options,
      layer,
      build: (base, store) =>
        Effect.map(
          Layer.build(
            Layer.merge(tags.clientLayer, AuthHttpClient.layer([tags.manager])).pipe(
              Layer.provideMerge(layer),
              Layer.provide(store),
              Layer.provide(Layer.succeed(HttpClient.HttpClient, base))
            )
          ),
          (context) => ({
            manager: Context.get(context, tags.manager),
            client: Context.get(context, tags.client),
            standard: Context.get(context, HttpClient.HttpClient),
            context
          })
        )
    }
  }

const autopay = provided({
  manager: Autopay.Autopay,
  client: Autopay.Client,
  clientLayer: Autopay.Client.layer
})
const vaultsPay = provided({
  manager: VaultsPay.VaultsPay,
  client: VaultsPay.Client,
  clientLayer: VaultsPay.Client.layer
})
const vaultIst = provided({
  manager: VaultIst.VaultIst,
  client: VaultIst.Client,
  clientLayer: VaultIst.Client.layer
})
const su = provided({ manager: Su.Su, client: Su.Client, clientLayer: Su.Client.layer })
const paymentsGate = provided({
  manager: PaymentsGate.PaymentsGate,
  client: PaymentsGate.Client,
  clientLayer: PaymentsGate.Client.layer
})

interface Fields {
  readonly [field: string]: unknown
}

const clientSecret = ({ credentials }: Sandbox.Sandbox) => credentials.clientSecret

export const refreshTokenOf = ({ refreshToken }: Wire.Minted): Redacted.Redacted<string> =>
  Redacted.make(Option.match(refreshToken, { onNone: () => "none", onSome: ({ value }) => value }))

const vaultsPayDriver = {
  tokenPaths: { "/as/api/v1/saas-login": "login", "/as/api/v1/saas-refresh-token": "refresh" },
  sandbox: VaultsPaySandbox.make,
  secret: clientSecret,
  provide: (sandbox, _, secret) =>
    vaultsPay(
      { baseUrl: sandbox.apiOrigin, clientId: sandbox.credentials.clientId, clientSecret: secret },
      VaultsPay.layer
    )
} satisfies Partial<Driver>

const paymentsGateDriver = {
  tokenPaths: { "/auth/token": "login", "/auth/token/refresh": "refresh" },
  sandbox: PaymentsGateSandbox.make,
  secret: clientSecret,
  provide: (sandbox, _, secret) =>
    paymentsGate({ accountId: sandbox.credentials.clientId, publicKey: secret }, PaymentsGate.layer)
} satisfies Partial<Driver>

/** vault.ist with the login that its own sandbox does not have, for the seed does not show it. */
const vaultIstLogin = ({ clientId, clientSecret, nonce }: Secrets): Effect.Effect<Sandbox.Sandbox> => {
  const origin = "https://api.vault.ist"
  const isLogin = (request: Wire.SandboxRequest) =>
    Option.exists(Either.getRight(Wire.jsonFields(request)), (fields) => fields["grant_type"] === "password")
  const granted = ({ accessToken, refreshToken }: Wire.Minted) =>
    Wire.json(200, {
      access_token: accessToken.value,
      token_type: "Bearer",
      refresh_token: Option.getOrUndefined(refreshToken)?.value,
      scope: "accounts:read",
      expires_in: accessToken.lifetime / 1000
    })
  const refused = Wire.json(401, { status: "UNAUTHORIZED", message: "The Token is not valid", errors: [] })
  const fields = (request: Wire.SandboxRequest) => Either.getOrElse(Wire.jsonFields(request), () => ({}))
  const text = (value: unknown) => (typeof value === "string" ? value : "")
  const route = { method: "POST", path: "/v2.0/reference/gettoken" }
  return Sandbox.make(
    {
      provider: "vault-ist",
      tokenOrigin: origin,
      apiOrigin: origin,
      routes: [
        {
          ...route,
          endpoint: "login",
          matches: isLogin,
          decide: (request) => {
            const { password, username }: Fields = fields(request)
            return Wire.Decision.Login({
              clientId: text(username),
              clientSecret: text(password),
              granted,
              refused
            })
          }
        },
        {
          ...route,
          endpoint: "refresh",
          decide: (request) => {
            const { refresh_token: refreshToken }: Fields = fields(request)
            return Wire.Decision.Refresh({
              refreshToken: text(refreshToken),
              granted,
              refused: () => refused
            })
          }
        }
      ],
      accessLifetime: "1 hour",
      refreshLifetime: "30 days",
      rotates: true,
      rejected: () => refused
    },
    { clientId, clientSecret, nonce }
  )
}

/** Every provider, by every grant that it mints with. */
export const drivers: ReadonlyArray<Driver> = [
  {
    name: "Autopay, login",
    endpoint: "login",
    mintsAtOnce: true,
    tokenPaths: { "/oauth/token": "login" },
    sandbox: AutopaySandbox.make,
    secret: clientSecret,
    provide: (sandbox, _, secret) =>
      autopay({ clientId: sandbox.credentials.clientId, clientSecret: secret }, Autopay.layer)
  },
  { ...vaultsPayDriver, name: "VaultsPay, login", endpoint: "login", mintsAtOnce: true },
  { ...vaultsPayDriver, name: "VaultsPay, refresh", endpoint: "refresh", mintsAtOnce: false },
  {
    name: "vault.ist, refresh",
    endpoint: "refresh",
    mintsAtOnce: true,
    tokenPaths: { "/v2.0/reference/gettoken": "refresh" },
    sandbox: ({ nonce }) => VaultIstSandbox.make({ nonce }),
    secret: (_, issued) => refreshTokenOf(issued),
    provide: (_, __, secret) => vaultIst({ refreshToken: secret }, VaultIst.layer)
  },
  {
    name: "vault.ist, login",
    endpoint: "login",
    mintsAtOnce: true,
    tokenPaths: { "/v2.0/reference/gettoken": "login" },
    sandbox: vaultIstLogin,
    secret: clientSecret,
    provide: ({ credentials }, _, secret) =>
      vaultIst(
        { login: { grantType: "password", username: credentials.clientId, password: secret } },
        VaultIst.layer
      )
  },
  {
    name: "Su, login",
    endpoint: "login",
    mintsAtOnce: true,
    tokenPaths: {
      "/SUAPI/jservice/auth/generate-access-token": "login",
      "/SUAPI/jservice/auth/validate-access-token": "validate"
    },
    sandbox: ({ clientSecret, nonce }) => SuSandbox.make({ nonce, clientSecret }),
    secret: clientSecret,
    provide: (sandbox, _, secret) =>
      su({ environment: "sandbox", domain: sandbox.credentials.clientId, clientSecret: secret }, Su.layer)
  },
  { ...paymentsGateDriver, name: "PaymentsGate, login", endpoint: "login", mintsAtOnce: true },
  { ...paymentsGateDriver, name: "PaymentsGate, refresh", endpoint: "refresh", mintsAtOnce: false },
  {
    ...paymentsGateDriver,
    name: "PaymentsGate, refresh of a configured pair",
    endpoint: "refresh",
    mintsAtOnce: true,
    secret: (_, issued) => refreshTokenOf(issued),
    provide: (_, issued, secret) =>
      paymentsGate(
        { accessToken: Redacted.make(issued.accessToken.value), refreshToken: secret },
        PaymentsGate.layer
      )
  }
]
