import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Context from "effect/Context"
import type * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import { installedTracer } from "../src/internal/ownSpans.ts"
import { it } from "../../testing/src/SettledTest.ts"
import * as Api from "./support/api.ts"
import * as TestFlow from "./support/testFlow.ts"

/** A span of a tracer that knows its own by class and by private field. */
class OwnSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly traceId = "0123456789abcdef0123456789abcdef"
  readonly sampled = true
  readonly links: Array<Tracer.SpanLink> = []
  readonly #attributes = new Map<string, unknown>()
  readonly name: string
  readonly spanId: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly context: Context.Context<never>
  readonly kind: Tracer.SpanKind
  status: Tracer.SpanStatus

  constructor(
    name: string,
    number: number,
    parent: Option.Option<Tracer.AnySpan>,
    context: Context.Context<never>,
    startTime: bigint,
    kind: Tracer.SpanKind
  ) {
    this.name = name
    this.spanId = String(number).padStart(16, "0")
    this.parent = parent
    this.context = context
    this.kind = kind
    this.status = { _tag: "Started", startTime }
  }

  get attributes() {
    return this.#attributes
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>) {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
  }

  attribute(key: string, value: unknown) {
    this.#attributes.set(key, value)
  }

  event() {}

  addLinks(links: ReadonlyArray<Tracer.SpanLink>) {
    this.links.push(...links)
  }
}

const setup = (base: (client: HttpClient.HttpClient) => HttpClient.HttpClient = (client) => client) =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make()
    const api = Api.make()
    const manager = yield* TokenManager.make(test.flow)
    const client = yield* Effect.provideService(
      AuthHttpClient.make(manager),
      HttpClient.HttpClient,
      base(api.client)
    )
    const spans: Array<OwnSpan> = []
    const tracer = Tracer.make({
      span: (name, parent, context, _links, startTime, kind) => {
        const span = new OwnSpan(name, spans.length + 1, parent, context, startTime, kind)
        spans.push(span)
        return span
      },
      context: (f) => f()
    })
    const ended = () =>
      spans.map(({ name, status }) => [name, status._tag === "Ended" ? status.exit : undefined] as const)
    return { api, client, ended, spans, tracer }
  })

const shown = (value: unknown) =>
  inspect(value, { depth: 20, showHidden: true }) +
  inspect(value, { depth: 20, customInspect: false, getters: true }) +
  JSON.stringify(value)

describe("AuthHttpClient, spans", () => {
  it.scoped("R15: the platform's span of a request ends with the answer that the application gets", () =>
    Effect.gen(function* () {
      const { api, client, ended, spans, tracer } = yield* setup()
      api.accepts = (token) => token !== "access-1"
      yield* client.get("/permits").pipe(Effect.withSpan("application"), Effect.withTracer(tracer))
      assert.deepStrictEqual(
        ended().map(([name]) => name),
        ["application", "http.client GET", "http.client GET"]
      )
      for (const [name, exit] of ended()) {
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit), name)
        assert.notInclude(shown(exit), "access-", name)
      }
      const [, rejected] = ended()
      assert.strictEqual(spans[1]?.attributes.get("http.response.status_code"), 401)
      assert.include(shown(rejected?.[1]), "401")
    })
  )

  it.scoped("R15: so do those that a base client makes, and with the failure that the application gets", () =>
    Effect.gen(function* () {
      const failing = (client: HttpClient.HttpClient) =>
        HttpClient.transformResponse(
          HttpClient.make((request) =>
            request.url.endsWith("/refused")
              ? Effect.fail(
                  new HttpClientError.RequestError({
                    request,
                    reason: "Transport",
                    cause: new Error(`refused ${request.headers["authorization"]}`)
                  })
                )
              : request.url.endsWith("/broken")
                ? Effect.die({ request })
                : client.execute(request)
          ),
          Effect.withSpan("base")
        )
      for (const base of [
        failing,
        (client: HttpClient.HttpClient) => HttpClient.filterStatusOk(failing(client))
      ]) {
        const { api, client, ended, tracer } = yield* setup(base)
        api.intercept = () => new Response(null, { status: 404 })
        for (const path of ["/refused", "/broken", "/missing"]) {
          yield* client.get(path).pipe(Effect.exit, Effect.withTracer(tracer))
        }
        assert.deepStrictEqual([...new Set(ended().map(([name]) => name))], ["base", "http.client GET"])
        for (const [name, exit] of ended()) {
          assert.isDefined(exit)
          assert.notInclude(shown(exit), "access-", name)
        }
        assert.isTrue(ended().some(([, exit]) => shown(exit).includes("Transport")))
      }
    })
  )

  it.scoped(
    "R15: what the tracer knows of its spans stays as it was: class, fields, parents, propagation",
    () =>
      Effect.gen(function* () {
        const inner: Array<Tracer.AnySpan> = []
        const { api, client, spans, tracer } = yield* setup((client) =>
          HttpClient.make((request) =>
            Effect.zipRight(
              Effect.tap(Effect.orDie(Effect.currentSpan), (span) => Effect.sync(() => inner.push(span))),
              client.execute(request)
            )
          )
        )
        yield* client.get("/permits").pipe(Effect.withSpan("application"), Effect.withTracer(tracer))
        const [application, outer, nested] = spans
        assert.instanceOf(inner[0], OwnSpan)
        assert.strictEqual(inner[0]?.spanId, outer?.spanId)
        assert.deepStrictEqual(
          spans.map(({ parent }) => (parent._tag === "Some" ? parent.value.spanId : undefined)),
          [undefined, application?.spanId, outer?.spanId]
        )
        assert.strictEqual(outer?.attributes.get("url.path"), "/permits")
        assert.strictEqual(outer?.status._tag, "Ended")
        assert.include(api.arrivals[0]?.headers["traceparent"], `${nested?.traceId}-${nested?.spanId}`)
      })
  )

  it.effect("no tracer is replaced where none is installed", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* Effect.sync(installedTracer))
      assert.isUndefined(installedTracer())
      const own = Tracer.make({
        span: () => assert.fail("no span is made"),
        context: (f) => f()
      })
      assert.strictEqual(yield* Effect.withTracer(Effect.sync(installedTracer), own), own)
    })
  )
})
