import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as List from "effect/List"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { it } from "../../testing/src/SettledTest.ts"
import * as Api from "./support/api.ts"
import * as TestFlow from "./support/testFlow.ts"

const url = "https://api.test.example/things"

/** A client that answers each request at once, with this. */
const answering = (answer: () => Response): HttpClient.HttpClient =>
  HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, answer())))

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const rejection = (call: () => Promise<unknown>) =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error }))

const authenticated = (options: TestFlow.Options = {}) =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make(options)
    const api = Api.make()
    const manager = yield* TokenManager.make(test.flow)
    const provided = Effect.provideService(HttpClient.HttpClient, api.client)
    const typed = yield* Effect.flatMap(AuthHttpClient.make(manager), AuthHttpClient.toFetch).pipe(provided)
    const standard = yield* Effect.flatMap(AuthHttpClient.compose([manager]), AuthHttpClient.toFetch).pipe(
      provided
    )
    return { api, standard, test, typed }
  })

describe("a client that answers at once", () => {
  it.effect("resolves", () =>
    Effect.gen(function* () {
      const fetch = yield* AuthHttpClient.toFetch(answering(() => new Response("here")))
      assert.strictEqual(yield* Effect.promise(async () => (await fetch(url)).text()), "here")
    })
  )

  it.effect("an answer whose Response has no body has none", () =>
    Effect.gen(function* () {
      const fetch = yield* AuthHttpClient.toFetch(answering(() => new Response(null)))
      assert.isNull((yield* Effect.promise(() => fetch(url))).body)
    })
  )

  it.effect("resolves with every status there is, and rejects none that is not", () =>
    Effect.gen(function* () {
      let status = 0
      const fetch = yield* AuthHttpClient.toFetch(
        HttpClient.make((request) =>
          Effect.sync(() =>
            Object.defineProperty(HttpClientResponse.fromWeb(request, new Response("body")), "status", {
              value: status
            })
          )
        )
      )
      const withoutBody: Array<number> = []
      for (status of [0, ...Array.from({ length: 900 }, (_, nth) => 100 + nth)]) {
        const response = yield* Effect.promise(() => fetch(url))
        assert.strictEqual(response.status, status)
        assert.strictEqual(response.ok, status >= 200 && status < 300)
        if (status % 100 === 0) {
          const clone = response.clone()
          assert.strictEqual(clone.status, status)
          yield* Effect.promise(() => clone.text())
        }
        const text = yield* Effect.promise(() => response.text())
        if (response.body === null) {
          withoutBody.push(status)
        } else {
          assert.strictEqual(text, "body")
        }
      }
      assert.deepStrictEqual(withoutBody, [101, 103, 204, 205, 304])
    })
  )

  it.effect("a header that no Response takes rejects", () =>
    Effect.gen(function* () {
      const fetch = yield* AuthHttpClient.toFetch(
        HttpClient.make((request) =>
          Effect.sync(() =>
            Object.defineProperty(HttpClientResponse.fromWeb(request, new Response()), "headers", {
              value: { "x-a": "a\nb" }
            })
          )
        )
      )
      assert.instanceOf(yield* rejection(() => fetch(url)), TypeError)
    })
  )

  it.effect("a client that fails statuses resolves all the same, with the answer and its body", () =>
    Effect.gen(function* () {
      const fetch = yield* AuthHttpClient.toFetch(
        HttpClient.filterStatusOk(answering(() => new Response("gone", { status: 410, statusText: "Away" })))
      )
      const response = yield* Effect.promise(() => fetch(url))
      assert.deepStrictEqual(
        [response.status, response.statusText, yield* Effect.promise(() => response.text())],
        [410, "Away", "gone"]
      )
    })
  )

  it.effect("redirects that the client follows are told: url and redirected", () =>
    Effect.gen(function* () {
      const answers = [new Response(null, { status: 302, headers: { location: "/other?q=1" } })]
      const fetch = yield* AuthHttpClient.toFetch(
        HttpClient.followRedirects(answering(() => answers.pop() ?? new Response("here")))
      )
      const direct = (response: Response) => [response.url, response.redirected]
      assert.deepStrictEqual(direct(yield* Effect.promise(() => fetch(`${url}#fragment`))), [
        "https://api.test.example/other?q=1",
        true
      ])
      assert.deepStrictEqual(direct(yield* Effect.promise(() => fetch(`${url}?a#fragment`))), [
        `${url}?a`,
        false
      ])
    })
  )

  it.effect("a body is not read before it is asked for", () =>
    Effect.gen(function* () {
      let pulls = 0
      const fetch = yield* AuthHttpClient.toFetch(
        answering(
          () =>
            new Response(
              new ReadableStream(
                {
                  pull: (controller) => {
                    pulls += 1
                    controller.enqueue(new Uint8Array([1]))
                    controller.close()
                  }
                },
                { highWaterMark: 0 }
              )
            )
        )
      )
      const response = yield* Effect.promise(() => fetch(url))
      yield* turn
      assert.strictEqual(pulls, 0)
      assert.strictEqual((yield* Effect.promise(() => response.arrayBuffer())).byteLength, 1)
      assert.strictEqual(pulls, 1)
    })
  )

  it.effect("a client that aborts its own call is interrupted", () =>
    Effect.gen(function* () {
      const controller = new AbortController()
      let isInterrupted = false
      const fetch = yield* AuthHttpClient.toFetch(
        HttpClient.make(() =>
          Effect.zipRight(
            Effect.sync(() => controller.abort("enough")),
            Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                isInterrupted = true
              })
            )
          )
        )
      )
      assert.strictEqual(yield* rejection(() => fetch(url, { signal: controller.signal })), "enough")
      yield* turn
      assert.isTrue(isInterrupted)
    })
  )
})

