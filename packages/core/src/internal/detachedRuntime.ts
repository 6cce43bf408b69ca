import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Tracer from "effect/Tracer"

const withoutSpan = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.unsafeMake(new Map(Array.from(context.unsafeMap).filter(([key]) => key !== Tracer.ParentSpan.key)))

const hasEnded = (span: Tracer.AnySpan): boolean => span._tag === "Span" && span.status._tag === "Ended"

/** It can be interrupted wherever it was made, and has no annotations of the maker. */
const anonymous = <R>(made: Runtime.Runtime<R>): Runtime.Runtime<R> =>
  made.pipe(
    Runtime.enableRuntimeFlag(RuntimeFlags.Interruption),
    Runtime.deleteFiberRef(FiberRef.currentLogAnnotations),
    Runtime.deleteFiberRef(FiberRef.currentLogSpan),
    Runtime.deleteFiberRef(FiberRef.currentTracerSpanAnnotations),
    Runtime.deleteFiberRef(FiberRef.currentTracerSpanLinks)
  )

/** What `FetchHttpClient` asks the context for at each request. */
const ofFetch: ReadonlySet<string> = new Set([FetchHttpClient.Fetch.key, FetchHttpClient.RequestInit.key])

/**
 * The runtime of the fiber that makes something which others share, and which outlives that fiber. Clock,
 * logger, tracer and configuration are its maker's. Of the maker's context nothing stays but how requests are
 * sent: not its span, and not the transaction that it happened to be in.
 */
export const shared: Effect.Effect<Runtime.Runtime<never>> = Effect.map(Effect.runtime(), (made) =>
  Runtime.updateContext(anonymous(made), (context) => {
    const kept = Array.from(context.unsafeMap).filter(([key]) => ofFetch.has(key))
    // The empty one is nobody's: a manager for each of ten thousand tenants needs none of its own.
    return kept.length === 0 ? Context.empty() : Context.unsafeMake<never>(new Map(kept))
  })
)

/**
 * The runtime of the fiber that made something, for work that may outlast that fiber and belongs to
 * others. Asked for each time, for the span of the maker is a parent only until it ends.
 */
export const detached = <R>(made: Runtime.Runtime<R>): (() => Runtime.Runtime<R>) => {
  const runtime = anonymous(made)
  const span = Context.getOption(made.context, Tracer.ParentSpan)
  return () => (Option.exists(span, hasEnded) ? Runtime.updateContext(runtime, withoutSpan) : runtime)
}
