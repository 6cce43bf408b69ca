import { assert, describe } from "@effect/vitest"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { Fault, Ledger, type Sandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { autopay, codeOf, getWith, logInToAutopay, memory, seen, worlds } from "./support/world.ts"

const tags = (sandbox: Sandbox.Sandbox) =>
  Effect.map(sandbox.ledger, (ledger) =>
    ledger.map((entry) => (entry._tag === "Faulted" ? `${entry.endpoint} ${entry.fault}` : entry._tag))
  )

describe.each(worlds)("faults $name", (world) => {
  const setUp = Effect.gen(function* () {
    const sandbox = yield* autopay
    const connection = yield* world.connect(sandbox)
    return { sandbox, connection, login: logInToAutopay(connection, sandbox) }
  })

  it.scoped("Latency: handled on arrival, answered later", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Latency({ duration: "3 seconds" }))
      const fiber = yield* Effect.fork(login)
      yield* seen(sandbox, 2)
      assert.deepStrictEqual(yield* tags(sandbox), ["login Latency", "Login"])
      yield* TestClock.adjust("2999 millis")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
    })
  )

  it.scoped("Status: answered as told, nothing minted", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Status({ status: 503, headers: { "Retry-After": "7" } }))
      yield* sandbox.fault("login", Fault.Status({ status: 429, body: "slow", contentType: "text/plain" }))
      yield* sandbox.fault("login", Fault.Status({ status: 204 }))
      const first = yield* login
      assert.strictEqual(first.status, 503)
      assert.strictEqual(first.headers["retry-after"], "7")
      assert.strictEqual(first.headers["content-type"], "application/json")
      assert.strictEqual(first.headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT")
      assert.strictEqual(yield* first.text, "")
      const second = yield* login
      assert.strictEqual(second.status, 429)
      assert.strictEqual(second.headers["content-type"], "text/plain")
      assert.strictEqual(yield* second.text, "slow")
      assert.strictEqual((yield* login).status, 204)
      assert.deepStrictEqual(yield* tags(sandbox), ["login Status", "login Status", "login Status"])
      assert.strictEqual((yield* login).status, 200)
    })
  )

  it.scoped("Html: a page with status 200", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Html())
      const response = yield* login
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "text/html")
      assert.match(yield* response.text, /^<!doctype html>/)
      assert.deepStrictEqual(yield* tags(sandbox), ["login Html"])
    })
  )

  it.scoped("Truncated: minted, and half of the answer comes", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Truncated())
      const half = yield* Effect.flatMap(login, (response) => response.text)
      assert.isTrue(half.startsWith('{"access_token":"autopay-access-1-n0nce"'))
      assert.throws(() => JSON.parse(half))
      assert.deepStrictEqual(yield* tags(sandbox), ["login Truncated", "Login"])
    })
  )

  it.scoped("EmptyBody: minted, and no body comes", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.EmptyBody())
      const response = yield* login
      assert.strictEqual(response.status, 200)
      assert.strictEqual(yield* response.text, "")
      assert.deepStrictEqual(yield* tags(sandbox), ["login EmptyBody", "Login"])
    })
  )

  it.scoped("Body: anything at all", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Body({ body: '{"error":"oops"}' }))
      yield* sandbox.fault("login", Fault.Body({ body: "no", status: 418, contentType: "text/plain" }))
      const first = yield* login
      assert.strictEqual(first.status, 200)
      assert.deepStrictEqual(yield* first.json, { error: "oops" })
      const second = yield* login
      assert.strictEqual(second.status, 418)
      assert.strictEqual(second.headers["content-type"], "text/plain")
      assert.deepStrictEqual(yield* tags(sandbox), ["login Body", "login Body"])
    })
  )

  it.scoped("HugeBody: as large as told, and JSON", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.HugeBody({ bytes: 3_000_000 }))
      const text = yield* Effect.flatMap(login, (response) => response.text)
      assert.lengthOf(text, 3_000_000)
      assert.isString(JSON.parse(text))
      assert.deepStrictEqual(yield* tags(sandbox), ["login HugeBody"])
    })
  )

  it.scoped("Patch: minted, and the answer is changed", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault(
        "login",
        Fault.Patch({ f: (json) => Object.assign({}, json, { expires_in: "soon" }) })
      )
      yield* sandbox.fault("login", Fault.Patch({ f: () => undefined }))
      assert.deepInclude(yield* Effect.flatMap(login, (response) => response.json), {
        access_token: "autopay-access-1-n0nce",
        expires_in: "soon"
      })
      assert.strictEqual(yield* Effect.flatMap(login, (response) => response.text), "")
      assert.deepStrictEqual(yield* tags(sandbox), ["login Patch", "Login", "login Patch", "Login"])
    })
  )

  it.scoped("ResetBefore and ResetAfter: ECONNRESET, with and without a token minted behind it", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.ResetBefore())
      yield* sandbox.fault("login", Fault.ResetAfter())
      for (const expected of [["login ResetBefore"], ["login ResetBefore", "login ResetAfter", "Login"]]) {
        const error = yield* Effect.flip(login)
        assert.instanceOf(error, HttpClientError.RequestError)
        assert.strictEqual(error.reason, "Transport")
        assert.strictEqual(codeOf(error), "ECONNRESET")
        assert.deepStrictEqual(yield* tags(sandbox), expected)
      }
      assert.strictEqual((yield* login).status, 200)
    })
  )

  it.scoped("Hang: never answered, and the caller can leave", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Hang())
      const fiber = yield* Effect.fork(login)
      yield* seen(sandbox, 1)
      yield* TestClock.adjust("365 days")
      assert.isNull(fiber.unsafePoll())
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* tags(sandbox), ["login Hang"])
      assert.strictEqual((yield* login).status, 200)
    })
  )

  it.scoped("Redirect: a 302", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Redirect({ location: "https://elsewhere.example/" }))
      const response = yield* login
      assert.strictEqual(response.status, 302)
      assert.strictEqual(response.headers["location"], "https://elsewhere.example/")
      assert.deepStrictEqual(yield* tags(sandbox), ["login Redirect"])
    })
  )

  it.scoped("a fault of the API: the request is in the ledger all the same", () =>
    Effect.gen(function* () {
      const { connection, login, sandbox } = yield* setUp
      yield* login
      yield* sandbox.clearLedger
      yield* sandbox.fault("api", Fault.Status({ status: 500 }))
      yield* sandbox.fault("api", Fault.ResetBefore())
      yield* sandbox.fault("api", Fault.ResetAfter())
      const call = getWith(connection.client, `${connection.apiUrl}/v1/x`, "autopay-access-1-n0nce")
      assert.strictEqual((yield* call).status, 500)
      yield* Effect.flip(call)
      yield* Effect.flip(call)
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ accepted, status, tokenNumber }) => [
          accepted,
          status,
          tokenNumber
        ]),
        [
          [false, 500, 1],
          [false, undefined, 1],
          [true, undefined, 1]
        ]
      )
      assert.deepInclude(Ledger.count(ledger), { requests: 3, rejections: 0, faults: 3 })
    })
  )
})

