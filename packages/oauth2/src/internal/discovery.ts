import * as AuthError from "@latchkey/core/AuthError"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as oauth from "oauth4webapi"
import * as Metadata from "./metadata.ts"
import { requestOf } from "./request.ts"
import { patience } from "./unsent.ts"

type Operation = TokenEndpoint.Call["operation"]

/** How to find out about a server. */
export interface Locate {
  /** What is known of it, or its metadata; for the errors it says what it is needed for. */
  readonly find: (operation: Operation) => Effect.Effect<Metadata.Server, AuthError.AuthError>
  /** Its token endpoint is not there any more: what is known is looked at again at the next mint. */
  readonly moved: (server: Metadata.Server) => Effect.Effect<void>
}

/** A server that is known from the configuration. */
export const fixed = (server: Metadata.Server): Locate => ({
  find: () => Effect.succeed(server),
  moved: () => Effect.void
})

/** What is known of a server is looked at again after an hour, and kept while that fails: for a minute each time. */
const maxAgeMillis = 3_600_000
const pauseMillis = 60_000

/**
 * How much of what precedes a request one document may take. There are two, so each is asked for before the
 * whole is cut off. Where something is known already, a caller does not wait long for it to be confirmed.
 */
const shares = { first: 0.4, again: 0.1 }

export interface Options extends Metadata.Options {
  readonly client: HttpClient.HttpClient
  /** In milliseconds: how long all may take that precedes a request. Default: that of `unsent`. */
  readonly patience?: number | undefined
}

/** The server of an issuer: nobody is asked before the first mint, and again after a failure. */
export const make = (options: Options): Locate => {
  const whole = options.patience ?? patience
  let known: { readonly server: Metadata.Server; readonly until: number } | undefined
  const keep = (server: Metadata.Server, until: number) =>
    Effect.sync(() => {
      known = { server, until }
      return server
    })
  return {
    find: (operation) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const current = known
        // A clock that was set back must not make it last for longer (R17).
        if (current !== undefined && now < current.until && now >= current.until - maxAgeMillis) {
          return Effect.succeed(current.server)
        }
        const share = current === undefined ? shares.first : shares.again
        const asked = Effect.flatMap(discover(options, operation, whole * share), (server) =>
          keep(server, now + maxAgeMillis)
        )
        if (current === undefined) {
          return asked
        }
        const goOn = keep(current.server, now + pauseMillis)
        // A flight that is cut off meanwhile must not cost the next one the same time.
        return Effect.catchAll(
          Effect.onInterrupt(asked, () => goOn),
          () => goOn
        )
      }),
    moved: (server) =>
      Effect.sync(() => {
        if (known?.server === server) {
          known = { server, until: 0 }
        }
      })
  }
}

/** What may be another a moment later is worth a retry; a document that is wrong tells more than none. */
const weight = (error: AuthError.AuthError): number =>
  error.isRetryable ? 2 : error.status !== undefined && isSuccess(error.status) ? 1 : 0

const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** RFC 8414 first, then OpenID's document, whatever became of the first. */
const discover = Effect.fnUntraced(function* (options: Options, operation: Operation, eachMillis: number) {
  const first = yield* Effect.either(ask(options, operation, eachMillis, "oauth2"))
  if (Either.isRight(first)) {
    return first.right
  }
  return yield* Effect.mapError(ask(options, operation, eachMillis, "oidc"), (second) =>
    weight(second) > weight(first.left) ? second : first.left
  )
})

/** Asks for one document. */
const ask = (
  options: Options,
  operation: Operation,
  millis: number,
  algorithm: "oauth2" | "oidc"
): Effect.Effect<Metadata.Server, AuthError.AuthError> =>
  Effect.gen(function* () {
    const { client, issuer, provider } = options
    const request = yield* requestOf(
      (hooks) => oauth.discoveryRequest(new URL(issuer), { ...hooks, algorithm }),
      () =>
        new AuthError.InvalidResponse({
          provider,
          operation,
          message: `${provider} cannot be discovered: "issuer" makes no URL.`
        })
    )
    const call: TokenEndpoint.Call = { provider, operation, credential: "client", secrets: [], request }
    const answer = yield* TokenEndpoint.send(client, call)
    const { body, status } = answer
    if (status === 429 || status === 408 || status >= 500) {
      return yield* Effect.fail(TokenEndpoint.refused(call, answer))
    }
    const fail = (what: string) => TokenEndpoint.unusable(call, answer, what)
    return isSuccess(status) && Option.isSome(body)
      ? yield* Effect.mapError(Metadata.read(options, body.value), fail)
      : yield* Effect.fail(fail('the issuer has no metadata there; "tokenUrl" does without'))
  }).pipe(
    Effect.timeoutFail({
      duration: millis,
      onTimeout: () =>
        new AuthError.Unavailable({
          provider: options.provider,
          operation,
          code: "timed_out",
          message: `${options.provider} could not be asked: its metadata took longer than ${millis / 1000} seconds.`
        })
    })
  )
