import type { Unavailable } from "@latchkey/core/AuthError"
import type { InvalidOptions } from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { frame } from "./frame.ts"
import * as Journal from "./journal.ts"
import * as Live from "./live.ts"
import type { Provider, Running, Serve } from "./provider.ts"
import * as Render from "./render.ts"
import type { Screen } from "./screen.ts"
import * as Script from "./script.ts"
import * as Summary from "./summary.ts"
import * as Terminal from "./terminal.ts"
import * as Traffic from "./traffic.ts"

export interface Options {
  readonly providers: ReadonlyArray<Provider>
  /** How long their access tokens live, in milliseconds. */
  readonly accessLifetime: number
  /** The traffic to each of them. */
  readonly traffic: Traffic.Options
  readonly serve: Serve
  readonly screen: Screen
}

/** The providers while they run. */
class Providers extends Context.Tag("@latchkey/examples/demo/Providers")<
  Providers,
  ReadonlyArray<Running>
>() {
  static readonly layer = ({ providers, serve }: Options) =>
    Layer.scoped(
      Providers,
      Effect.forEach(providers, (provider) => provider.start(serve))
    )
}

/**
 * One `HttpClient` for all of them: what an application with two providers writes as
 * `AuthHttpClient.layer([Autopay.Autopay, VaultsPay.VaultsPay])`, for a list of any length.
 */
const Payments = Layer.effect(
  HttpClient.HttpClient,
  Effect.flatMap(Providers, (running) => AuthHttpClient.compose(running.map(({ manager }) => manager)))
)

/** A provider that runs, and what is written down about it. */
interface Watched {
  readonly running: Running
  readonly journal: Journal.Journal
}

const watch = (running: Running, screen: Screen, startedAt: number): Effect.Effect<Watched> => {
  const show = (happening: Journal.Happening) =>
    screen.redraws
      ? Effect.void
      : screen.print(Live.happeningLine(screen.paint, running.name, happening, startedAt))
  return Effect.map(Journal.make(show), (journal) => ({ running, journal }))
}

/** The run as it goes on, drawn in place ten times a second. */
const showFrames = (
  watched: ReadonlyArray<Watched>,
  { screen }: Options,
  plan: Render.Plan,
  startedAt: number
) =>
  Effect.gen(function* () {
    const draw = yield* Terminal.take(screen)
    const look = ({ journal, running }: Watched, now: number) =>
      Effect.map(Effect.all([running.manager.status, journal.pages]), ([status, pages]) => {
        const { calls, happenings } = pages
        const failed = calls.filter(({ failure }) => Option.isSome(failure)).length
        const last = Option.fromNullable(happenings.at(-1))
        return { now: { name: running.name, status, calls: calls.length, failed, last, now }, pages }
      })
    yield* Stream.runForEach(Stream.tick("100 millis"), () =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const seen = yield* Effect.forEach(watched, (one) => look(one, now))
        yield* draw((size) => frame(screen.paint, { plan, startedAt, now, watched: seen }, size))
      })
    )
  }).pipe(Effect.scoped)

/** Waits for a mint that may be under way, and for the journal to tell of the last one. */
const settle = ({ journal, running }: Watched) =>
  Effect.all([running.manager.status, journal.pages]).pipe(
    Effect.map(([status, { happenings }]) => {
      const generations = happenings.map((_) => ("generation" in _ ? _.generation : 0))
      return !status.minting && status.generation <= Math.max(0, ...generations)
    }),
    Effect.repeat({ until: (settled) => settled, schedule: Schedule.spaced("20 millis") }),
    Effect.timeoutOption("2 seconds")
  )

/** Everything at once: traffic, faults, and whoever watches. Ends with the traffic. */
const run = (watched: ReadonlyArray<Watched>, options: Options, plan: Render.Plan, startedAt: number) =>
  Effect.gen(function* () {
    yield* Effect.forEach(watched, ({ running }) => Script.slow(running))
    const behind = watched.flatMap(({ journal, running }) => [
      Stream.runForEach(running.manager.events, journal.happened),
      Script.play(running, journal)
    ])
    yield* Effect.forEach(behind, Effect.forkScoped)
    if (options.screen.redraws) {
      yield* Effect.forkScoped(showFrames(watched, options, plan, startedAt))
    }
    yield* Effect.forEach(
      watched,
      ({ journal, running }) => Traffic.steady(running.url, journal, options.traffic),
      { concurrency: "unbounded", discard: true }
    )
    yield* Effect.forEach(watched, settle)
  }).pipe(Effect.scoped)

const observe = (watched: ReadonlyArray<Watched>): Effect.Effect<ReadonlyArray<Summary.Observed>> =>
  Effect.forEach(watched, ({ journal, running }) =>
    Effect.map(Effect.all([journal.pages, running.sandbox.ledger]), ([pages, ledger]) => ({
      name: running.name,
      ledger,
      ...pages
    }))
  )

/** The demo from the opening to the verdict. */
export const demo = (
  options: Options
): Effect.Effect<
  Summary.Verdict,
  AuthHttpClient.OriginConflict | InvalidOptions | Unavailable,
  HttpClient.HttpClient
> =>
  Effect.gen(function* () {
    const { screen, traffic } = options
    const providers = yield* Providers
    const plan = {
      names: providers.map(({ name }) => name),
      accessLifetime: options.accessLifetime,
      latency: Script.latency,
      ...traffic
    }
    yield* screen.print(Render.opening(screen.paint, plan, (yield* screen.size).columns))

    const startedAt = yield* Clock.currentTimeMillis
    const watched = yield* Effect.forEach(providers, (running) => watch(running, screen, startedAt))
    yield* Effect.onInterrupt(run(watched, options, plan, startedAt), () =>
      Effect.flatMap(observe(watched), (observed) =>
        screen.print(Render.interrupted(Summary.verdict(observed)))
      )
    )

    const observed = yield* observe(watched)
    const verdict = Summary.verdict(observed)
    const ended = { startedAt, length: traffic.length, observed, verdict }
    yield* screen.print(Render.report(screen.paint, ended, yield* screen.size))
    return verdict
  }).pipe(Effect.provide(Layer.provideMerge(Payments, Providers.layer(options))))
