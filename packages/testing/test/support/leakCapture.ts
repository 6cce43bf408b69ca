import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import type { Exhibit } from "./leakDetector.ts"
import { attempt } from "./leakRenderings.ts"

/** Keeps what is logged while an effect runs, at every level. */
export const withLogs =
  (into: Array<Exhibit>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
    const logger = Logger.make<unknown, void>((options) => {
      const { annotations, cause, message, spans } = options
      into.push(
        { surface: "log, message", value: message },
        { surface: "log, cause", value: cause },
        { surface: "log, annotations and spans", value: [[...annotations], [...spans]] },
        // As text at once: within a fiber the platform hides more than without.
        { surface: "log, string", value: attempt(() => Logger.stringLogger.log(options))(undefined) },
        { surface: "log, JSON", value: attempt(() => Logger.jsonLogger.log(options))(undefined) }
      )
    })
    return effect.pipe(
      // One by one: what a merged layer sets stays set after it.
      Effect.provide(Logger.minimumLogLevel(LogLevel.All)),
      Effect.provide(Logger.add(logger))
    )
  }

/** What an application's log says once it has logged what it got. */
export const logAll = (exhibits: ReadonlyArray<Exhibit>): Effect.Effect<ReadonlyArray<Exhibit>> =>
  Effect.suspend(() => {
    const lines: Array<Exhibit> = []
    return Effect.forEach(
      exhibits,
      ({ surface, value }) =>
        Effect.logError(surface, value, Cause.isCause(value) ? value : Cause.fail(value)).pipe(
          Effect.annotateLogs("value", value)
        ),
      { discard: true }
    ).pipe(
      withLogs(lines),
      Effect.map(() => lines.filter(({ value }) => typeof value === "string"))
    )
  })

/** A span as an exporter sees it. */
export interface Span {
  readonly name: string
  readonly attributes: Map<string, unknown>
  readonly events: Array<unknown>
  readonly links: Array<Tracer.SpanLink>
  exit: Exit.Exit<unknown, unknown> | undefined
}

/** Keeps every span, whoever makes it: the platform's client traces what it sends. */
export const tracer = (into: Array<Span>): Tracer.Tracer =>
  Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const kept: Span = { name, attributes: new Map(), events: [], links: [...links], exit: undefined }
      into.push(kept)
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      return {
        _tag: "Span",
        name,
        spanId: `span-${into.length}`,
        traceId: "trace",
        parent,
        context,
        get status() {
          return status
        },
        attributes: kept.attributes,
        links: kept.links,
        sampled: true,
        kind,
        end: (endTime, exit) => {
          status = { _tag: "Ended", startTime, endTime, exit }
          kept.exit = exit
        },
        attribute: (key, value) => {
          kept.attributes.set(key, value)
        },
        event: (name, at, attributes) => {
          // Effect's own logger writes what is logged within a span into it.
          kept.events.push({ name, at: Number(at), attributes })
        },
        addLinks: (links) => {
          kept.links.push(...links)
        }
      }
    },
    context: (f) => f()
  })

/** Spans of the platform's client, which record the request as it is sent. */
export const isPlatforms = ({ name }: Span): boolean => name.startsWith("http.client")

/** What spans show, those of the platform's client included: what they are told, and what they end with. */
export const ofSpans = (spans: ReadonlyArray<Span>): ReadonlyArray<Exhibit> =>
  spans.flatMap(({ attributes, events, exit, links, name }) => {
    const surface = `span ${name}`
    const ended =
      exit === undefined
        ? []
        : Exit.isSuccess(exit)
          ? [exit.value]
          : [exit.cause, ...Cause.failures(exit.cause), ...Cause.defects(exit.cause)]
    return [
      { surface, value: { name, attributes: [...attributes], events, links } },
      ...ended.map((value) => ({ surface: `${surface}, exit`, value }))
    ]
  })

/** What metrics show: names, descriptions, tags and values. */
export const ofMetrics = (): ReadonlyArray<Exhibit> =>
  Metric.unsafeSnapshot().map(({ metricKey, metricState }) => ({
    surface: "metric",
    value: {
      name: metricKey.name,
      description: metricKey.description,
      tags: metricKey.tags,
      state: metricState
    }
  }))