describe("the queue of faults", () => {
  const setUp = Effect.gen(function* () {
    const sandbox = yield* autopay
    return { sandbox, login: logInToAutopay(yield* memory.connect(sandbox), sandbox) }
  })

  it.scoped("is first in, first out, each as often as told", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Status({ status: 500 }), { times: 2 })
      yield* sandbox.fault("login", Fault.Status({ status: 502 }), { times: 0 })
      yield* sandbox.fault("login", Fault.Status({ status: 503 }))
      const responses = yield* Effect.replicateEffect(login, 4)
      assert.deepStrictEqual(
        responses.map(({ status }) => status),
        [500, 500, 503, 200]
      )
    })
  )

  it.scoped("can go on forever, until cleared", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("login", Fault.Status({ status: 500 }), { times: Infinity })
      yield* sandbox.fault("login", Fault.Html())
      const responses = yield* Effect.replicateEffect(login, 5)
      assert.isTrue(responses.every(({ status }) => status === 500))
      yield* sandbox.clearFaults
      assert.strictEqual(
        yield* Effect.map(login, ({ headers }) => headers["content-type"]),
        "application/json"
      )
    })
  )

  it.scoped("of one endpoint leaves the others alone", () =>
    Effect.gen(function* () {
      const { login, sandbox } = yield* setUp
      yield* sandbox.fault("api", Fault.Status({ status: 500 }))
      yield* sandbox.fault("refresh", Fault.Status({ status: 500 }))
      assert.strictEqual((yield* login).status, 200)
    })
  )
})
