import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as oauth from "oauth4webapi"

/** What `oauth4webapi` hands to the `fetch` that it is given. */
interface Sent {
  readonly method: "GET" | "POST"
  readonly headers: Record<string, string>
  readonly body?: URLSearchParams | undefined
}

type Fetch = (url: string, sent: Sent) => Promise<Response>

/** Options of every request of `oauth4webapi`: our `fetch`, and no second opinion on HTTPS. */
export interface Hooks {
  [oauth.customFetch]: Fetch
  [oauth.allowInsecureRequests]: boolean
}

const formType = "application/x-www-form-urlencoded"

const toRequest = (url: string, { body, headers, method }: Sent): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method)(url).pipe(HttpClientRequest.setHeaders(headers))
  return body === undefined ? request : HttpClientRequest.bodyText(request, body.toString(), formType)
}

/**
 * The request that `oauth4webapi` would send: it writes and signs it, and the caller sends it, through the
 * application's `HttpClient` and by the rules of core's `TokenEndpoint`. Left: what it could not be made of;
 * the reason is not kept, for it may hold a secret (R15).
 *
 * URLs are checked before they come here (R14), and HTTP on loopback is allowed.
 */
export const requestOf = <E>(
  build: (hooks: Hooks) => Promise<unknown>,
  onFailure: () => E
): Effect.Effect<HttpClientRequest.HttpClientRequest, E> =>
  Effect.tryPromise({
    try: async () => {
      const requests: Array<HttpClientRequest.HttpClientRequest> = []
      await build({
        [oauth.allowInsecureRequests]: true,
        [oauth.customFetch]: (url, sent) => {
          requests.push(toRequest(url, sent))
          return Promise.resolve(new Response())
        }
      })
      return requests
    },
    catch: onFailure
  }).pipe(
    Effect.flatMap(([request]) =>
      request === undefined ? Effect.fail(onFailure()) : Effect.succeed(request)
    )
  )
