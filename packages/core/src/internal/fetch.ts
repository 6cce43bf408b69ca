import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { fromHttpClientError } from "../AuthError.ts"
import { detached } from "./detachedRuntime.ts"
import { cancelBody, readBody, requestInit, toRequest } from "./fetchRequest.ts"
import { toResponse } from "./fetchResponse.ts"

/** What `fetch` rejects with: the `AuthError`, or a `TypeError`; that of a `fetch` beneath, as it is. */
const rejection = (error: unknown): unknown =>
  HttpClientError.isHttpClientError(error)
    ? Option.getOrElse<unknown, unknown>(fromHttpClientError(error), () =>
        error.cause instanceof TypeError ? error.cause : new TypeError(error.message, { cause: error.cause })
      )
    : error

/** A status is no failure of a `fetch`, whatever the client makes of it. */
const answerOf = <E>(error: E) =>
  HttpClientError.isHttpClientError(error) && error.reason === "StatusCode"
    ? Effect.succeed(error.response)
    : Effect.fail(error)

/** A standard `fetch` over a client. */
export const fetchWith = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  made: Runtime.Runtime<R>
): typeof globalThis.fetch => {
  const runtimeNow = detached(made)
  const usual = Option.getOrUndefined(Context.getOption(made.context, FetchHttpClient.RequestInit))
  return (input, init) =>
    new Promise((resolve, reject) => {
      const source = new Request(input, init)
      const { signal } = source
      let cancel = () => {}
      const onAbort = () => {
        reject(signal.reason)
        cancelBody(source)
        cancel()
      }
      if (signal.aborted) {
        return onAbort()
      }
      const runtime = runtimeNow()
      const options = requestInit(source, input, init)
      const answer = readBody(source, init).pipe(
        Effect.flatMap((body) => client.execute(toRequest(source, body))),
        Effect.catchAll(answerOf),
        Effect.map((response) => toResponse(response, source, runtime, rejection))
      )
      signal.addEventListener("abort", onAbort, { once: true })
      // R15: an exit, for a fiber that fails is logged, with the request that it failed for.
      cancel = Runtime.runCallback(runtime)(
        Effect.exit(
          // Where a call says nothing, the options of the client's own layer hold.
          Object.keys(options).length === 0
            ? answer
            : Effect.provideService(answer, FetchHttpClient.RequestInit, { ...usual, ...options })
        ),
        {
          onExit: (ended) => {
            signal.removeEventListener("abort", onAbort)
            Exit.match(Exit.flatten(ended), {
              onFailure: (cause) => reject(rejection(Cause.squash(cause))),
              onSuccess: resolve
            })
          }
        }
      )
      // A client that aborts its own call did so before there was anything to cancel.
      if (signal.aborted) {
        cancel()
      }
    })
}
