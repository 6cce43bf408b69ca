import * as AuthError from "@latchkey/core/AuthError"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as Api from "./support/api.ts"
import * as TestFlow from "./support/testFlow.ts"

const setup = (options?: TestFlow.Options, clientOptions?: AuthHttpClient.Options) =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make(options)
    const api = Api.make()
    const manager = yield* TokenManager.make(test.flow)
    const client = yield* AuthHttpClient.make(manager, clientOptions).pipe(
      Effect.provideService(HttpClient.HttpClient, api.client)
    )
    const standard = yield* AuthHttpClient.compose([manager], clientOptions).pipe(
      Effect.provideService(HttpClient.HttpClient, api.client)
    )
    return { test, api, manager, client, standard }
  })

/** All but the token, and the trace of each try. */
const ownHeaders = (arrival: Api.Arrival | undefined) => {
  const { authorization: _authorization, b3: _b3, traceparent: _traceparent, ...own } = arrival?.headers ?? {}
  return own
}

const tokens = (api: Api.Api) => api.arrivals.map((arrival) => arrival.authorization)

describe("AuthHttpClient", () => {
  it.scoped("a request carries the token; a relative URL starts at the API's base URL", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup()
      const response = yield* client.get("/v1/permits", { urlParams: { page: 2 } })
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(yield* response.json, { ok: true })
      assert.strictEqual(api.arrivals[0]?.url, "https://api.test.example/v1/permits?page=2")
      assert.deepStrictEqual(tokens(api), ["Bearer access-1"])
    })
  )

  it.scoped("R14: the decision is made on the request as it is sent: prependUrl outside", () =>
    Effect.gen(function* () {
      const { api, client, standard } = yield* setup()
      yield* standard
        .pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("https://api.test.example/v1")))
        .get("/permits")
      yield* client.pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("/v2"))).get("/permits")
      assert.deepStrictEqual(
        api.arrivals.map((arrival) => arrival.url),
        ["https://api.test.example/v1/permits", "https://api.test.example/v2/permits"]
      )
      assert.deepStrictEqual(tokens(api), ["Bearer access-1", "Bearer access-1"])
    })
  )

  it.scoped("R14: a base client that prepends the URL itself is authenticated too", () =>
    Effect.gen(function* () {
      const { api, manager } = yield* setup()
      const base = HttpClient.mapRequest(api.client, HttpClientRequest.prependUrl("https://api.test.example"))
      const client = yield* Effect.provideService(
        AuthHttpClient.compose([manager]),
        HttpClient.HttpClient,
        base
      )
      yield* client.get("/permits")
      assert.deepStrictEqual(tokens(api), ["Bearer access-1"])
    })
  )

  it.scoped("R10: the base client's preprocessing runs once, also for a retry", () =>
    Effect.gen(function* () {
      const { api, manager } = yield* setup()
      let drawn = 0
      const base = HttpClient.mapRequestEffect(api.client, (request) =>
        Effect.sync(() => HttpClientRequest.setHeader(request, "idempotency-key", `key-${++drawn}`))
      )
      api.accepts = (token) => token !== "access-1"
      const client = yield* Effect.provideService(AuthHttpClient.make(manager), HttpClient.HttpClient, base)
      yield* client.get("/permits")
      assert.deepStrictEqual(
        api.arrivals.map((arrival) => arrival.headers["idempotency-key"]),
        ["key-1", "key-1"]
      )
    })
  )

  for (const url of [
    "https://elsewhere.example/",
    "https://api.test.example:8443/",
    "http://api.test.example/",
    "https://api.test.example@evil.example/",
    "https://api.test.example.evil.example/",
    "https://api.test.example\\@evil.example/",
    "https://evil.example/https://api.test.example/",
    "https://evil.example?https://api.test.example/",
    "https://sub.api.test.example/",
    "https://api.test.example./"
  ]) {
    it.scoped(`R14: no token to another origin: ${url}`, () =>
      Effect.gen(function* () {
        const { api, client, standard } = yield* setup()
        yield* Effect.either(standard.get(url))
        yield* Effect.either(client.get(url))
        assert.isTrue(api.arrivals.length > 0)
        for (const arrival of api.arrivals) {
          // A backslash is a slash to the URL parser, and so to the client that sends it.
          const claimed = new URL(arrival.url).origin === "https://api.test.example"
          assert.strictEqual(arrival.authorization, claimed ? "Bearer access-1" : undefined)
        }
      })
    )
  }

  for (const url of ["@evil.example/", ".evil.example/", "//evil.example/", ":8443/", "\\\\evil.example/"]) {
    it.scoped(`R14: a relative URL cannot leave the API's host: ${url}`, () =>
      Effect.gen(function* () {
        const { api, client } = yield* setup()
        yield* Effect.either(client.get(url))
        for (const arrival of api.arrivals) {
          assert.strictEqual(new URL(arrival.url).host, "api.test.example")
        }
      })
    )
  }

  for (const url of [
    "HTTPS://API.Test.Example/permits",
    "https://api.test.example:443/permits",
    "https://api.test.example?x"
  ]) {
    it.scoped(`R14: another spelling of the same origin carries the token: ${url}`, () =>
      Effect.gen(function* () {
        const { api, standard } = yield* setup()
        yield* standard.get(url)
        assert.deepStrictEqual(tokens(api), ["Bearer access-1"])
      })
    )
  }

  it.scoped('R14: unmatched: "fail" fails a request to another origin before it is sent', () =>
    Effect.gen(function* () {
      const { api, client, standard } = yield* setup({}, { unmatched: "fail" })
      for (const result of [
        yield* Effect.either(client.get("https://elsewhere.example/")),
        yield* Effect.either(standard.get("https://elsewhere.example/"))
      ]) {
        assert.isTrue(
          Either.isLeft(result) && result.left._tag === "RequestError" && result.left.reason === "InvalidUrl"
        )
      }
      assert.strictEqual(api.arrivals.length, 0)
    })
  )

  it.scoped('R14: unmatched: "fail" fails one that carries the caller\'s own Authorization as well', () =>
    Effect.gen(function* () {
      const { api, client, standard, test } = yield* setup({}, { unmatched: "fail" })
      const headers = { authorization: "Basic mine" }
      for (const result of [
        yield* Effect.either(client.get("https://elsewhere.example/", { headers })),
        yield* Effect.either(standard.get("https://elsewhere.example/", { headers }))
      ]) {
        assert.isTrue(
          Either.isLeft(result) && result.left._tag === "RequestError" && result.left.reason === "InvalidUrl"
        )
      }
      assert.strictEqual(api.arrivals.length, 0)
      yield* standard.get("https://api.test.example/", { headers })
      assert.deepStrictEqual(tokens(api), ["Basic mine"])
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.scoped("HttpClient.withScope outside: the request ends with its scope, and so does a retry of it", () =>
    Effect.gen(function* () {
      const { api, manager } = yield* setup()
      const signals: Array<AbortSignal> = []
      const base = HttpClient.make((request, _url, signal) => {
        signals.push(signal)
        return api.client.execute(request)
      })
      const client = yield* Effect.provideService(AuthHttpClient.make(manager), HttpClient.HttpClient, base)
      const standard = yield* Effect.provideService(
        AuthHttpClient.compose([manager]),
        HttpClient.HttpClient,
        base
      )
      const calls = [
        ["relative URL", client, HttpClientRequest.get("/permits"), 1],
        ["absolute URL", client, HttpClientRequest.get("https://api.test.example/permits"), 1],
        ["standard client", standard, HttpClientRequest.get("https://api.test.example/permits"), 1],
        ["another origin", standard, HttpClientRequest.get("https://elsewhere.example/"), 1],
        [
          "own header",
          client,
          HttpClientRequest.get("/permits", { headers: { authorization: "Basic mine" } }),
          1
        ],
        ["retry", client, HttpClientRequest.get("/permits"), 2]
      ] as const
      for (const [name, via, request, sent] of calls) {
        api.accepts = (token) => sent === 1 || token !== "access-1"
        signals.length = 0
        const within = HttpClient.withScope(via)
          .execute(request)
          .pipe(Effect.map(() => signals.map(({ aborted }) => aborted)))
        assert.deepStrictEqual(
          yield* Effect.scoped(within),
          Array.from({ length: sent }, () => false),
          name
        )
        assert.strictEqual(signals.length, sent, name)
        assert.isTrue(
          signals.every(({ aborted }) => aborted),
          name
        )
      }
    })
  )

  it.scoped("R14: followRedirects outside: the token does not follow to another origin", () =>
    Effect.gen(function* () {
      const { api, standard } = yield* setup()
      api.intercept = (arrival) =>
        arrival.url.endsWith("/start")
          ? new Response(null, { status: 302, headers: { location: "https://elsewhere.example/end" } })
          : arrival.url.endsWith("/within")
            ? new Response(null, { status: 302, headers: { location: "/end" } })
            : Response.json({})
      const following = HttpClient.followRedirects(standard)
      yield* following.get("https://api.test.example/start")
      yield* following.get("https://api.test.example/within")
      assert.deepStrictEqual(tokens(api), [
        "Bearer access-1",
        undefined,
        "Bearer access-1",
        "Bearer access-1"
      ])
    })
  )

  it.scoped("R14: an Authorization header of the caller is kept, and no token is added", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      api.accepts = () => false
      const response = yield* client.get("/permits", { headers: { Authorization: "Basic mine" } })
      assert.strictEqual(response.status, 401)
      assert.deepStrictEqual(tokens(api), ["Basic mine"])
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.scoped("R14: two flows on one origin fail the layer, and both are named", () =>
    Effect.gen(function* () {
      class One extends Context.Tag("One")<One, TokenManager.TokenManager>() {}
      class Two extends Context.Tag("Two")<Two, TokenManager.TokenManager>() {}
      const make = (provider: string) =>
        Effect.flatMap(TestFlow.make(), (test) => TokenManager.make({ ...test.flow, provider }))
      const layer = AuthHttpClient.layer([One, Two]).pipe(
        Layer.provide([Layer.scoped(One, make("one")), Layer.scoped(Two, make("two"))]),
        Layer.provide(Layer.succeed(HttpClient.HttpClient, Api.make().client))
      )
      const result = yield* Effect.either(Layer.build(layer))
      assert.isTrue(Either.isLeft(result) && result.left._tag === "OriginConflict")
      assert.include(
        Either.isLeft(result) ? result.left.message : "",
        "one and two both claim https://api.test.example"
      )
    })
  )

  it.scoped("building a layer does no call, unless eager", () =>
    Effect.gen(function* () {
      class One extends Context.Tag("One")<One, TokenManager.TokenManager>() {}
      const test = yield* TestFlow.make()
      const below = Layer.merge(
        Layer.scoped(One, TokenManager.make(test.flow)),
        Layer.succeed(HttpClient.HttpClient, Api.make().client)
      )
      yield* Layer.build(Layer.provide(AuthHttpClient.layer([One]), below))
      assert.strictEqual(test.mints(), 0)
      yield* Layer.build(Layer.provide(AuthHttpClient.layer([One], { eager: true }), below))
      assert.strictEqual(test.mints(), 1)
      test.behave(TestFlow.unauthorized)
      yield* TestClock.adjust("2 hours")
      const failed = yield* Effect.either(
        Layer.build(Layer.provide(AuthHttpClient.layer([One], { eager: true }), Layer.fresh(below)))
      )
      assert.isTrue(Either.isLeft(failed) && failed.left._tag === "Unauthorized")
    })
  )
})

describe("AuthHttpClient, rejected tokens", () => {
  const bodies: ReadonlyArray<
    readonly [
      string,
      (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest,
      string
    ]
  > = [
    ["empty", (request) => request, ""],
    ["text", HttpClientRequest.bodyText("plain"), "plain"],
    ["JSON", HttpClientRequest.bodyUnsafeJson({ a: 1 }), '{"a":1}'],
    ["bytes", HttpClientRequest.bodyUint8Array(new Uint8Array([104, 105])), "hi"],
    ["URL-encoded", HttpClientRequest.bodyUrlParams({ a: "1", b: "2" }), "a=1&b=2"],
    ["FormData", HttpClientRequest.bodyFormDataRecord({ a: "1" }), "a=1"]
  ]
  for (const [name, withBody, arrives] of bodies) {
    it.scoped(`R10: a ${name} body, its headers and its idempotency key arrive again exactly as sent`, () =>
      Effect.gen(function* () {
        const { api, client, test } = yield* setup()
        api.accepts = (token) => token !== "access-1"
        const response = yield* HttpClientRequest.post("/payments", { urlParams: { page: "1" } }).pipe(
          HttpClientRequest.setHeader("idempotency-key", "key-1"),
          withBody,
          client.execute
        )
        assert.strictEqual(response.status, 200)
        const [first, second] = api.arrivals
        assert.strictEqual(api.arrivals.length, 2)
        assert.strictEqual(first?.body, arrives)
        assert.deepStrictEqual(
          { ...second, authorization: "", headers: ownHeaders(second) },
          { ...first, authorization: "", headers: ownHeaders(first) }
        )
        assert.deepStrictEqual(tokens(api), ["Bearer access-1", "Bearer access-2"])
        assert.strictEqual(test.mints(), 2)
      })
    )
  }

  it.scoped("R10: a stream is not replayed: the 401 is returned and the token dropped", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      api.accepts = (token) => token !== "access-1"
      const upload = () =>
        HttpClientRequest.post("/files").pipe(
          HttpClientRequest.bodyStream(Stream.make(new TextEncoder().encode("once"))),
          client.execute
        )
      const rejected = yield* upload()
      assert.strictEqual(rejected.status, 401)
      assert.deepStrictEqual(yield* rejected.json, { error: "rejected" })
      assert.strictEqual((yield* upload()).status, 200)
      assert.deepStrictEqual(
        api.arrivals.map((arrival) => arrival.body),
        ["once", "once"]
      )
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped(
    "R9: 200 calls in flight when the token is revoked: 1 mint, 0 failures, each sent at most twice",
    () =>
      Effect.gen(function* () {
        const { api, client, test } = yield* setup({ latency: "150 millis" })
        yield* TestFlow.during("150 millis", client.get("/warm-up"))
        api.arrivals.length = 0
        api.latency = "50 millis"
        api.accepts = (token) => token !== "access-1"
        const calls = Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index),
          (index) =>
            HttpClientRequest.post("/payments").pipe(
              HttpClientRequest.bodyUnsafeJson({ index }),
              HttpClientRequest.setHeader("idempotency-key", `key-${index}`),
              client.execute
            ),
          { concurrency: "unbounded" }
        )
        const responses = yield* TestFlow.during("1 second", calls)
        assert.isTrue(responses.every((response) => response.status === 200))
        assert.strictEqual(test.mints(), 2)
        assert.strictEqual(api.arrivals.length, 400)
        for (let index = 0; index < 200; index++) {
          const sent = api.arrivals.filter((arrival) => arrival.headers["idempotency-key"] === `key-${index}`)
          assert.deepStrictEqual(
            sent.map((arrival) => arrival.body),
            [`{"index":${index}}`, `{"index":${index}}`]
          )
        }
      })
  )

  it.scoped("R9: an API that answers 401 to everything costs at most 2 mints, then the gate", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      api.accepts = () => false
      for (let call = 0; call < 100; call++) {
        const response = yield* client.get("/permits")
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(yield* response.json, { error: "rejected" })
        assert.strictEqual(response.headers["x-answer"], "401")
      }
      assert.strictEqual(test.mints(), 2)
      for (let second = 0; second < 3_600; second += 10) {
        yield* client.get("/permits")
        yield* TestClock.adjust("10 seconds")
      }
      // 1 + 2 + 4 + … + 256 + 300 + 300 …: an hour has room for a few more, and the budget for five.
      assert.isAtMost(test.mints(), 20)
    })
  )

  it.scoped("R9: a stream to an API that answers 401 to everything is no mint per request", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      api.accepts = () => false
      for (let call = 0; call < 100; call++) {
        yield* HttpClientRequest.post("/files").pipe(
          HttpClientRequest.bodyStream(Stream.make(new Uint8Array([1]))),
          client.execute
        )
      }
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: insufficient_scope and 403 are no rejections", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      api.intercept = (arrival) =>
        arrival.url.endsWith("/scope")
          ? new Response(null, {
              status: 401,
              headers: { "www-authenticate": 'Bearer error="insufficient_scope"' }
            })
          : new Response(null, { status: 403 })
      assert.strictEqual((yield* client.get("/scope")).status, 401)
      assert.strictEqual((yield* client.get("/forbidden")).status, 403)
      assert.strictEqual(api.arrivals.length, 2)
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R9: a flow can say itself what rejects its token", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup({
        flow: { isTokenRejected: (response) => response.status === 419 }
      })
      api.intercept = (arrival) =>
        arrival.authorization === "Bearer access-1" ? new Response(null, { status: 419 }) : undefined
      assert.strictEqual((yield* client.get("/permits")).status, 200)
      assert.strictEqual(test.mints(), 2)
    })
  )
})