describe("a token", () => {
  it.scoped("is not asked for by a call that is aborted already", () =>
    Effect.gen(function* () {
      const { api, test, typed } = yield* authenticated()
      const error = yield* rejection(() => typed(url, { signal: AbortSignal.abort("enough") }))
      yield* TestFlow.settle
      assert.strictEqual(error, "enough")
      assert.strictEqual(test.mints(), 0)
      assert.strictEqual(api.arrivals.length, 0)
    })
  )

  it.scoped("that cannot be had rejects with the AuthError itself, of either client", () =>
    Effect.gen(function* () {
      const { standard, test, typed } = yield* authenticated()
      test.behave(TestFlow.denied)
      for (const fetch of [typed, standard]) {
        const error = yield* rejection(() => fetch(url))
        assert.deepInclude(error, { _tag: "AccessDenied", message: TestFlow.denied.message })
      }
    })
  )

  it.scoped("R10: that is rejected is replaced, and bodies are sent once more, but streams", () =>
    Effect.gen(function* () {
      const sent = (body: BodyInit, isRequest: boolean) =>
        Effect.gen(function* () {
          const { api, typed } = yield* authenticated()
          api.intercept = () => (api.arrivals.length === 1 ? new Response(null, { status: 401 }) : undefined)
          const init = { method: "POST", body, duplex: "half" }
          const response = yield* Effect.promise(() =>
            isRequest ? typed(new Request(url, init)) : typed(url, init)
          )
          return [response.status, ...api.arrivals.map((arrival) => arrival.body)]
        })
      const stream = () => new Blob(["a"]).stream()
      assert.deepStrictEqual(yield* sent("a", false), [200, "a", "a"])
      assert.deepStrictEqual(yield* sent("a", true), [200, "a", "a"])
      assert.deepStrictEqual(yield* sent(new Uint8Array([97]), false), [200, "a", "a"])
      assert.deepStrictEqual(yield* sent(new URLSearchParams({ a: "1" }), false), [200, "a=1", "a=1"])
      assert.deepStrictEqual(yield* sent(new Blob(["a"]), false), [200, "a", "a"])
      assert.deepStrictEqual(yield* sent(stream(), true), [200, "a", "a"])
      assert.deepStrictEqual(yield* sent(stream(), false), [401, "a"])
    })
  )
})

describe("the fiber that made it", () => {
  /** A client that tells what the fiber of a call knows. */
  const telling = <A>(ask: Effect.Effect<A>) => {
    const told: Array<A> = []
    const client = HttpClient.make((request) =>
      Effect.map(ask, (answer) => {
        told.push(answer)
        return HttpClientResponse.fromWeb(request, new Response())
      })
    )
    return { client, told }
  }

  it.effect("gives its span as the parent while that lasts, and not after", () =>
    Effect.gen(function* () {
      const { client, told } = telling(
        Effect.map(Effect.orDie(Effect.currentSpan), ({ parent }) =>
          Option.getOrUndefined(
            Option.map(parent, (span) => (span._tag === "Span" ? span.name : span.spanId))
          )
        )
      )
      const fetch = yield* AuthHttpClient.toFetch(client).pipe(
        Effect.tap((fetch) => Effect.promise(() => fetch(url))),
        Effect.withSpan("made")
      )
      yield* Effect.promise(() => fetch(url))
      yield* Effect.promise(() => fetch(url))
      assert.deepStrictEqual(told, ["made", undefined, undefined])
    })
  )

  it.effect("keeps its annotations of logs and spans to itself, and gives what else was set", () =>
    Effect.gen(function* () {
      const { client, told } = telling(
        Effect.all({
          annotations: Effect.map(Effect.logAnnotations, HashMap.size),
          spans: Effect.map(FiberRef.get(FiberRef.currentLogSpan), List.size),
          spanAnnotations: Effect.map(Effect.spanAnnotations, HashMap.size),
          spanLinks: Effect.map(Effect.spanLinks, (links) => links.length),
          minimum: Effect.map(FiberRef.get(FiberRef.currentMinimumLogLevel), ({ label }) => label)
        })
      )
      const fetch = yield* AuthHttpClient.toFetch(client).pipe(
        Effect.annotateLogs("request", "1"),
        Effect.annotateSpans("request", "1"),
        Effect.linkSpans(Tracer.externalSpan({ spanId: "1", traceId: "1" })),
        Effect.withLogSpan("request"),
        Logger.withMinimumLogLevel(LogLevel.Error)
      )
      yield* Effect.promise(() => fetch(url))
      assert.deepStrictEqual(told, [
        { annotations: 0, spans: 0, spanAnnotations: 0, spanLinks: 0, minimum: "ERROR" }
      ])
    })
  )

  it.effect("does not make the calls uninterruptible", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const fetch = yield* Effect.uninterruptible(
        AuthHttpClient.toFetch(
          HttpClient.make(() =>
            Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                isInterrupted = true
              })
            )
          )
        )
      )
      const controller = new AbortController()
      const call = yield* Effect.fork(rejection(() => fetch(url, { signal: controller.signal })))
      yield* turn
      controller.abort("enough")
      assert.strictEqual(yield* call, "enough")
      yield* turn
      assert.isTrue(isInterrupted)
    })
  )
})

