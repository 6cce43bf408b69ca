import * as AuthEvent from "@latchkey/core/AuthEvent"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as Api from "./support/api.ts"
import * as TestFlow from "./support/testFlow.ts"

const setup = (
  options: TestFlow.Options = {},
  base: (client: HttpClient.HttpClient) => HttpClient.HttpClient = (client) => client
) =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make(options)
    const api = Api.make()
    const manager = yield* TokenManager.make(test.flow)
    const client = yield* Effect.provideService(
      AuthHttpClient.make(manager),
      HttpClient.HttpClient,
      base(api.client)
    )
    return { test, api, manager, client }
  })

const isFirst = (arrival: Api.Arrival) => arrival.authorization === "Bearer access-1"

const bytes = (text: string) => new TextEncoder().encode(text)

describe("AuthHttpClient, a 401 whose body does not end", () => {
  it.scoped("R10: one that says no more is aborted after a second, and the request is sent once more", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      let isAborted = false
      api.intercept = (arrival) =>
        isFirst(arrival)
          ? new Response(
              new ReadableStream({
                start: (controller) => controller.enqueue(bytes("no")),
                cancel: () => {
                  isAborted = true
                }
              }),
              { status: 401 }
            )
          : undefined
      const call = yield* Effect.fork(client.get("/permits"))
      yield* TestClock.adjust("999 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(call)))
      assert.isFalse(isAborted)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(call)).status, 200)
      assert.isTrue(isAborted)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R10: so is one that trickles", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup()
      const runtime = yield* Effect.runtime()
      let drops = 0
      let isAborted = false
      const trickle = Stream.repeatEffect(
        Effect.map(Effect.sleep("100 millis"), () => {
          drops += 1
          return bytes("x")
        })
      ).pipe(
        Stream.ensuring(
          Effect.sync(() => {
            isAborted = true
          })
        )
      )
      api.intercept = (arrival) =>
        isFirst(arrival)
          ? new Response(Stream.toReadableStreamRuntime(trickle, runtime), { status: 401 })
          : undefined
      const response = yield* TestFlow.during("1 second", client.get("/permits"))
      assert.strictEqual(response.status, 200)
      assert.isTrue(isAborted)
      assert.isAtMost(drops, 12)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R10: so is one that cannot be aborted", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup()
      api.intercept = (arrival) =>
        isFirst(arrival)
          ? new Response(new ReadableStream({ cancel: () => new Promise(() => {}) }), { status: 401 })
          : undefined
      const response = yield* TestFlow.during("1 second", client.get("/permits"))
      assert.strictEqual(response.status, 200)
    })
  )

  it.scoped("R10: where it is returned after all, it has what came of its body", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup({ sameToken: "access-1" })
      api.intercept = () =>
        new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes("no")) }), {
          status: 401
        })
      const response = yield* TestFlow.during("1 second", client.get("/permits"))
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, "no")
    })
  )
})

