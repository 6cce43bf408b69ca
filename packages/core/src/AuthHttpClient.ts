/**
 * Flows and an `HttpClient` make an authenticated `HttpClient`.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as AuthError from "./AuthError.ts"
import type { TokenManager } from "./TokenManager.ts"
import { Authenticate } from "./internal/authenticate.ts"
import { resolveUrl } from "./internal/baseUrl.ts"
import { clientParts, inheritScope } from "./internal/clientParts.ts"
import { fetchWith } from "./internal/fetch.ts"
import { goesTo, makeSelect } from "./internal/origin.ts"

/**
 * Options of an authenticated client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * What happens to a request whose origin no flow claims (R14). `forward`: it is sent without a
   * token. `fail`: it fails with a `RequestError`, whatever `Authorization` it carries. Default: `forward`.
   */
  readonly unmatched?: "forward" | "fail" | undefined
}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerOptions extends Options {
  /**
   * Gets every token while the layer is built, which then fails where one cannot be had. Default:
   * false; building the layer does no network call.
   */
  readonly eager?: boolean | undefined
}

/**
 * Two flows claim one origin: no request to it could tell whose token to carry. Fails the layer.
 *
 * @since 0.1.0
 * @category errors
 */
export class OriginConflict extends Schema.TaggedError<OriginConflict>(
  "@latchkey/core/AuthHttpClient/OriginConflict"
)("OriginConflict", {
  /** The origin that both claim. */
  origin: Schema.String,
  /** The providers that claim it. */
  providers: Schema.Tuple(Schema.String, Schema.String)
}) {
  override get message(): string {
    return `${this.providers[0]} and ${this.providers[1]} both claim ${this.origin}: give each flow an origin of its own, or use their typed clients.`
  }
}

const unclaimed = (request: HttpClientRequest.HttpClientRequest) =>
  new HttpClientError.RequestError({
    request,
    reason: "InvalidUrl",
    description: 'no flow claims the origin of this request, and unmatched is "fail"'
  })

/**
 * The typed client of one manager: relative URLs start at the API's base URL, requests to the flow's
 * origins carry its token, and an `AuthError` stands in the error channel beside the platform's own.
 *
 * Requests are sent through the `HttpClient` of the context. A combinator put outside this client
 * (`HttpClient.mapRequest`, `followRedirects`, `retry`, `withScope`) works as on any other; `followRedirects`
 * put inside, on the base client, copies every header to wherever the redirect points and is out of reach
 * (R14): put it outside. A base client that fails by status (`filterStatusOk`) hides no rejection: the token
 * is replaced all the same, and what is left after that is its failure.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  manager: TokenManager,
  options: Options = {}
): Effect.Effect<
  HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError.AuthError>,
  never,
  HttpClient.HttpClient
> =>
  Effect.map(HttpClient.HttpClient, (base) => {
    const { postprocess, preprocess } = clientParts(base)
    const authenticate = new Authenticate<AuthError.AuthError>({
      postprocess,
      select: (url) => (goesTo(url, manager.flow.origins) ? manager : undefined),
      unmatched: options.unmatched === "fail" ? unclaimed : undefined,
      onAuthError: identity
    })
    return HttpClient.makeWith<
      HttpClientError.HttpClientError,
      never,
      HttpClientError.HttpClientError | AuthError.AuthError,
      never
    >(
      Effect.flatMap((request: HttpClientRequest.HttpClientRequest) => {
        const resolved = resolveUrl(request, manager.flow.apiUrl)
        return authenticate.send(resolved === request ? request : inheritScope(resolved, request))
      }),
      preprocess
    )
  })

/** Which manager answers for which origin. */
const claim = (
  managers: ReadonlyArray<TokenManager>
): Effect.Effect<ReadonlyMap<string, TokenManager>, OriginConflict> =>
  Effect.suspend(() => {
    const claims = new Map<string, TokenManager>()
    for (const manager of managers) {
      for (const origin of manager.flow.origins) {
        const other = claims.get(origin)
        if (other !== undefined && other !== manager) {
          return Effect.fail(
            new OriginConflict({ origin, providers: [other.flow.provider, manager.flow.provider] })
          )
        }
        claims.set(origin, manager)
      }
    }
    return Effect.succeed(claims)
  })

/**
 * One `HttpClient` for several managers: the origin of a request picks the token. An `AuthError`
 * travels as the `cause` of a `RequestError`: see `AuthError.surface`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const compose = (
  managers: ReadonlyArray<TokenManager>,
  options: Options = {}
): Effect.Effect<HttpClient.HttpClient, OriginConflict, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { postprocess, preprocess } = clientParts(yield* HttpClient.HttpClient)
    const authenticate = new Authenticate({
      postprocess,
      select: makeSelect(yield* claim(managers)),
      unmatched: options.unmatched === "fail" ? unclaimed : undefined,
      onAuthError: AuthError.toHttpClientError
    })
    return HttpClient.makeWith(
      Effect.flatMap((request: HttpClientRequest.HttpClientRequest) => authenticate.send(request)),
      preprocess
    )
  })

/**
 * The tags of several providers.
 *
 * @since 0.1.0
 * @category models
 */
export type Tags<Ids extends ReadonlyArray<unknown>> = {
  readonly [K in keyof Ids]: Context.Tag<Ids[K], TokenManager>
}

/**
 * Supplies the standard `HttpClient.HttpClient` for several providers, over the `HttpClient` below
 * it: the origin of a request picks the flow. SDKs and `HttpApiClient` just work.
 *
 * Made afresh wherever it is provided: memoised by reference, as layers are, a layer in a constant
 * would hand one tenant's client to another. The managers below it are shared as ever.
 *
 * @since 0.1.0
 * @category layers
 */
export function layer<const Ids extends ReadonlyArray<unknown>>(
  tags: Tags<Ids>,
  options: LayerOptions & { readonly eager: true }
): Layer.Layer<
  HttpClient.HttpClient,
  OriginConflict | AuthError.AuthError,
  HttpClient.HttpClient | Ids[number]
>
export function layer<const Ids extends ReadonlyArray<unknown>>(
  tags: Tags<Ids>,
  options?: LayerOptions & { readonly eager?: false | undefined }
): Layer.Layer<HttpClient.HttpClient, OriginConflict, HttpClient.HttpClient | Ids[number]>
export function layer<Id>(
  tags: ReadonlyArray<Context.Tag<Id, TokenManager>>,
  options: LayerOptions = {}
): Layer.Layer<HttpClient.HttpClient, OriginConflict | AuthError.AuthError, HttpClient.HttpClient | Id> {
  return Layer.fresh(
    Layer.effect(
      HttpClient.HttpClient,
      Effect.gen(function* () {
        const managers = yield* Effect.all(tags)
        const client = yield* compose(managers, options)
        if (options.eager === true) {
          yield* Effect.forEach(managers, (manager) => manager.get, {
            concurrency: "unbounded",
            discard: true
          })
        }
        return client
      })
    )
  )
}

/**
 * A standard `fetch` over a client, for SDKs that take one. It rejects with the `AuthError` where there
 * is no token, with a `TypeError` where the request failed, and with the reason of an abort; a status
 * never rejects. Bodies other than a stream in `init` can be replayed after a 401.
 *
 * Options such as `redirect` and `credentials` are for a base client that is a `fetch` itself
 * (`FetchHttpClient`). A call has the services of the fiber that made the `fetch`, and that fiber's
 * span as its parent while it lasts.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toFetch = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): Effect.Effect<typeof globalThis.fetch, never, R> =>
  Effect.map(Effect.runtime<R>(), (runtime) => fetchWith(client, runtime))
