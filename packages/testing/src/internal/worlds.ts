import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Loopback from "../Loopback.ts"
import * as MemoryClient from "../MemoryClient.ts"
import type { Sandbox } from "../Sandbox.ts"
import { Traffic } from "./traffic.ts"

/** A way to reach a sandbox: every test of a flow runs in each of them, under `TestClock`. */
export interface World {
  readonly name: string
  readonly connect: (sandbox: Sandbox) => Effect.Effect<Connection, never, Scope.Scope>
}

export interface Connection {
  readonly client: HttpClient.HttpClient
  readonly tokenOrigin: string
  readonly apiOrigin: string
  /** Waits until nothing can happen any more without time passing. */
  readonly settle: Effect.Effect<void>
  /** Lets time pass, timer by timer; what is under way arrives before the next timer fires. */
  readonly pass: (duration: Duration.DurationInput) => Effect.Effect<void>
}

/** One turn of the event loop. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Fibers and promises get on in microtasks: all of them run between two turns. */
const turns = Effect.repeatN(turn, 3)

const memory: World = {
  name: "in memory",
  connect: (sandbox) =>
    Effect.succeed({
      client: MemoryClient.client([sandbox]),
      tokenOrigin: sandbox.tokenOrigin,
      apiOrigin: sandbox.apiOrigin,
      settle: turns,
      pass: (duration) => Effect.zipRight(TestClock.adjust(duration), turns)
    })
}

/** Sockets take real time, and the clock must not run ahead of them: an answer under way would be late. */
const quiet = (traffic: Traffic): Effect.Effect<void> =>
  turns.pipe(
    Effect.map(() => traffic.isQuiet),
    Effect.repeat({ until: (isQuiet) => isQuiet }),
    // What had arrived may have sent the next request.
    Effect.zipRight(turns),
    Effect.map(() => traffic.isQuiet),
    Effect.repeat({ until: (isQuiet) => isQuiet }),
    Effect.asVoid
  )

const stepwise = (settle: Effect.Effect<void>) => (duration: Duration.DurationInput) =>
  Effect.gen(function* () {
    const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(duration)
    let now: number
    do {
      yield* settle
      now = yield* Clock.currentTimeMillis
      const later = Chunk.filter(yield* TestClock.sleeps(), (at) => at > now)
      now = Math.min(until, ...later)
      yield* TestClock.setTime(now)
    } while (now < until)
    yield* settle
  })

const loopback: World = {
  name: "on loopback",
  connect: (sandbox) =>
    Effect.gen(function* () {
      const traffic = new Traffic()
      const { url } = yield* Loopback.serve(traffic.watch(sandbox))
      const fetch = yield* Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer)
      const settle = quiet(traffic)
      return {
        client: HttpClient.transform(fetch, Effect.provideService(FetchHttpClient.Fetch, traffic.fetch)),
        tokenOrigin: url,
        apiOrigin: url,
        settle,
        pass: stepwise(settle)
      }
    })
}

export const worlds: ReadonlyArray<World> = [memory, loopback]
