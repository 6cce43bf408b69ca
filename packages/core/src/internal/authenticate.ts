import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { AuthError } from "../AuthError.ts"
import type { AccessToken, TokenManager } from "../TokenManager.ts"
import { isAnsweredElsewhere } from "./answeredElsewhere.ts"
import { AuthenticatedResponse, ownCause, ownExit } from "./authenticatedResponse.ts"
import { buffered } from "./buffered.ts"
import { inheritScope } from "./clientParts.ts"
import { installedTracer, withOwnSpans } from "./ownSpans.ts"
import { isReplayable } from "./replayable.ts"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse
type Sending<E> = Effect.Effect<Response, E>

/** What a client's authentication is made of. */
interface Wiring<E> {
  /** The base client without its preprocessing. */
  readonly postprocess: HttpClient.HttpClient.Postprocess<HttpClientError.HttpClientError>
  /** Whose token a URL gets (R14). */
  readonly select: (url: string) => TokenManager | undefined
  /** The error of a request that nobody claims; none: it is sent as it is. */
  readonly unmatched: ((request: Request) => HttpClientError.HttpClientError) | undefined
  /** How an `AuthError` stands in the client's error channel. */
  readonly onAuthError: (error: AuthError, request: Request) => E
}

/**
 * R9: a request is sent once more with another token, and a third time only where that token had been
 * asked for before the first one was rejected, so that one revocation hit both. The replacement of a
 * rejected token is on probation, and a rejection of that one is final.
 */
const maxRetries = 2

/**
 * R9: the answer that a base client made a failure of, as one does that fails by status
 * (`HttpClient.filterStatusOk`). None where it failed for another reason as well.
 */
const failedWith = (cause: Cause.Cause<HttpClientError.HttpClientError>): Response | undefined =>
  cause._tag === "Fail" && cause.error._tag === "ResponseError" ? cause.error.response : undefined

/**
 * R9, R10, R14: sends a request with a token, and once more with another one if it is rejected. Runs
 * on the request as it is sent: in the postprocessing of the client.
 */
export class Authenticate<E> {
  readonly #wiring: Wiring<E>

  constructor(wiring: Wiring<E>) {
    this.#wiring = wiring
  }

  send(request: Request): Sending<E | HttpClientError.HttpClientError> {
    const { onAuthError, postprocess, select, unmatched } = this.#wiring
    const manager = select(request.url)
    if (manager === undefined) {
      return unmatched === undefined ? postprocess(Effect.succeed(request)) : Effect.fail(unmatched(request))
    }
    if (request.headers["authorization"] !== undefined) {
      return postprocess(Effect.succeed(request))
    }
    const token = manager.unsafeGet()
    return token === undefined
      ? Effect.flatMap(
          Effect.mapError(manager.get, (error) => onAuthError(error, request)),
          (served) => this.#attempt(manager, request, served, 0)
        )
      : this.#attempt(manager, request, token, 0)
  }

  #attempt(
    manager: TokenManager,
    request: Request,
    token: AccessToken,
    retries: number
  ): Sending<E | HttpClientError.HttpClientError> {
    const tracer = installedTracer()
    const sending = this.#wiring.postprocess(
      Effect.succeed(
        inheritScope(
          HttpClientRequest.setHeader(
            request,
            "authorization",
            `${token.tokenType} ${Redacted.value(token.value)}`
          ),
          request
        )
      )
    )
    return Effect.matchCauseEffect(
      tracer === undefined
        ? sending
        : withOwnSpans(sending, tracer, (exit) => ownExit(exit, request, token.value)),
      {
        onFailure: (cause) => this.#failed(manager, request, token, cause, retries),
        onSuccess: (response) => {
          if (manager.flow.isTokenRejected(response)) {
            return this.#rejected(manager, request, token, retries, response)
          }
          // An API that fails has not said whether it accepts the token.
          if (response.status < 500) {
            manager.unsafeConfirm(token.generation)
          }
          return Effect.succeed(new AuthenticatedResponse(response, request, token.value))
        }
      }
    )
  }

  #failed(
    manager: TokenManager,
    request: Request,
    token: AccessToken,
    cause: Cause.Cause<HttpClientError.HttpClientError>,
    retries: number
  ): Sending<E | HttpClientError.HttpClientError> {
    const response = failedWith(cause)
    if (response !== undefined) {
      if (manager.flow.isTokenRejected(response)) {
        return this.#rejected(manager, request, token, retries, response, cause)
      }
      if (response.status < 500) {
        manager.unsafeConfirm(token.generation)
      }
    }
    return Effect.failCause(ownCause(cause, request, token.value))
  }

  /** `cause`: what the base client failed with, where it did so for this answer. */
  #rejected(
    manager: TokenManager,
    request: Request,
    token: AccessToken,
    retries: number,
    response: Response,
    cause?: Cause.Cause<HttpClientError.HttpClientError>
  ): Sending<E | HttpClientError.HttpClientError> {
    const handOn = (body?: Response): Sending<HttpClientError.HttpClientError> =>
      cause === undefined
        ? Effect.succeed(new AuthenticatedResponse(response, request, token.value, body))
        : Effect.failCause(ownCause(cause, request, token.value, body))
    if (isAnsweredElsewhere(response, manager.flow.origins)) {
      return handOn()
    }
    const worthRetrying = manager.unsafeReject(token)
    if (!worthRetrying || retries >= maxRetries || !isReplayable(request.body)) {
      return handOn()
    }
    return Effect.flatMap(buffered(response), (body) =>
      Effect.flatMap(
        Effect.mapError(manager.replacement(token), (error) => this.#wiring.onAuthError(error, request)),
        Option.match({
          onNone: () => handOn(body),
          onSome: (next) => this.#attempt(manager, request, next, retries + 1)
        })
      )
    )
  }
}
