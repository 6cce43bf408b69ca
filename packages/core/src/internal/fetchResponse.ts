import * as Cookies from "@effect/platform/Cookies"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import { urlOf } from "./fetchRequest.ts"
import { webResponse } from "./webResponse.ts"

/** Fetch standard, "Statuses": these never have a body. */
const nullBody = new Set([101, 103, 204, 205, 304])

type Facts = Pick<Response, "headers" | "redirected" | "status" | "statusText" | "type" | "url">

/**
 * A `Response` that says what no constructor of one takes: where it is from, and any status. A class
 * of its own cannot: in Node the constructor of `Response` reads the properties that it would override.
 */
const fetched = (response: Response, facts: Facts): Response => {
  const { headers, redirected, status, statusText, type, url } = facts
  const said = { headers, ok: status >= 200 && status < 300, redirected, status, statusText, type, url }
  const clone = () => fetched(Response.prototype.clone.call(response), facts)
  return Object.defineProperties(
    response,
    Object.fromEntries(Object.entries({ ...said, clone }).map(([name, value]) => [name, { value }]))
  )
}

const headersOf = (response: HttpClientResponse.HttpClientResponse): Headers => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    if (name !== "set-cookie") {
      headers.set(name, value)
    }
  }
  for (const cookie of Cookies.toSetCookieHeaders(response.cookies)) {
    headers.append("set-cookie", cookie)
  }
  return headers
}

/** Those of the `Response` beneath, and where there is none, or one that was not fetched, what the client knows. */
const factsOf = (
  response: HttpClientResponse.HttpClientResponse,
  web: Response | undefined,
  source: Request
): Facts => {
  if (web !== undefined && web.status === response.status && (web.url !== "" || web.type !== "default")) {
    return web
  }
  const asked = urlOf(source)
  const url = Option.match(HttpClientRequest.toUrl(response.request), {
    onNone: () => asked,
    onSome: ({ href }) => href
  })
  return {
    headers: headersOf(response),
    redirected: url !== asked,
    status: response.status,
    statusText: web?.statusText ?? "",
    type: "basic",
    url
  }
}

/**
 * The body of an answer, read when it is asked for. An abort of the request makes it fail with the
 * reason of the abort. The request is held as long as the body: some runtimes let go of its signal
 * with it.
 */
const bodyOf = <R>(
  stream: Stream.Stream<Uint8Array, unknown>,
  source: Request,
  runtime: Runtime.Runtime<R>
): ReadableStream<Uint8Array> => {
  let opened: ReadableStreamDefaultReader<Uint8Array> | undefined
  const reader = () => (opened ??= Stream.toReadableStreamRuntime(stream, runtime).getReader())
  let onAbort = () => {}
  const settle = () => source.signal.removeEventListener("abort", onAbort)
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        onAbort = () => {
          controller.error(source.signal.reason)
          reader()
            .cancel()
            .catch(() => {})
        }
        if (source.signal.aborted) {
          onAbort()
        } else {
          source.signal.addEventListener("abort", onAbort, { once: true })
        }
      },
      pull: async (controller) => {
        try {
          const { done, value } = await reader().read()
          if (!done) {
            controller.enqueue(value)
            return
          }
          controller.close()
        } catch (error) {
          controller.error(error)
        }
        settle()
      },
      cancel: (reason) => {
        settle()
        return reader().cancel(reason)
      }
    },
    { highWaterMark: 0 }
  )
}

/** An answer of a client as a `Response`; `onError` says what its body fails with. */
export const toResponse = <R>(
  response: HttpClientResponse.HttpClientResponse,
  source: Request,
  runtime: Runtime.Runtime<R>,
  onError: (error: unknown) => unknown
): Response => {
  const web = webResponse(response)
  const stream = Stream.catchAll(response.stream, (error) =>
    error.reason === "EmptyBody" ? Stream.empty : Stream.fail(onError(error))
  )
  const facts = factsOf(response, web, source)
  const { headers, status } = facts
  const body =
    nullBody.has(status) || source.method === "HEAD" || web?.body === null
      ? null
      : bodyOf(stream, source, runtime)
  return fetched(new Response(body, { headers, status: status < 200 || status > 599 ? 200 : status }), facts)
}
