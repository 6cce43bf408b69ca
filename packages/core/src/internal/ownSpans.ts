import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"

/** Effect's own, which nobody exports from: its spans are seen by no one but what runs within them. */
const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** The global object as Effect sees it: `Fiber.getCurrentFiber` makes an `Option` on each call. */
const realm: {
  readonly Object: unknown
  readonly "effect/FiberCurrent"?: Fiber.RuntimeFiber<unknown, unknown> | undefined
} = globalThis

/** The tracer that the application installed, of the fiber that runs now. On the hot path: a read, a comparison. */
export const installedTracer = (): Tracer.Tracer | undefined => {
  const tracer = realm["effect/FiberCurrent"]?.currentTracer
  return tracer === native ? undefined : tracer
}

type End = (exit: Exit.Exit<unknown, unknown>) => Exit.Exit<unknown, unknown>

/** The same span but for what it ends with. A proxy, for tracers know their spans by class and by private field. */
const endingWith = (span: Tracer.Span, own: End): Tracer.Span => {
  const end: Tracer.Span["end"] = (endTime, exit) => span.end(endTime, own(exit))
  return new Proxy(span, {
    get: (span, key) => {
      if (key === "end") {
        return end
      }
      const value: unknown = Reflect.get(span, key, span)
      return typeof value === "function" ? value.bind(span) : value
    }
  })
}

/**
 * R15: the platform's span of a request ends with the answer or the error as it is, which hold the request
 * as it was sent. While an effect runs, each span ends with what `own` makes of it; whatever else the
 * application's tracer does, it does as before.
 */
export const withOwnSpans = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  tracer: Tracer.Tracer,
  own: End
): Effect.Effect<A, E, R> =>
  Effect.withTracer(
    effect,
    Tracer.make({
      span: (...options) => endingWith(tracer.span(...options), own),
      context: (f, fiber) => tracer.context(f, fiber)
    })
  )
