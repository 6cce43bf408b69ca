import type * as Cookies from "@effect/platform/Cookies"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as UrlParams from "@effect/platform/UrlParams"
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { scrub, scrubCause } from "./scrub.ts"

/**
 * R15: an answer as the application sees it. Its request is the one that the application made: the
 * one that was sent carries the token.
 */
export class AuthenticatedResponse
  extends Inspectable.Class
  implements HttpClientResponse.HttpClientResponse
{
  readonly request: HttpClientRequest.HttpClientRequest
  readonly #sent: HttpClientResponse.HttpClientResponse
  readonly #body: HttpClientResponse.HttpClientResponse
  readonly #token: Redacted.Redacted<string>

  /** What came back for the request with the token. Not a property: nobody who has an answer may see it. */
  static sent(response: AuthenticatedResponse): HttpClientResponse.HttpClientResponse {
    return response.#sent
  }

  /** `body` is another answer with the same body, where that of `sent` has been read. */
  constructor(
    sent: HttpClientResponse.HttpClientResponse,
    request: HttpClientRequest.HttpClientRequest,
    token: Redacted.Redacted<string>,
    body: HttpClientResponse.HttpClientResponse = sent
  ) {
    super()
    this.#sent = sent
    this.#body = body
    this.#token = token
    this.request = request
  }

  // Not fields: there is one of these for each call.
  get [HttpIncomingMessage.TypeId](): HttpIncomingMessage.TypeId {
    return HttpIncomingMessage.TypeId
  }

  get [HttpClientResponse.TypeId](): HttpClientResponse.TypeId {
    return HttpClientResponse.TypeId
  }

  get status(): number {
    return this.#sent.status
  }

  get headers(): Headers.Headers {
    return this.#sent.headers
  }

  get cookies(): Cookies.Cookies {
    return this.#sent.cookies
  }

  get remoteAddress(): Option.Option<string> {
    return this.#sent.remoteAddress
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return this.#owned(this.#body.json)
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return this.#owned(this.#body.text)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return this.#owned(this.#body.urlParamsBody)
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return this.#owned(this.#body.formData)
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return this.#owned(this.#body.arrayBuffer)
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.mapErrorCause(this.#body.stream, (cause) => this.#own(cause))
  }

  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status,
      headers: Inspectable.redact(this.headers)
    }
  }

  /** As `Effect.mapErrorCause`, and at no cost where the body is read well. */
  #owned<A>(
    body: Effect.Effect<A, HttpClientError.ResponseError>
  ): Effect.Effect<A, HttpClientError.ResponseError> {
    return Effect.catchAllCause(body, (cause) => Effect.failCause(this.#own(cause)))
  }

  /** The error is about this response, which says no more than the application may know. */
  #own(cause: Cause.Cause<HttpClientError.ResponseError>): Cause.Cause<HttpClientError.ResponseError> {
    const secrets = [Redacted.value(this.#token)]
    return scrubCause(
      cause,
      secrets,
      (error) =>
        new HttpClientError.ResponseError({
          request: this.request,
          response: this,
          reason: error.reason,
          ...said(error, secrets)
        })
    )
  }
}

const said = ({ cause, description }: HttpClientError.HttpClientError, secrets: ReadonlyArray<string>) => ({
  cause: scrub(cause, secrets),
  ...(description === undefined ? {} : { description: String(scrub(description, secrets)) })
})

/**
 * R15: what a client failed with as the application sees it: about its own request, not the one with
 * the token, and without the token where the base client wrote what it sent into its error.
 */
export const ownCause = <E>(
  cause: Cause.Cause<E>,
  request: HttpClientRequest.HttpClientRequest,
  token: Redacted.Redacted<string>
): Cause.Cause<E | HttpClientError.HttpClientError> => {
  const secrets = [Redacted.value(token)]
  return scrubCause(cause, secrets, (error): E | HttpClientError.HttpClientError =>
    !HttpClientError.isHttpClientError(error)
      ? error
      : error._tag === "RequestError"
        ? new HttpClientError.RequestError({ request, reason: error.reason, ...said(error, secrets) })
        : new HttpClientError.ResponseError({
            request,
            response: new AuthenticatedResponse(error.response, request, token),
            reason: error.reason,
            ...said(error, secrets)
          })
  )
}

/** A 401 is small. One that is not is cut off here rather than read to its end. */
const maxBufferedBytes = 1024 * 1024

/**
 * R10: reads a rejected answer to its end, so that it holds no connection while a new token is
 * minted (a pool may have no other for the mint): its body from memory, for it may still be returned.
 */
export const buffered = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<HttpClientResponse.HttpClientResponse> =>
  Effect.suspend(() => {
    let size = 0
    return response.stream.pipe(
      // R15: here and not below, for a stream is run by a fiber of its own, whose failure Effect logs.
      Stream.catchAllCause(() => Stream.fail(undefined)),
      Stream.takeWhile((chunk) => (size += chunk.length) <= maxBufferedBytes),
      Stream.runCollect,
      // No body, or a connection lost while it was read: there is nothing more to return.
      Effect.orElseSucceed(() => Chunk.empty<Uint8Array>()),
      Effect.map((chunks) =>
        HttpClientResponse.fromWeb(
          response.request,
          new Response(new Blob(Chunk.toReadonlyArray(chunks).map((chunk) => new Uint8Array(chunk))), {
            status: response.status,
            // What `formData` reads the boundary from.
            headers: { "content-type": response.headers["content-type"] ?? "" }
          })
        )
      )
    )
  })
