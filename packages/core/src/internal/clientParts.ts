import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import * as Predicate from "effect/Predicate"

/**
 * The two halves of a client: every client that `HttpClient.make` or `makeWith` builds has them, and
 * all of the platform's combinators rely on them.
 */
export interface Parts<E, R> {
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
  readonly postprocess: HttpClient.HttpClient.Postprocess<E, R>
}

const hasParts = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): client is HttpClient.HttpClient.With<E, R> & Parts<E, R> =>
  Predicate.hasProperty(client, "preprocess") &&
  Predicate.isFunction(client.preprocess) &&
  Predicate.hasProperty(client, "postprocess") &&
  Predicate.isFunction(client.postprocess)

/**
 * R10, R14: authentication needs the halves apart. It decides on the request after all preprocessing,
 * and a retry repeats the sending but not the preprocessing: a `mapRequestEffect` that draws an
 * idempotency key draws it once. A client of another make is all postprocessing.
 */
export const clientParts = <E, R>(client: HttpClient.HttpClient.With<E, R>): Parts<E, R> =>
  hasParts(client)
    ? client
    : { preprocess: Effect.succeed, postprocess: (request) => Effect.flatMap(request, client.execute) }

/**
 * `HttpClient.withScope` ties a request to its scope by the identity of the request object, in this
 * map of the platform's. A copy with another URL or a header more must inherit the tie.
 */
const scopedRequests = globalValue(
  // A plain string, other than most keys of the platform.
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/** The same request, tied to the scope of the one that it is made of. */
export const inheritScope = (
  sent: HttpClientRequest.HttpClientRequest,
  request: HttpClientRequest.HttpClientRequest
): HttpClientRequest.HttpClientRequest => {
  const controller = scopedRequests.get(request)
  if (controller !== undefined) {
    scopedRequests.set(sent, controller)
  }
  return sent
}
