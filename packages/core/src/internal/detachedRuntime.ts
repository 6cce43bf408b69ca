import * as Context from "effect/Context"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Tracer from "effect/Tracer"

const withoutSpan = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.unsafeMake(new Map(Array.from(context.unsafeMap).filter(([key]) => key !== Tracer.ParentSpan.key)))

const hasEnded = (span: Tracer.AnySpan): boolean => span._tag === "Span" && span.status._tag === "Ended"

/**
 * The runtime of the fiber that made something, for work that may outlast that fiber and belongs to
 * others: it can be interrupted wherever it was made, and has no annotations of the maker. Asked
 * for each time, for the span of the maker is a parent only until it ends.
 */
export const detached = <R>(made: Runtime.Runtime<R>): (() => Runtime.Runtime<R>) => {
  const runtime = made.pipe(
    Runtime.enableRuntimeFlag(RuntimeFlags.Interruption),
    Runtime.deleteFiberRef(FiberRef.currentLogAnnotations),
    Runtime.deleteFiberRef(FiberRef.currentLogSpan),
    Runtime.deleteFiberRef(FiberRef.currentTracerSpanAnnotations),
    Runtime.deleteFiberRef(FiberRef.currentTracerSpanLinks)
  )
  const span = Context.getOption(made.context, Tracer.ParentSpan)
  return () => (Option.exists(span, hasEnded) ? Runtime.updateContext(runtime, withoutSpan) : runtime)
}
