import { assert, describe, it } from "@effect/vitest"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Ledger, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { autopay, codeOf, logInToAutopay } from "./support/world.ts"

const encoder = new TextEncoder()

describe("MemoryClient", () => {
  it.effect("tells sandboxes apart by origin", () =>
    Effect.gen(function* () {
      const sandboxes = [yield* autopay, yield* VaultsPaySandbox.make()]
      yield* Effect.gen(function* () {
        yield* HttpClient.get("https://api.autopay.io/a")
        yield* HttpClient.get("https://api.vaultspay.example/b", { urlParams: { c: "d" } })
      }).pipe(Effect.provide(MemoryClient.layer(sandboxes)))
      const ledgers = yield* Effect.forEach(sandboxes, ({ ledger }) => ledger)
      assert.deepStrictEqual(
        ledgers.map((ledger) => Ledger.entries(ledger, "Request").map(({ path }) => path)),
        [["/a"], ["/b?c=d"]]
      )
    })
  )

  it.effect("does not find other hosts, another port and another scheme included", () =>
    Effect.gen(function* () {
      const client = MemoryClient.client([yield* autopay])
      for (const url of ["https://evil.example/", "https://api.autopay.io:8443/", "http://api.autopay.io/"]) {
        const error = yield* Effect.flip(client.get(url))
        assert.instanceOf(error, HttpClientError.RequestError)
        assert.strictEqual(error.reason, "Transport")
        assert.strictEqual(codeOf(error), "ENOTFOUND")
      }
    })
  )

  it.effect("hands what goes elsewhere to its handler, which can keep a record", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const recorder = yield* MemoryClient.recorder
      const client = MemoryClient.client([sandbox], { elsewhere: recorder.handle })
      const response = yield* client.post("https://elsewhere.example/x?y", { body: HttpBody.text("hello") })
      assert.strictEqual(response.status, 200)
      const [request] = yield* recorder.requests
      assert.isDefined(request)
      assert.strictEqual(request.url.href, "https://elsewhere.example/x?y")
      assert.strictEqual(new TextDecoder().decode(request.body), "hello")
      assert.lengthOf(yield* sandbox.ledger, 0)
    })
  )

  it.effect("follows no redirect, and lets the platform follow it", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const recorder = yield* MemoryClient.recorder
      const client = MemoryClient.client([sandbox], { elsewhere: recorder.handle })
      const { accessToken } = yield* sandbox.issue
      const request = HttpClientRequest.bearerToken(
        HttpClientRequest.get("https://api.autopay.io/redirect?to=https://elsewhere.example/"),
        accessToken.value
      )
      assert.strictEqual((yield* client.execute(request)).status, 302)
      assert.lengthOf(yield* recorder.requests, 0)
      assert.strictEqual((yield* HttpClient.followRedirects(client).execute(request)).status, 200)
      assert.lengthOf(yield* recorder.requests, 1)
    })
  )

  const form = new FormData()
  form.append("a", "1")
  it.effect.each([
    ["nothing", HttpBody.empty, "", undefined],
    ["bytes", HttpBody.uint8Array(encoder.encode("bytes")), "bytes", "application/octet-stream"],
    ["text", HttpBody.text("text"), "text", "text/plain"],
    ["JSON", HttpBody.unsafeJson({ a: 1 }), '{"a":1}', "application/json"],
    ["a raw string", HttpBody.raw("raw"), "raw", "text/plain;charset=UTF-8"],
    ["raw bytes", HttpBody.raw(encoder.encode("raw").buffer), "raw", undefined],
    ["a raw blob", HttpBody.raw(new Blob(["blob"], { type: "text/csv" })), "blob", "text/csv"],
    [
      "raw parameters",
      HttpBody.raw(new URLSearchParams("a=1")),
      "a=1",
      /^application\/x-www-form-urlencoded/
    ],
    ["a form", HttpBody.formData(form), /name="a"\r\n\r\n1\r\n/, /^multipart\/form-data; boundary=/],
    [
      "a stream",
      HttpBody.stream(Stream.make(encoder.encode("str"), encoder.encode("eam")), "text/plain"),
      "stream",
      "text/plain"
    ]
  ] as const)("sends %s", ([, body, expected, contentType]) =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const client = MemoryClient.client([sandbox])
      yield* client.post("https://api.autopay.io/", { body })
      const [request] = Ledger.entries(yield* sandbox.ledger, "Request")
      assert.isDefined(request)
      for (const [actual, wanted] of [
        [new TextDecoder().decode(request.body), expected],
        [request.headers["content-type"], contentType]
      ]) {
        if (wanted instanceof RegExp) {
          assert.match(String(actual), wanted)
        } else {
          assert.strictEqual(actual, wanted)
        }
      }
    })
  )

  it.effect("fails as fetch does where a request cannot go out", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const client = MemoryClient.client([sandbox])
      const failing = HttpBody.stream(Stream.fail("disk on fire"))
      const bad = [
        client.post("https://api.autopay.io/", { body: failing }),
        client.post("https://api.autopay.io/", { body: HttpBody.raw({ not: "a body" }) }),
        client.get("https://api.autopay.io/", { headers: { "x-bad": "a\r\nb: c" } })
      ]
      for (const call of bad) {
        assert.instanceOf(yield* Effect.flip(call), HttpClientError.RequestError)
      }
      assert.lengthOf(yield* sandbox.ledger, 0)
    })
  )

  it.effect("keeps what was sent, whatever the sender does to it later", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const bytes = encoder.encode("before")
      yield* MemoryClient.client([sandbox]).post("https://api.autopay.io/", {
        body: HttpBody.uint8Array(bytes)
      })
      bytes.fill(0)
      const [request] = Ledger.entries(yield* sandbox.ledger, "Request")
      assert.strictEqual(new TextDecoder().decode(request?.body), "before")
    })
  )

  it.effect("answers HEAD without a body", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const response = yield* MemoryClient.client([sandbox]).head("https://api.autopay.io/")
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, "")
    })
  )

  it.effect("mints a token of its own for each of many concurrent logins", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const client = MemoryClient.client([sandbox])
      const connection = { client, tokenUrl: sandbox.tokenOrigin, apiUrl: sandbox.apiOrigin }
      yield* Effect.all(Effect.replicate(logInToAutopay(connection, sandbox), 100), {
        concurrency: "unbounded"
      })
      const logins = Ledger.entries(yield* sandbox.ledger, "Login")
      assert.strictEqual(new Set(logins.map(({ tokenNumber }) => tokenNumber)).size, 100)
    })
  )
})