describe("options that are for a fetch beneath", () => {
  const given: ReadonlyArray<RequestInit> = [
    { cache: "no-store" },
    { credentials: "include" },
    { integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
    { keepalive: true },
    { mode: "same-origin" },
    { redirect: "manual" },
    { referrer: "" },
    { referrerPolicy: "no-referrer" }
  ]

  /** What a `fetch` beneath is called with. */
  const recorded = (init: RequestInit = {}) =>
    Effect.gen(function* () {
      const seen: Array<RequestInit> = []
      const record: typeof globalThis.fetch = (
        _url,
        { body, duplex, headers, method, signal, ...rest }: RequestInit & { duplex?: unknown } = {}
      ) => {
        assert.deepStrictEqual([body, duplex, method], [undefined, undefined, "GET"])
        assert.isTrue(headers !== undefined && signal instanceof AbortSignal)
        seen.push(rest)
        return Promise.resolve(new Response())
      }
      const layer = FetchHttpClient.layer.pipe(
        Layer.provide(Layer.succeed(FetchHttpClient.Fetch, record)),
        Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, init))
      )
      const client = yield* Effect.provide(HttpClient.HttpClient, layer)
      return { client, seen }
    })

  for (const init of given) {
    it.effect(`${JSON.stringify(init)} of init and of a Request`, () =>
      Effect.gen(function* () {
        const { client, seen } = yield* recorded()
        const fetch = yield* AuthHttpClient.toFetch(client)
        yield* Effect.promise(() => fetch(url, init))
        yield* Effect.promise(() => fetch(new Request(url, init)))
        yield* Effect.promise(() => fetch(new Request(url, init), { headers: { "x-a": "1" } }))
        // Fetch standard, "Request class": an init that is not empty takes the referrer away.
        assert.deepStrictEqual(seen, [init, init, Object.keys(init)[0]?.startsWith("referrer") ? {} : init])
      })
    )
  }

  it.effect(
    "those of init come before those of a Request, and those of the client hold where none is given",
    () =>
      Effect.gen(function* () {
        const { client, seen } = yield* recorded({ credentials: "omit", cache: "reload" })
        const fetch = yield* AuthHttpClient.toFetch(client)
        const other = yield* AuthHttpClient.toFetch(client).pipe(
          Effect.provideService(FetchHttpClient.RequestInit, { credentials: "include", cache: "no-cache" })
        )
        yield* Effect.promise(() => fetch(new Request(url, { redirect: "error" }), { redirect: "manual" }))
        yield* Effect.promise(() => fetch(url))
        yield* Effect.promise(() => other(url))
        yield* Effect.promise(() => other(url, { cache: "no-store" }))
        assert.deepStrictEqual(seen, [
          { redirect: "manual" },
          { credentials: "omit", cache: "reload" },
          { credentials: "include", cache: "no-cache" },
          { credentials: "include", cache: "no-store" }
        ])
      })
  )
})

describe("garbage collection", () => {
  it.effect("an abort reaches a call and a body, though nobody holds the request", () =>
    Effect.gen(function* () {
      setFlagsFromString("--expose-gc")
      const collect: () => void = runInNewContext("gc")
      const collected = Effect.repeatN(
        Effect.zipRight(
          turn,
          Effect.sync(() => collect())
        ),
        4
      )
      const controller = new AbortController()
      const { signal } = controller
      const hanging = yield* AuthHttpClient.toFetch(HttpClient.make(() => Effect.never))
      const endless = yield* AuthHttpClient.toFetch(answering(() => new Response(new ReadableStream())))
      const call = yield* Effect.fork(rejection(() => hanging(url, { signal })))
      const response = yield* Effect.promise(() => endless(url, { signal }))
      const body = yield* Effect.fork(rejection(() => response.text()))
      yield* collected
      controller.abort("enough")
      assert.deepStrictEqual([yield* call, yield* body], ["enough", "enough"])
    })
  )
})
