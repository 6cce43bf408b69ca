import type * as Cookies from "@effect/platform/Cookies"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as UrlParams from "@effect/platform/UrlParams"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
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
 * the token, and without the token where the base client wrote what it sent into its error. `body` is as in
 * {@link AuthenticatedResponse}.
 */
export const ownCause = <E>(
  cause: Cause.Cause<E>,
  request: HttpClientRequest.HttpClientRequest,
  token: Redacted.Redacted<string>,
  body?: HttpClientResponse.HttpClientResponse
): Cause.Cause<E | HttpClientError.HttpClientError> => {
  const secrets = [Redacted.value(token)]
  return scrubCause(cause, secrets, (error): E | HttpClientError.HttpClientError =>
    !HttpClientError.isHttpClientError(error)
      ? error
      : error._tag === "RequestError"
        ? new HttpClientError.RequestError({ request, reason: error.reason, ...said(error, secrets) })
        : new HttpClientError.ResponseError({
            request,
            response: new AuthenticatedResponse(error.response, request, token, body),
            reason: error.reason,
            ...said(error, secrets)
          })
  )
}

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  Predicate.hasProperty(value, HttpClientResponse.TypeId)

/** R15: what a span may end with: the answer, or what the client failed with, as the application sees it. */
export const ownExit = (
  exit: Exit.Exit<unknown, unknown>,
  request: HttpClientRequest.HttpClientRequest,
  token: Redacted.Redacted<string>
): Exit.Exit<unknown, unknown> =>
  Exit.match(exit, {
    onFailure: (cause) => Exit.failCause(ownCause(cause, request, token)),
    onSuccess: (value) =>
      isResponse(value) ? Exit.succeed(new AuthenticatedResponse(value, request, token)) : exit
  })
