import * as Fault from "@latchkey/testing/Fault"
import * as Ledger from "@latchkey/testing/Ledger"
import type { Sandbox } from "@latchkey/testing/Sandbox"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Incident } from "./journal.ts"
import type { Journal } from "./journal.ts"
import type { Running, Step } from "./provider.ts"

/** How long a token endpoint takes to answer. */
export const latency = 150

/** An outage begins this many milliseconds before a token turns stale, and ends this many after. */
const outage = { before: 350, after: 200 }

const forever = { times: Number.POSITIVE_INFINITY }

const tokenEndpoints = (sandbox: Sandbox, fault: Fault.Fault): Effect.Effect<void> =>
  Effect.zipRight(
    sandbox.clearFaults,
    Effect.forEach(["login", "refresh"] as const, (endpoint) => sandbox.fault(endpoint, fault, forever), {
      discard: true
    })
  )

/** Token endpoints of the real world are not on loopback. */
export const slow = ({ sandbox }: Running): Effect.Effect<void> =>
  tokenEndpoints(sandbox, Fault.Latency({ duration: latency }))

const sleepUntil = (at: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, Math.round(at - now))))

/** Looks every 20 ms until there is something to see. */
const poll = <A>(look: Effect.Effect<Option.Option<A>>): Effect.Effect<A> =>
  Effect.flatMap(
    look,
    Option.match({
      onNone: () => Effect.zipRight(Effect.sleep("20 millis"), poll(look)),
      onSome: Effect.succeed
    })
  )

const happens = (journal: Journal, incident: (_: { readonly at: number }) => Incident): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (at) => journal.happened(incident({ at })))

/** After so long, every access token is revoked: the provider answers 401 although none has expired. */
export const revocation =
  (after: Duration.DurationInput): Step =>
  (running, journal) =>
    Effect.sleep(after).pipe(
      Effect.zipRight(running.sandbox.revokeAccessTokens),
      Effect.zipRight(happens(journal, Incident.TokensRevoked))
    )

/**
 * The token endpoints answer 503 about the moment when the next token turns stale, counted from so
 * long after the start: just when they are needed.
 */
export const outageAfter =
  (after: Duration.DurationInput): Step =>
  (running, journal) =>
    Effect.gen(function* () {
      yield* Effect.sleep(after)
      const staleAt = yield* poll(
        Effect.map(Effect.all([running.manager.status, Clock.currentTimeMillis]), ([status, now]) =>
          Option.filter(status.staleAt, (at) => status.phase === "fresh" && at - outage.before > now)
        )
      )
      yield* sleepUntil(staleAt - outage.before)
      yield* tokenEndpoints(running.sandbox, Fault.Status({ status: 503 }))
      yield* happens(journal, Incident.OutageBegan)
      yield* sleepUntil(staleAt + outage.after)
      yield* slow(running)
      yield* happens(journal, Incident.OutageEnded)
    })

/** Says when refresh tokens of this lifetime end; the sandbox ends them by itself. */
export const refreshTokenLifetime =
  (lifetime: number): Step =>
  (running, journal) => {
    const next = (login: number): Effect.Effect<void> =>
      poll(
        Effect.map(running.sandbox.ledger, (ledger) =>
          Option.fromNullable(Ledger.entries(ledger, "Login")[login])
        )
      ).pipe(
        Effect.flatMap(({ at }) => sleepUntil(at + lifetime)),
        Effect.zipRight(happens(journal, Incident.RefreshTokenExpired)),
        Effect.zipRight(Effect.suspend(() => next(login + 1)))
      )
    return next(0)
  }

/** Plays all steps of a provider at once; each waits for its moment. */
export const play = (running: Running, journal: Journal): Effect.Effect<void> =>
  Effect.forEach(running.script, (step) => step(running, journal), {
    concurrency: "unbounded",
    discard: true
  })
