// #region provider
import { type HttpClientError, HttpClient, HttpClientRequest } from "@effect/platform"
import {
  type AuthError,
  AuthFlow,
  AuthHttpClient,
  Expiry,
  type RefreshPolicy,
  TokenEndpoint,
  TokenManager
} from "@latchkey/core"
import { Context, Effect, Layer, Predicate, Redacted, Schema } from "effect"

export interface Options {
  readonly baseUrl: string
  readonly account: string
  readonly key: AuthFlow.Secret
  readonly policy?: RefreshPolicy.RefreshPolicy
}

const provider = "parcels"

/** POST {baseUrl}/sessions `{"account", "key"}` */
const login = (baseUrl: string, account: string, key: Redacted.Redacted<string>): TokenEndpoint.Call => ({
  provider,
  operation: "login",
  credential: "client",
  secrets: [key],
  request: HttpClientRequest.post(`${baseUrl}/sessions`).pipe(
    HttpClientRequest.bodyUnsafeJson({ account, key: Redacted.value(key) })
  )
})

/** 2xx `{"session": "…", "ttl": 900}`, or any status and `{"fault": "…"}` */
const readLogin = TokenEndpoint.read({
  schema: Schema.Struct({ session: Schema.String, ttl: Schema.Unknown }),
  found: ({ session, ttl }, { sentAt }) => ({
    accessToken: session,
    lifetime: Expiry.lifetimeFromSeconds(ttl, sentAt)
  }),
  refusal: (body) => ({ code: Predicate.hasProperty(body, "fault") ? body.fault : undefined })
})

export const make = Effect.fnUntraced(function* (options: Options) {
  const client = yield* HttpClient.HttpClient
  const baseUrl = yield* AuthFlow.baseUrl(provider, "baseUrl", options.baseUrl)
  const account = yield* AuthFlow.nonEmpty(provider, "account", options.account)
  return yield* AuthFlow.make({
    provider,
    key: yield* AuthFlow.storeKey(provider, baseUrl, account),
    apiUrl: baseUrl,
    credential: AuthFlow.credential(provider, "key", options.key),
    login: (key) => TokenEndpoint.exchange(client, login(baseUrl, account, key), readLogin)
  })
})

/** The token manager of the parcel service: give it to `AuthHttpClient.layer`, beside the others. */
export class Parcels extends Context.Tag("app/Parcels")<Parcels, TokenManager.TokenManager>() {}

export const layer = (options: Options) =>
  Layer.scoped(
    Parcels,
    Effect.flatMap(make(options), (flow) => TokenManager.make(flow, options))
  )
// #endregion

/** Its typed client; fresh, so that the parcels of two tenants never share one. */
export class Client extends Context.Tag("app/Parcels/Client")<
  Client,
  HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError.AuthError>
>() {
  static readonly layer = Layer.fresh(
    Layer.effect(
      Client,
      Effect.flatMap(Parcels, (manager) => AuthHttpClient.make(manager))
    )
  )
}
