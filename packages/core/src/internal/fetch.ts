import * as Cookies from "@effect/platform/Cookies"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpMethod from "@effect/platform/HttpMethod"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import { fromHttpClientError, isAuthError } from "../AuthError.ts"

/** Fetch standard, section 2.2.3: these statuses never have a body. */
const nullBody = new Set([101, 103, 204, 205, 304])

/** A stream stays one; every other body becomes bytes, which can be sent once more (R10). */
const readBody = (source: Request, init: RequestInit | undefined): Effect.Effect<HttpBody.HttpBody> => {
  const body = source.body
  const contentType = source.headers.get("content-type") ?? undefined
  if (body === null) {
    return Effect.succeed(HttpBody.empty)
  }
  return init?.body instanceof ReadableStream
    ? Effect.succeed(
        HttpBody.stream(
          Stream.fromReadableStream(
            () => body,
            (cause) => cause
          ),
          contentType
        )
      )
    : Effect.map(
        Effect.promise(() => source.arrayBuffer()),
        (bytes) => HttpBody.uint8Array(new Uint8Array(bytes), contentType)
      )
}

const toRequest = (source: Request, body: HttpBody.HttpBody): HttpClientRequest.HttpClientRequest => {
  const method = source.method.toUpperCase()
  return HttpClientRequest.make(HttpMethod.isHttpMethod(method) ? method : "GET")(source.url).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(source.headers)
  )
}

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.async((resume) => {
    const onAbort = () => resume(Effect.void)
    if (signal.aborted) {
      onAbort()
    }
    signal.addEventListener("abort", onAbort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", onAbort))
  })

const toResponse = <R>(
  response: HttpClientResponse.HttpClientResponse,
  source: Request,
  runtime: Runtime.Runtime<R>
): Response => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    if (name !== "set-cookie") {
      headers.set(name, value)
    }
  }
  for (const cookie of Cookies.toSetCookieHeaders(response.cookies)) {
    headers.append("set-cookie", cookie)
  }
  const body = response.stream.pipe(
    Stream.catchAll((error) => (error.reason === "EmptyBody" ? Stream.empty : Stream.fail(error))),
    Stream.interruptWhen(aborted(source.signal))
  )
  return new Response(
    nullBody.has(response.status) || source.method === "HEAD"
      ? null
      : Stream.toReadableStreamRuntime(body, runtime),
    { status: response.status, headers }
  )
}

/** What `fetch` rejects with: the typed `AuthError`, the reason of an abort, or a `TypeError`. */
const rejection = (cause: Cause.Cause<unknown>, signal: AbortSignal): unknown => {
  if (signal.aborted) {
    return signal.reason
  }
  const error = Cause.squash(cause)
  if (isAuthError(error)) {
    return error
  }
  return Option.getOrElse(fromHttpClientError(error), () =>
    HttpClientError.isHttpClientError(error) ? new TypeError(error.message, { cause: error.cause }) : error
  )
}

/** A standard `fetch` over a client. */
export const fetchWith = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  runtime: Runtime.Runtime<R>
): typeof globalThis.fetch => {
  const run = Runtime.runCallback(runtime)
  return (input, init) =>
    new Promise((resolve, reject) => {
      const source = new Request(input, init)
      // Cache mode, credentials, redirect: a base client that is a `fetch` itself takes them over.
      const { body: _body, headers: _headers, method: _method, signal: _signal, ...rest } = init ?? {}
      const effect = Effect.flatMap(readBody(source, init), (body) =>
        client.execute(toRequest(source, body))
      ).pipe(Effect.provideService(FetchHttpClient.RequestInit, rest))
      // R15: an exit, for a fiber that fails is logged, with the request that it failed for.
      const cancel = run(Effect.exit(effect), {
        onExit: (ended) => {
          const exit = Exit.flatten(ended)
          source.signal.removeEventListener("abort", onAbort)
          if (exit._tag === "Success") {
            resolve(toResponse(exit.value, source, runtime))
          } else {
            reject(rejection(exit.cause, source.signal))
          }
        }
      })
      const onAbort = () => cancel()
      if (source.signal.aborted) {
        onAbort()
      }
      source.signal.addEventListener("abort", onAbort, { once: true })
    })
}
