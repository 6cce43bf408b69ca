import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpMethod from "@effect/platform/HttpMethod"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.async((resume) => {
    const onAbort = () => resume(Effect.void)
    if (signal.aborted) {
      return onAbort()
    }
    signal.addEventListener("abort", onAbort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", onAbort))
  })

/**
 * A stream stays one; every other body can be sent once more (R10): a string as it is, the rest as
 * bytes. The content type is that of the request, or none.
 */
export const readBody = (
  source: Request,
  init: RequestInit | undefined
): Effect.Effect<HttpBody.HttpBody, unknown> => {
  const { body } = source
  const contentType = source.headers.get("content-type") ?? ""
  if (body === null) {
    return Effect.succeed(HttpBody.empty)
  }
  if (typeof init?.body === "string") {
    return Effect.succeed(HttpBody.raw(init.body, { contentType }))
  }
  return init?.body instanceof ReadableStream
    ? Effect.succeed(
        HttpBody.stream(
          // Not left to a `fetch` beneath: that of Node cancels no stream that it has begun to send.
          Stream.interruptWhen(
            Stream.fromReadableStream(
              () => body,
              (cause) => cause
            ),
            aborted(source.signal)
          ),
          contentType
        )
      )
    : Effect.map(
        Effect.tryPromise({
          try: () => source.arrayBuffer(),
          catch: (cause): unknown => new TypeError("the body of the request could not be read", { cause })
        }),
        (bytes) => HttpBody.uint8Array(new Uint8Array(bytes), contentType)
      )
}

/** A body that nobody has begun to read will not be read: its source may stop. */
export const cancelBody = ({ body, signal }: Request): void => {
  // Rejects where somebody has begun.
  body?.cancel(signal.reason).catch(() => {})
}

/** A fragment is no part of what is asked for. */
export const urlOf = (source: Request): string => source.url.split("#", 1)[0] ?? ""

/** The platform has types for seven methods only, and sends each of them as it stands in the request. */
export const toRequest = (source: Request, body: HttpBody.HttpBody): HttpClientRequest.HttpClientRequest =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as said
  HttpClientRequest.make(source.method as HttpMethod.HttpMethod)(urlOf(source)).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(source.headers)
  )

const options = [
  "cache",
  "credentials",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy"
] as const

/**
 * What a base client that is a `fetch` itself does: all of `init` that is no part of the request, and
 * of a `Request` what it says other than by default.
 */
export const requestInit = (source: Request, input: unknown, init: RequestInit = {}): RequestInit => {
  const { body: _body, headers: _headers, method: _method, signal: _signal, ...rest } = init
  if (!(input instanceof Request)) {
    return rest
  }
  const usual = new Request(source.url)
  return Object.assign(
    rest,
    Object.fromEntries(
      options.flatMap((name) => (source[name] === usual[name] ? [] : [[name, source[name]]]))
    )
  )
}