describe("AuthHttpClient, errors", () => {
  it.scoped("the typed client fails with the AuthError itself", () =>
    Effect.gen(function* () {
      const { client, test } = yield* setup()
      test.behave(TestFlow.denied)
      const caught = yield* client
        .get("/permits")
        .pipe(Effect.catchTags({ AccessDenied: (error) => Effect.succeed(error.provider) }))
      assert.strictEqual(caught, "test")
    })
  )

  it.scoped("under the standard tag it travels as the cause of a RequestError, and surfaces again", () =>
    Effect.gen(function* () {
      const { standard, test } = yield* setup()
      test.behave(TestFlow.denied)
      const request = standard.get("https://api.test.example/permits")
      const raw = yield* Effect.flip(request)
      assert.strictEqual(raw._tag, "RequestError")
      assert.strictEqual(Option.getOrNull(AuthError.fromHttpClientError(raw))?._tag, "AccessDenied")
      const surfaced = yield* Effect.flip(AuthError.surface(request))
      assert.strictEqual(surfaced._tag, "AccessDenied")
    })
  )

  it.scoped("HttpClient.retryTransient outside does not retry a terminal AuthError", () =>
    Effect.gen(function* () {
      const { standard, test } = yield* setup()
      test.behave(TestFlow.denied)
      let tries = 0
      const retrying = standard.pipe(
        HttpClient.tapError(() =>
          Effect.sync(() => {
            tries += 1
          })
        ),
        HttpClient.retryTransient({ schedule: Schedule.recurs(5) })
      )
      yield* Effect.flip(retrying.get("https://api.test.example/permits"))
      assert.strictEqual(tries, 1)
    })
  )

  it.scoped("HttpClient.retryTransient outside does retry one that is transient", () =>
    Effect.gen(function* () {
      const { standard, test } = yield* setup({ flow: { retry: Schedule.stop } })
      test.behave(TestFlow.unavailable, "issue")
      const retrying = HttpClient.retryTransient(standard, { schedule: Schedule.recurs(5) })
      assert.strictEqual((yield* retrying.get("https://api.test.example/permits")).status, 200)
    })
  )

  it.scoped("R15: neither answers, nor their requests, nor errors hold the token", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup()
      const response = yield* client.get("/permits")
      assert.isUndefined(response.request.headers["authorization"])
      api.intercept = () => new Response("{ no json", { status: 200 })
      const broken = yield* Effect.flip(Effect.flatMap(client.get("/permits"), (_) => _.json))
      assert.isTrue(broken._tag === "ResponseError" && broken.request.headers["authorization"] === undefined)
      const failing = yield* Effect.flip(client.get("https://api.test.example:99999999/"))
      assert.isTrue(failing._tag === "RequestError" && failing.request.headers["authorization"] === undefined)
    })
  )
})
