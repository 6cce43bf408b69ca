import * as AuthError from "@latchkey/core/AuthError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { MemoryClient, type Sandbox } from "@latchkey/testing"
import { type Span, isPlatforms, ofMetrics, ofSpans, tracer, withLogs } from "./leakCapture.ts"
import { LeakClock } from "./leakClock.ts"
import type { Exhibit } from "./leakDetector.ts"
import type { Driver } from "./leakDrivers.ts"
import { exercise, exerciseBriefly } from "./leakExercise.ts"
import type { Path, Seed, World } from "./leakPath.ts"

/** Shows an error in every shape in which it travels. */
const showError = (show: World["show"], surface: string, error: unknown): void => {
  show(`${surface}: error`, error)
  if (AuthError.isAuthError(error)) {
    show(`${surface}: encoded error`, Schema.encodeSync(AuthError.AuthError)(error))
  }
}

const makeWatch =
  (clock: LeakClock, show: World["show"]): World["watch"] =>
  (surface, effect) =>
    Effect.map(clock.run(effect), (exit) => {
      if (Exit.isSuccess(exit)) {
        // A bare string is what the application asked for: the text of an answer.
        if (typeof exit.value !== "string") {
          show(surface, exit.value)
        }
        return exit
      }
      show(`${surface}: cause`, exit.cause)
      for (const error of [...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]) {
        showError(show, surface, error)
      }
      return exit
    })

const build = (driver: Driver, path: Path, nonce: string, clock: LeakClock, exhibits: Array<Exhibit>) =>
  Effect.gen(function* () {
    const seed: Seed = { driver, nonce, clock, armed: { on: false } }
    const sandbox = yield* driver.sandbox({
      nonce,
      // No secret: it may be shown.
      clientId: "client-id",
      // Reserved in URLs, in base64 and in JSON, and good as a header all the same.
      clientSecret: Redacted.make(`s3cret/${nonce}+"=&%?`)
    })
    const issued = yield* sandbox.issue
    const setup = path.setup?.(seed) ?? {}
    const asked = new Map<string, number>()
    const provider: Sandbox.Sandbox = {
      ...sandbox,
      handle: (request) =>
        Effect.suspend(() => {
          const { pathname } = request.url
          const endpoint = seed.armed.on ? driver.tokenPaths[pathname] : undefined
          if (endpoint === undefined) {
            return sandbox.handle(request)
          }
          const nth = asked.get(pathname) ?? 0
          asked.set(pathname, nth + 1)
          const answer = setup.answer?.(request, nth)
          return answer === undefined ? sandbox.handle(request) : Effect.succeed(answer)
        })
    }
    const network = MemoryClient.client([provider])
    const secret = driver.secret(sandbox, issued)
    const provided = driver.provide(sandbox, issued, setup.secret?.(secret) ?? secret)
    const base = setup.base?.(network) ?? network
    const start = Effect.gen(function* () {
      const scope = yield* Scope.make()
      const live = yield* Scope.extend(provided.build(base, setup.store ?? Layer.empty), scope)
      return { ...live, close: Scope.close(scope, Exit.void) }
    }).pipe(Effect.orDie)
    const show = (surface: string, value: unknown) => {
      exhibits.push({ surface, value })
    }
    show("layer", provided.layer)
    // An effect that brings the credential is the caller's own, with what the caller wrote into it.
    if (setup.secret === undefined) {
      show("options", provided.options)
    }
    const world: World = {
      ...seed,
      ...(yield* start),
      sandbox,
      show,
      watch: makeWatch(clock, show),
      start
    }
    return world
  })

/** What was handed out on one failure path. */
export interface Shown {
  readonly exhibits: ReadonlyArray<Exhibit>
  /** How the first request ended. */
  readonly ended: "error" | "answer"
  /** Paths of the URLs that the platform's client made spans of. */
  readonly traced: ReadonlyArray<unknown>
  /** The tags of the events that were told. */
  readonly events: ReadonlyArray<string>
}

/** Lives through one failure path of one driver, and keeps all that we hand out meanwhile. */
export const live = (driver: Driver, path: Path, nonce: string): Effect.Effect<Shown> => {
  const exhibits: Array<Exhibit> = []
  const spans: Array<Span> = []
  const clock = new LeakClock()
  return Effect.gen(function* () {
    const world = yield* build(driver, path, nonce, clock, exhibits)
    const { armed, client, close, manager, show, watch } = world
    const events: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(manager.events, (event) =>
        Effect.sync(() => {
          events.push(event._tag)
          show("event", event)
        })
      )
    )
    yield* clock.settle
    if (!driver.mintsAtOnce) {
      yield* watch("typed client, before", client.get("/things"))
      yield* clock.leap("2 hours")
    }
    armed.on = true
    yield* path.fail?.(world) ?? Effect.void
    const ended = yield* path.brief === true ? exerciseBriefly(world, path) : exercise(world, path)
    yield* path.afterwards?.(world) ?? Effect.void
    yield* clock.run(close)
    yield* watch("access token of a closed manager", manager.get)

    show("manager", manager)
    show("flow", manager.flow)
    show("typed client, itself", client)
    show("standard client, itself", world.standard)
    show("outputs of the layers", world.context)
    show("effects of the manager", { get: manager.get, status: manager.status, events: manager.events })
    return { ended, events }
  }).pipe(
    Effect.scoped,
    Effect.withSpan("application", { captureStackTrace: false }),
    withLogs(exhibits),
    clock.use,
    Effect.withTracer(tracer(spans)),
    Effect.map(({ ended, events }): Shown => ({
      exhibits: [...exhibits, ...ofSpans(spans), ...ofMetrics()],
      ended,
      events,
      traced: spans.filter(isPlatforms).map(({ attributes }) => attributes.get("url.path"))
    }))
  )
}
