import * as AuthError from "@latchkey/core/AuthError"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Array from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Number from "effect/Number"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type { Journal } from "./journal.ts"

/** How much traffic one provider gets. */
export interface Options {
  readonly callers: number
  /** How often each of them calls, in milliseconds. */
  readonly every: number
  /** For how long, in milliseconds. */
  readonly length: number
}

/** Why a call failed: for want of a token, by its answer, or on the way. */
const reason = (error: HttpClientError): string =>
  Option.match(AuthError.fromHttpClientError(error), {
    onNone: () =>
      error._tag === "ResponseError" ? `answered ${error.response.status}` : `${error._tag}: ${error.reason}`,
    onSome: ({ _tag, message }) => `${_tag}: ${message}`
  })

/** Not `Clock.currentTimeNanos`, which dies under `TestClock` at a fraction of a millisecond. */
const nanoseconds = Clock.clockWith((clock) => Effect.sync(() => clock.unsafeCurrentTimeNanos()))

/** One call, as an application makes it: it knows nothing of tokens. */
const call = Effect.fnUntraced(function* (client: HttpClient.HttpClient, url: string, journal: Journal) {
  const at = yield* Clock.currentTimeMillis
  const [duration, outcome] = yield* client.get(url).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap((response) => response.json),
    Effect.either,
    Effect.timedWith(nanoseconds)
  )
  yield* journal.call({
    at,
    millis: Duration.toMillis(duration),
    failure: Option.map(Either.getLeft(outcome), reason)
  })
})

/**
 * Steady traffic to one provider; each call asks for something else, so that its sandbox can tell them
 * apart. A caller that had to wait goes on at once; nothing piles up.
 */
export const steady = (
  origin: string,
  journal: Journal,
  { callers, every, length }: Options
): Effect.Effect<void, never, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const orders = yield* Ref.make(0)
    const next = Effect.flatMap(Ref.updateAndGet(orders, Number.increment), (order) =>
      call(client, `${origin}/v1/orders/${order}`, journal)
    )
    yield* Effect.forEach(
      Array.range(0, callers - 1),
      (caller) =>
        Effect.delay(
          Effect.repeat(next, Schedule.upTo(Schedule.fixed(every), length)),
          (caller * every) / callers
        ),
      { concurrency: "unbounded", discard: true }
    )
  })