describe("AuthHttpClient, a base client that makes a failure of a 401", () => {
  const decoding = (client: HttpClient.HttpClient) =>
    HttpClient.transformResponse(
      client,
      Effect.flatMap((response) =>
        response.status === 200
          ? Effect.succeed(response)
          : Effect.fail(
              new HttpClientError.ResponseError({ request: response.request, response, reason: "Decode" })
            )
      )
    )
  for (const [name, base] of [
    ["filterStatusOk", HttpClient.filterStatusOk],
    ["filterStatus", HttpClient.filterStatus((status) => status < 300)],
    ["one of its own", decoding]
  ] as const) {
    it.scoped(`R9: the token is replaced, and the request sent once more: ${name}`, () =>
      Effect.gen(function* () {
        const { api, client, test } = yield* setup({}, base)
        api.accepts = (token) => token !== "access-1"
        const response = yield* client.post("/permits", { headers: { "idempotency-key": "key-1" } })
        assert.strictEqual(response.status, 200)
        assert.strictEqual(test.mints(), 2)
        assert.deepStrictEqual(
          api.arrivals.map(({ authorization, headers }) => [authorization, headers["idempotency-key"]]),
          [
            ["Bearer access-1", "key-1"],
            ["Bearer access-2", "key-1"]
          ]
        )
      })
    )
  }

  it.scoped("R9: the failure of a retry is handed on as it was, about the application's own request", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup({}, HttpClient.filterStatusOk)
      api.accepts = () => false
      const error = yield* Effect.flip(client.get("/permits"))
      assert.isTrue(error._tag === "ResponseError")
      if (error._tag === "ResponseError") {
        assert.strictEqual(error.reason, "StatusCode")
        assert.strictEqual(error.description, "non 2xx status code")
        assert.strictEqual(error.request.url, "https://api.test.example/permits")
        assert.isUndefined(error.request.headers["authorization"])
        assert.isUndefined(error.response.request.headers["authorization"])
        assert.strictEqual(error.response.status, 401)
        assert.deepStrictEqual(yield* error.response.json, { error: "rejected" })
      }
      assert.strictEqual(api.arrivals.length, 2)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped("R9: so is that of a request for which there is no other token, with its body", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup({ sameToken: "access-1" }, HttpClient.filterStatusOk)
      api.accepts = () => false
      const error = yield* Effect.flip(client.get("/permits"))
      assert.isTrue(error._tag === "ResponseError")
      if (error._tag === "ResponseError") {
        assert.isUndefined(error.request.headers["authorization"])
        assert.deepStrictEqual(yield* error.response.json, { error: "rejected" })
      }
      assert.strictEqual(api.arrivals.length, 1)
    })
  )

  it.scoped("R10: a stream is not replayed: the failure is handed on, and the token dropped", () =>
    Effect.gen(function* () {
      const { api, client, test } = yield* setup({}, HttpClient.filterStatusOk)
      api.accepts = (token) => token !== "access-1"
      const upload = () =>
        HttpClientRequest.post("/files").pipe(
          HttpClientRequest.bodyStream(Stream.make(bytes("once"))),
          client.execute
        )
      assert.strictEqual((yield* Effect.flip(upload()))._tag, "ResponseError")
      assert.strictEqual((yield* upload()).status, 200)
      assert.strictEqual(test.mints(), 2)
    })
  )

  it.scoped(
    "R9: another status is no rejection, and ends the probation of a replacement as an answer does",
    () =>
      Effect.gen(function* () {
        const { api, client, test } = yield* setup({}, HttpClient.filterStatusOk)
        const answer = (status: number) => {
          api.intercept = () => new Response(null, { status })
        }
        yield* client.get("/permits")
        answer(401)
        yield* Effect.flip(client.get("/permits"))
        assert.strictEqual(test.mints(), 2)
        answer(404)
        const missing = yield* Effect.flip(client.get("/permits"))
        assert.isTrue(missing._tag === "ResponseError" && missing.response.status === 404)
        assert.strictEqual(test.mints(), 2)
        answer(401)
        yield* Effect.flip(client.get("/permits"))
        assert.strictEqual(test.mints(), 3)
      })
  )

  it.scoped("R9: one that fails for another reason as well is not sent again", () =>
    Effect.gen(function* () {
      const { api, client } = yield* setup({}, (client) =>
        HttpClient.transformResponse(HttpClient.filterStatusOk(client), Effect.ensuring(Effect.die("defect")))
      )
      api.accepts = () => false
      const exit = yield* Effect.exit(client.get("/permits"))
      assert.isTrue(
        Exit.isFailure(exit) && Chunk.contains(Cause.defects(exit.cause), "defect"),
        "the defect is handed on"
      )
      assert.strictEqual(api.arrivals.length, 1)
    })
  )
})

describe("AuthHttpClient, rejections", () => {
  it.scoped("R19: each answer that rejects a token counts, whatever comes of it", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const api = Api.make()
      const manager = yield* TokenManager.make({ ...test.flow, provider: "counted" })
      const client = yield* Effect.provideService(
        AuthHttpClient.make(manager),
        HttpClient.HttpClient,
        api.client
      )
      const counted = Effect.map(
        Metric.value(Metric.tagged(AuthEvent.rejections, "provider", "counted")),
        ({ count }) => count
      )
      yield* client.get("/permits")
      api.accepts = (token) => token !== "access-1"
      api.latency = "50 millis"
      yield* TestFlow.during(
        "1 second",
        Effect.forEach(Array.from({ length: 10 }), () => client.get("/permits"), { concurrency: "unbounded" })
      )
      assert.strictEqual(yield* counted, 10)
      api.latency = 0
      api.accepts = () => false
      yield* client.execute(
        HttpClientRequest.bodyStream(HttpClientRequest.post("/x"), Stream.make(bytes("x")))
      )
      assert.strictEqual(yield* counted, 11)
      yield* client.get("/permits")
      assert.strictEqual(yield* counted, 12)
      api.intercept = () => new Response(null, { status: 403 })
      yield* client.get("/permits")
      assert.strictEqual(yield* counted, 12)
    })
  )
})
