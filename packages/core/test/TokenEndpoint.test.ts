import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "../../testing/src/SettledTest.ts"
import type * as AuthError from "../src/AuthError.ts"
import * as Expiry from "../src/Expiry.ts"
import * as TokenEndpoint from "../src/TokenEndpoint.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const secret = "hunter2-hunter2-hunter2"

const call: TokenEndpoint.Call = {
  provider: "acme",
  operation: "login",
  credential: "client",
  secrets: [Redacted.make(secret)],
  request: HttpClientRequest.post(
    `https://user:${secret}@acme.example/oauth/token?key=${secret}#${secret}`
  ).pipe(
    HttpClientRequest.setHeader("x-secret", secret),
    HttpClientRequest.bodyUnsafeJson({ client_secret: secret })
  )
}

const refreshing: TokenEndpoint.Call = { ...call, operation: "refresh", credential: "refresh_token" }

const endpoint = "POST https://acme.example/oauth/token"

const anyCredential = FastCheck.constantFrom<TokenEndpoint.Call["credential"]>(
  "client",
  "refresh_token",
  "access_token"
)

/** A client in memory that answers every request alike. */
const answering = (body: BodyInit | null, init?: ResponseInit): HttpClient.HttpClient =>
  HttpClient.make((request) =>
    Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(body, init)))
  )

const failing = (
  cause: unknown,
  reason: HttpClientError.RequestError["reason"] = "Transport"
): HttpClient.HttpClient =>
  HttpClient.make((request) => Effect.fail(new HttpClientError.RequestError({ request, reason, cause })))

const Body = Schema.Struct({
  access_token: Schema.String,
  expires_in: Schema.Unknown,
  token_type: Schema.optional(Schema.String),
  refresh_token: Schema.optional(Schema.String)
})

const Refusal = Schema.Struct({
  error: Schema.optional(Schema.Unknown),
  trace: Schema.optional(Schema.Unknown)
})

const read = TokenEndpoint.read({
  schema: Body,
  found: (body, answer) => ({
    accessToken: body.access_token,
    lifetime: Expiry.lifetimeFromSeconds(body.expires_in, answer.sentAt),
    tokenType: body.token_type,
    refreshToken: body.refresh_token
  }),
  refusal: (body) =>
    Option.match(Schema.decodeUnknownOption(Refusal)(body), {
      onNone: () => ({}),
      onSome: ({ error, trace }) => ({ code: error, requestId: trace })
    })
})

const mint = (client: HttpClient.HttpClient, made: TokenEndpoint.Call = call) =>
  TokenEndpoint.exchange(client, made, read)

/** Everything that a log could show of a failure. */
const surfaces = (error: AuthError.AuthError): string =>
  [
    String(error),
    error.message,
    error.stack,
    JSON.stringify(error),
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true })
  ].join("\n")

const answer = (
  over: Partial<TokenEndpoint.Answer> = {},
  headers: Record<string, string> = {}
): TokenEndpoint.Answer => ({
  status: 400,
  headers: HttpClientResponse.fromWeb(call.request, new Response(null, { headers })).headers,
  body: Option.none(),
  sentAt: 1_000,
  receivedAt: 1_150,
  serverDate: undefined,
  ...over
})

describe("TokenEndpoint", () => {
  it("RFC 6749, 3.3: a scope is a string, or a list as some write it; nothing else is one", () => {
    assert.strictEqual(TokenEndpoint.scope("read write"), "read write")
    assert.strictEqual(TokenEndpoint.scope(["read", "write"]), "read write")
    for (const said of [undefined, null, 1, {}, ["read", 1]]) {
      assert.isUndefined(TokenEndpoint.scope(said))
    }
  })

  describe("send", () => {
    it.effect(
      "R1: tells when the request was sent, when the answer was complete, and what the server's clock said",
      () =>
        Effect.gen(function* () {
          yield* TestClock.setTime(Date.UTC(2026, 0, 1))
          const slow = HttpClient.make((request) =>
            Effect.as(
              Effect.sleep("150 millis"),
              HttpClientResponse.fromWeb(
                request,
                new Response("{}", {
                  headers: { Date: "Thu, 01 Jan 2026 00:00:05 GMT", "X-Request-Id": "r1" }
                })
              )
            )
          )
          const fiber = yield* Effect.fork(TokenEndpoint.send(slow, call))
          yield* TestClock.adjust("150 millis")
          const answer = yield* Fiber.join(fiber)
          assert.strictEqual(answer.sentAt, Date.UTC(2026, 0, 1))
          assert.strictEqual(answer.receivedAt, Date.UTC(2026, 0, 1) + 150)
          assert.strictEqual(answer.serverDate, Date.UTC(2026, 0, 1) + 5_000)
          assert.strictEqual(answer.status, 200)
          assert.strictEqual(answer.headers["x-request-id"], "r1")
          assert.deepStrictEqual(Option.getOrUndefined(answer.body), {})
        })
    )

    it.effect("R1: the answer is complete when its body is", () =>
      Effect.gen(function* () {
        let close = () => {}
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode("{"))
            close = () => {
              controller.enqueue(new TextEncoder().encode("}"))
              controller.close()
            }
          }
        })
        const fiber = yield* Effect.fork(TokenEndpoint.send(answering(body), call))
        yield* TestClock.adjust("3 seconds")
        close()
        const answer = yield* Fiber.join(fiber)
        assert.strictEqual(answer.receivedAt - answer.sentAt, 3_000)
        assert.deepStrictEqual(Option.getOrUndefined(answer.body), {})
      })
    )

    it.effect("Errors: any status is an answer, and is read", () =>
      Effect.gen(function* () {
        for (const status of [200, 201, 301, 400, 401, 403, 404, 429, 500, 503]) {
          const answer = yield* TokenEndpoint.send(answering('{"a":1}', { status }), call)
          assert.strictEqual(answer.status, status)
          assert.deepStrictEqual(Option.getOrUndefined(answer.body), { a: 1 })
        }
      })
    )

    it.effect("Errors: a body that is no JSON is none", () =>
      Effect.gen(function* () {
        const bytes = (...bytes: Array<number>) => new Uint8Array(bytes)
        for (const body of [
          null,
          "",
          " ",
          "<html></html>",
          '{"a":',
          "a=b",
          bytes(0),
          bytes(0xff, 0xfe),
          "undefined"
        ]) {
          const answer = yield* TokenEndpoint.send(answering(body), call)
          assert.isTrue(Option.isNone(answer.body))
        }
        assert.isTrue(Option.isNone((yield* TokenEndpoint.send(answering(null, { status: 204 }), call)).body))
        const marked = yield* TokenEndpoint.send(answering('\ufeff{"a":1}'), call)
        assert.deepStrictEqual(Option.getOrUndefined(marked.body), { a: 1 })
        const nothing = yield* TokenEndpoint.send(answering("null"), call)
        assert.isNull(Option.getOrUndefined(nothing.body))
      })
    )

    it.effect("Errors: a character that is cut by a chunk is read", () =>
      Effect.gen(function* () {
        const bytes = new TextEncoder().encode('{"a":"é😀"}')
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            for (const byte of bytes) {
              controller.enqueue(new Uint8Array([byte]))
            }
            controller.close()
          }
        })
        const answer = yield* TokenEndpoint.send(answering(body), call)
        assert.deepStrictEqual(Option.getOrUndefined(answer.body), { a: "é😀" })
      })
    )

    describe("a body that is too large", () => {
      const mebibyte = 1024 * 1024
      const ofSize = (size: number) => `"${"a".repeat(size - 2)}"`

      it.effect("R15: one of exactly 1 MiB is read, a byte more is refused", () =>
        Effect.gen(function* () {
          const answer = yield* TokenEndpoint.send(answering(ofSize(mebibyte)), call)
          assert.isTrue(Option.isSome(answer.body))
          // A refusal says what it means by its status: TokenEndpoint.largeBody.test.ts.
          for (const status of [200, 201]) {
            const error = yield* Effect.flip(
              TokenEndpoint.send(answering(ofSize(mebibyte + 1), { status }), call)
            )
            assert.strictEqual(error._tag, "InvalidResponse")
            assert.strictEqual(error.status, status)
            assert.include(error.message, "larger than 1 MiB")
            assert.isBelow(error.message.length, 500)
          }
        })
      )

      it.effect("R10: one that never ends is not read to its end, and its connection is let go", () =>
        Effect.gen(function* () {
          let pulled = 0
          let cancelled = false
          const chunk = new Uint8Array(64 * 1024)
          const endless = new ReadableStream<Uint8Array>({
            pull: (controller) => {
              pulled += 1
              controller.enqueue(chunk)
              // It would end, but only long after it should have been left.
              if (pulled === 200) {
                controller.close()
              }
            },
            cancel: () => {
              cancelled = true
            }
          })
          const error = yield* Effect.flip(TokenEndpoint.send(answering(endless), call))
          assert.strictEqual(error._tag, "InvalidResponse")
          assert.isAtMost(pulled, 20)
          assert.isTrue(cancelled)
        })
      )
    })

    describe("redirects", () => {
      it.effect("R14: a base client that follows redirects by itself is told not to", () =>
        Effect.gen(function* () {
          const sent: Array<RequestInit | undefined> = []
          const fetch: typeof globalThis.fetch = (_input, init) => {
            sent.push(init)
            return Promise.resolve(
              new Response(null, { status: 307, headers: { location: "https://evil.example/token" } })
            )
          }
          const error = yield* Effect.flatMap(HttpClient.HttpClient, (client) =>
            Effect.flip(mint(client))
          ).pipe(
            Effect.provide(FetchHttpClient.layer),
            Effect.provideService(FetchHttpClient.Fetch, fetch),
            Effect.provideService(FetchHttpClient.RequestInit, { redirect: "follow", credentials: "omit" })
          )
          assert.strictEqual(error._tag, "InvalidResponse")
          assert.strictEqual(error.status, 307)
          assert.deepStrictEqual(
            sent.map((init) => [init?.redirect, init?.credentials]),
            [["manual", "omit"]]
          )
        })
      )

      it.effect("R14: a redirect is no token, whatever its body says", () =>
        Effect.gen(function* () {
          for (const status of [301, 302, 303, 307, 308]) {
            const client = answering('{"access_token":"a","expires_in":3600}', {
              status,
              headers: { location: "https://evil.example/token" }
            })
            assert.strictEqual((yield* Effect.flip(mint(client)))._tag, "InvalidResponse")
          }
        })
      )
    })

    it.effect("R15: the platform's span, which records headers and the URL, is left out", () =>
      Effect.gen(function* () {
        const spans: Array<string> = []
        const client = HttpClient.make((request) =>
          Effect.currentSpan.pipe(
            Effect.orDie,
            Effect.tap((span) => Effect.sync(() => spans.push(span.name))),
            Effect.as(HttpClientResponse.fromWeb(request, new Response("{}")))
          )
        )
        yield* Effect.withSpan(TokenEndpoint.send(client, call), "outer")
        assert.deepStrictEqual(spans, ["outer"])
      })
    )

    describe("a provider that is not reached", () => {
      it.effect("Errors: is Unavailable, and says where", () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(mint(failing(new Error(secret))))
          assert.strictEqual(error._tag, "Unavailable")
          assert.strictEqual(error.provider, "acme")
          assert.strictEqual(error.operation, "login")
          assert.strictEqual(error.endpoint, endpoint)
          assert.isUndefined(error.status)
          assert.isTrue(error.isRetryable)
        })
      )

      it.effect("Errors: says why where that is known, in code and message", () =>
        Effect.gen(function* () {
          for (const [cause, code, advice] of [
            [{ code: "ENOTFOUND" }, "name_not_found", "check the URL and the DNS"],
            [{ code: "ECONNREFUSED" }, "connection_refused", "check the host and the port"],
            [{ code: "ECONNRESET" }, "connection_reset", "try again later"],
            [{ code: "ETIMEDOUT" }, "timed_out", "check the network, a proxy and a firewall"],
            [{ code: "CERT_HAS_EXPIRED" }, "certificate_expired", "check the clock"],
            [{ code: "SELF_SIGNED_CERT_IN_CHAIN" }, "certificate_untrusted", "the authority that signed it"],
            [new Error("ENOTFOUND"), undefined, "check the network and the URL"]
          ] as const) {
            const error = yield* Effect.flip(mint(failing(new TypeError("fetch failed", { cause }))))
            assert.strictEqual(error._tag, "Unavailable")
            assert.strictEqual(error.code, code)
            assert.include(error.message, `acme could not be reached (${endpoint}): `)
            assert.include(error.message, advice)
          }
        })
      )

      it.effect("Errors: an answer that breaks off says why as well", () =>
        Effect.gen(function* () {
          const broken = new ReadableStream<Uint8Array>({
            pull: (controller) =>
              controller.error(Object.assign(new Error("lost"), { code: "UND_ERR_BODY_TIMEOUT" }))
          })
          const error = yield* Effect.flip(mint(answering(broken)))
          assert.strictEqual(error._tag, "Unavailable")
          assert.strictEqual(error.code, "timed_out")
        })
      )

      it.effect("R15: nothing of the cause travels but why, wherever a secret stands in it", () =>
        Effect.gen(function* () {
          const holding = (rest: object) =>
            Object.assign(new Error(`connect ${secret}`, { cause: new Error(secret) }), {
              hostname: secret,
              address: secret,
              [secret]: secret,
              ...rest
            })
          for (const [cause, code] of [
            [holding({ code: "ECONNREFUSED" }), "connection_refused"],
            [holding({ code: "CERT_HAS_EXPIRED", cert: { subject: secret } }), "certificate_expired"],
            [new AggregateError([holding({ code: "ECONNRESET" })], secret), "connection_reset"],
            [holding({ name: "TimeoutError" }), "timed_out"],
            [holding({ code: secret, name: secret, syscall: secret }), undefined],
            [holding({ code: `ECONNREFUSED ${secret}` }), undefined]
          ] as const) {
            for (const reason of ["Transport", "Encode", "InvalidUrl"] as const) {
              const error = yield* Effect.flip(mint(failing(cause, reason)))
              assert.strictEqual(error.code, code)
              assert.notInclude(surfaces(error), secret)
            }
          }
        })
      )

      const neverSent = (client: HttpClient.HttpClient) =>
        Effect.map(Effect.flip(mint(client)), (error) => error._tag === "Unavailable" && error.neverSent)

      it.effect("R8: a connection that was never made was never sent on", () =>
        Effect.gen(function* () {
          for (const code of [
            "ECONNREFUSED",
            "ENOTFOUND",
            "EAI_AGAIN",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "UND_ERR_CONNECT_TIMEOUT",
            "ConnectionRefused"
          ]) {
            const cause = { code, syscall: "connect" }
            assert.isTrue(yield* neverSent(failing(cause)), code)
            assert.isTrue(yield* neverSent(failing(Object.assign(new Error("x"), cause))), code)
            // as fetch wraps it
            assert.isTrue(yield* neverSent(failing(new TypeError("fetch failed", { cause }))), code)
            assert.isTrue(yield* neverSent(failing({ cause: { cause: { cause } } })), code)
          }
        })
      )

      it.effect("R8: a connection that was lost, or any other failure, may have reached the provider", () =>
        Effect.gen(function* () {
          for (const cause of [
            undefined,
            null,
            "ECONNREFUSED",
            new Error("ECONNREFUSED"),
            { code: "ECONNRESET" },
            { code: "EPIPE" },
            { code: "ETIMEDOUT" },
            { code: "UND_ERR_SOCKET" },
            { code: "UND_ERR_HEADERS_TIMEOUT" },
            { code: "UND_ERR_BODY_TIMEOUT" },
            { code: 111 },
            new TypeError("fetch failed", { cause: { code: "ECONNRESET" } }),
            new DOMException("aborted", "AbortError")
          ]) {
            assert.isFalse(yield* neverSent(failing(cause)), inspect(cause))
          }
        })
      )

      it.effect("R8: a route that was lost after the connection was made may have reached the provider", () =>
        Effect.gen(function* () {
          for (const code of ["EHOSTUNREACH", "ENETUNREACH"]) {
            for (const syscall of ["read", "write"]) {
              const cause = Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
              assert.isFalse(
                yield* neverSent(failing(new TypeError("fetch failed", { cause }))),
                `${syscall} ${code}`
              )
            }
          }
        })
      )

      it.effect("R8: a request that could not be made was never sent", () =>
        Effect.gen(function* () {
          assert.isTrue(yield* neverSent(failing(new Error("bad"), "Encode")))
          assert.isTrue(yield* neverSent(failing(new Error("bad"), "InvalidUrl")))
        })
      )

      it.effect("R8: a chain of causes that never ends is looked at for a while only", () =>
        Effect.gen(function* () {
          const cyclic: { cause?: unknown } = {}
          cyclic.cause = cyclic
          assert.isFalse(yield* neverSent(failing(cyclic)))
        })
      )

      it.effect("R8: an answer that broke off reached the provider", () =>
        Effect.gen(function* () {
          for (const status of [200, 201]) {
            const broken = new ReadableStream<Uint8Array>({
              pull: (controller) =>
                controller.error(Object.assign(new Error(secret), { code: "ECONNREFUSED" }))
            })
            const error = yield* Effect.flip(mint(answering(broken, { status })))
            assert.strictEqual(error._tag, "Unavailable")
            assert.isFalse(error._tag === "Unavailable" && error.neverSent)
            assert.notInclude(surfaces(error), secret)
          }
        })
      )

      it.effect("Errors: a base client that fails on a status hides no refusal", () =>
        Effect.gen(function* () {
          const client = answering('{"error":"invalid_client"}', { status: 401 }).pipe(
            HttpClient.filterStatusOk
          )
          const error = yield* Effect.flip(mint(client))
          assert.strictEqual(error._tag, "Unauthorized")
          assert.strictEqual(error.code, "invalid_client")
        })
      )
    })
  })

  describe("classify", () => {
    type Row = readonly [
      status: number,
      code: string | undefined,
      client: AuthError.AuthError["_tag"],
      refreshToken: AuthError.AuthError["_tag"],
      accessToken: AuthError.AuthError["_tag"]
    ]

    const same = (status: number, code: string | undefined, tag: AuthError.AuthError["_tag"]): Row => [
      status,
      code,
      tag,
      tag,
      tag
    ]

    const rows: ReadonlyArray<Row> = [
      // by status
      same(400, undefined, "InvalidResponse"),
      same(401, undefined, "Unauthorized"),
      same(422, undefined, "InvalidResponse"),
      same(403, undefined, "AccessDenied"),
      same(404, undefined, "InvalidResponse"),
      same(405, undefined, "InvalidResponse"),
      same(408, undefined, "Unavailable"),
      same(415, undefined, "InvalidResponse"),
      same(429, undefined, "RateLimited"),
      same(500, undefined, "Unavailable"),
      same(502, undefined, "Unavailable"),
      same(503, undefined, "Unavailable"),
      same(504, undefined, "Unavailable"),
      same(200, undefined, "InvalidResponse"),
      same(302, undefined, "InvalidResponse"),
      same(0, undefined, "InvalidResponse"),
      // by code
      [400, "invalid_grant", "Unauthorized", "Expired", "Expired"],
      [401, "invalid_grant", "Unauthorized", "Expired", "Expired"],
      [403, "invalid_grant", "Unauthorized", "Expired", "Expired"],
      [200, "invalid_grant", "Unauthorized", "Expired", "Expired"],
      same(400, "invalid_client", "Unauthorized"),
      same(401, "invalid_client", "Unauthorized"),
      same(400, "access_denied", "AccessDenied"),
      same(401, "access_denied", "AccessDenied"),
      same(400, "unauthorized_client", "AccessDenied"),
      same(400, "invalid_scope", "AccessDenied"),
      same(401, "insufficient_scope", "AccessDenied"),
      same(400, "invalid_request", "InvalidResponse"),
      same(400, "unsupported_grant_type", "InvalidResponse"),
      same(400, "slow_down", "RateLimited"),
      same(400, "temporarily_unavailable", "Unavailable"),
      same(400, "server_error", "Unavailable"),
      // a code that nobody knows is no code
      same(400, "E1234", "InvalidResponse"),
      same(401, "toString", "Unauthorized"),
      same(403, "E1234", "AccessDenied"),
      same(200, "E1234", "InvalidResponse"),
      same(403, "__proto__", "AccessDenied")
    ]

    it("Errors: the table from status and OAuth code to error", () => {
      for (const [status, code, client, refreshToken, accessToken] of rows) {
        assert.deepStrictEqual(
          [
            TokenEndpoint.classify(status, code, "client"),
            TokenEndpoint.classify(status, code, "refresh_token"),
            TokenEndpoint.classify(status, code, "access_token")
          ],
          [client, refreshToken, accessToken],
          `${status} ${code}`
        )
      }
    })

    const anyCode = FastCheck.oneof(
      FastCheck.constantFrom(...rows.map(([, code]) => code)),
      FastCheck.string()
    )

    it.prop(
      "R6: 408, 429 and 5xx never say anything of a credential, whatever the code",
      {
        status: FastCheck.oneof(FastCheck.constantFrom(408, 429), FastCheck.integer({ min: 500, max: 599 })),
        code: anyCode,
        credential: anyCredential
      },
      ({ code, credential, status }) =>
        assert.strictEqual(
          TokenEndpoint.classify(status, code, credential),
          status === 429 ? "RateLimited" : "Unavailable"
        ),
      runs
    )

    it.prop(
      "R6: a client that is refused is never taken for a refresh token that is",
      { status: FastCheck.integer({ min: 100, max: 599 }), code: anyCode },
      ({ code, status }) => assert.notStrictEqual(TokenEndpoint.classify(status, code, "client"), "Expired"),
      runs
    )
  })

  describe("refused", () => {
    it("Errors: carries provider, operation, endpoint, status, code and request id, and says what to do", () => {
      for (const [status, code, tag] of [
        [401, "invalid_client", "Unauthorized"],
        [403, "access_denied", "AccessDenied"],
        [429, undefined, "RateLimited"],
        [503, undefined, "Unavailable"],
        [400, "invalid_request", "InvalidResponse"]
      ] as const) {
        const error = TokenEndpoint.refused(call, answer({ status }, { "X-Request-Id": "req-1" }), { code })
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.provider, "acme")
        assert.strictEqual(error.operation, "login")
        assert.strictEqual(error.endpoint, endpoint)
        assert.strictEqual(error.status, status)
        assert.strictEqual(error.code, code)
        assert.strictEqual(error.requestId, "req-1")
        assert.include(error.message, `acme login failed with status ${status}`)
        assert.notInclude(surfaces(error), secret)
      }
    })

    it("Errors: Expired names the credential, and when it expired if that is a moment", () => {
      const expired = (made: TokenEndpoint.Call, expiredAt: number | undefined) =>
        TokenEndpoint.refused(made, answer({ status: 401 }), { code: "invalid_grant", expiredAt })
      const at = Date.UTC(2025, 0, 1)
      const refresh = expired(refreshing, at)
      assert.isTrue(refresh._tag === "Expired" && refresh.credential === "refresh_token")
      assert.deepStrictEqual(refresh._tag === "Expired" && refresh.expiredAt, DateTime.unsafeMake(at))
      const access = expired({ ...call, credential: "access_token" }, undefined)
      assert.isTrue(access._tag === "Expired" && access.credential === "access_token")
      for (const expiredAt of [
        undefined,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        9e15,
        -9e15
      ]) {
        const error = expired(refreshing, expiredAt)
        assert.isTrue(error._tag === "Expired" && error.expiredAt === undefined)
      }
    })

    it("Errors: the request id is taken from the usual headers, else from the body", () => {
      for (const name of ["x-request-id", "request-id", "x-correlation-id", "x-trace-id", "traceId"]) {
        const error = TokenEndpoint.refused(call, answer({}, { [name]: "header-1" }), { requestId: "body-1" })
        assert.strictEqual(error.requestId, "header-1", name)
      }
      assert.strictEqual(TokenEndpoint.refused(call, answer(), { requestId: "body-1" }).requestId, "body-1")
      assert.isUndefined(TokenEndpoint.refused(call, answer()).requestId)
    })

    it("a hint of the provider stands where the advice would", () => {
      const { message } = TokenEndpoint.refused(call, answer({ status: 401 }), { hint: "ask Ada" })
      assert.strictEqual(message, "acme login failed with status 401: ask Ada.")
    })

    it("a refused secret with white space at an end is told of it, by a message that does not repeat it", () => {
      const said = (value: string, status: number) =>
        TokenEndpoint.refused({ ...call, secrets: [Redacted.make(value)] }, answer({ status })).message
      for (const value of [`${secret}\n`, ` ${secret}`, `\t${secret} `]) {
        assert.include(said(value, 401), "begins or ends with white space")
        assert.include(said(value, 403), "begins or ends with white space")
        assert.notInclude(said(value, 401), secret)
        // Not refused: it may well belong there.
        assert.notInclude(said(value, 503), "white space")
      }
      assert.notInclude(said(`${secret} ${secret}`, 401), "white space")
    })

    it("R15: a code or a request id that is not short and plain is dropped", () => {
      for (const value of [
        "",
        " ",
        "two words",
        "<html>",
        '{"a":1}',
        "line\nbreak",
        "é",
        "a".repeat(129),
        "a=b",
        1,
        null,
        undefined,
        true,
        {},
        ["invalid_client"],
        { toString: () => "invalid_client" }
      ]) {
        const error = TokenEndpoint.refused(call, answer({ status: 401 }), { code: value, requestId: value })
        assert.isUndefined(error.code, inspect(value))
        assert.isUndefined(error.requestId, inspect(value))
      }
      for (const value of ["E1234", "a".repeat(128), "acme:invalid-client/1.2_3"]) {
        const error = TokenEndpoint.refused(call, answer({ status: 401 }), { code: value, requestId: value })
        assert.strictEqual(error.code, value)
        assert.strictEqual(error.requestId, value)
      }
    })

    it.prop(
      "R15: a secret of the request that the provider repeats is dropped, wherever it stands",
      {
        secrets: FastCheck.array(
          FastCheck.array(FastCheck.constantFrom(...'abcXYZ019-._/:+=~"\\ é'), {
            minLength: 8,
            maxLength: 40
          })
            // A header loses the blanks around its value: see below.
            .map((chars) => chars.join("").trim())
            .filter((secret) => secret.length >= 8),
          { minLength: 1, maxLength: 3 }
        ),
        picked: FastCheck.nat(),
        before: FastCheck.constantFrom("", "err:", "Basic-", "x"),
        after: FastCheck.constantFrom("", ":", "-1", "x"),
        status: FastCheck.constantFrom(200, 302, 400, 401, 403, 404, 429, 500),
        credential: anyCredential,
        inHeader: FastCheck.boolean()
      },
      ({ after, before, credential, inHeader, picked, secrets, status }) => {
        const echoed = secrets[picked % secrets.length] ?? ""
        const value = `${before}${echoed}${after}`
        const isByteString = [...value].every((char) => (char.codePointAt(0) ?? 0) < 256)
        const error = TokenEndpoint.refused(
          { ...call, credential, secrets: secrets.map((secret) => Redacted.make(secret)) },
          answer({ status }, inHeader && isByteString ? { "x-request-id": value } : {}),
          { code: value, requestId: value }
        )
        assert.isUndefined(error.code)
        assert.isUndefined(error.requestId)
        assert.notInclude(`${error.message} ${JSON.stringify(error)}`, echoed)
      },
      runs
    )

    it("R15: a secret that was read with a line break is dropped where it is repeated without", () => {
      for (const read of [`${secret}\n`, `${secret}\r\n`, ` ${secret}`]) {
        const error = TokenEndpoint.refused(
          { ...call, secrets: [Redacted.make(read)] },
          answer({ status: 401 }, { "x-request-id": secret }),
          { code: secret }
        )
        assert.isUndefined(error.code)
        assert.isUndefined(error.requestId)
      }
    })

    it("R15: a code that repeats a secret decides nothing", () => {
      const echo = { ...refreshing, secrets: [Redacted.make("invalid_client")] }
      assert.strictEqual(
        TokenEndpoint.refused(echo, answer({ status: 403 }), { code: "invalid_client" })._tag,
        "AccessDenied"
      )
    })

    it("Errors: where the provider says in its own way what it means, that decides", () => {
      for (const tag of [
        "Expired",
        "Unauthorized",
        "AccessDenied",
        "RateLimited",
        "Unavailable",
        "InvalidResponse"
      ] as const) {
        const error = TokenEndpoint.refused(call, answer({ status: 401 }), { code: "invalid_client", tag })
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.code, "invalid_client")
      }
      const spoken = TokenEndpoint.read({
        schema: Body,
        found: () => assert.fail("it holds no token"),
        refusal: () => ({ tag: "AccessDenied" })
      })(call, answer({ status: 200, body: Option.some({ success: false }) }))
      assert.strictEqual(Either.getOrThrow(Either.flip(spoken))._tag, "AccessDenied")
    })

    it("R15: a URL that cannot be read is left out", () => {
      const error = TokenEndpoint.refused(
        { ...call, request: HttpClientRequest.post(`//${secret}`) },
        answer()
      )
      assert.strictEqual(error.endpoint, "POST")
      assert.notInclude(surfaces(error), secret)
    })

    describe("Retry-After", () => {
      const at = Date.UTC(2026, 0, 1, 12)
      const hour = 3_600_000

      const retryAfter = (
        status: number,
        value: string | undefined,
        exchange: Partial<TokenEndpoint.Answer> = {}
      ) => {
        const headers: Record<string, string> = value === undefined ? {} : { "Retry-After": value }
        const error = TokenEndpoint.refused(
          call,
          answer({ status, sentAt: at, receivedAt: at + 150, ...exchange }, headers)
        )
        return (error._tag === "RateLimited" || error._tag === "Unavailable") &&
          error.retryAfter !== undefined
          ? DateTime.toEpochMillis(error.retryAfter)
          : undefined
      }

      it("R11: seconds count from the answer, for 429 and for 5xx", () => {
        for (const status of [429, 503, 500]) {
          assert.strictEqual(retryAfter(status, "30"), at + 150 + 30_000)
          assert.strictEqual(retryAfter(status, "0"), at + 150)
          assert.isUndefined(retryAfter(status, undefined))
          assert.isUndefined(retryAfter(status, "soon"))
          assert.isUndefined(retryAfter(status, "-1"))
        }
        assert.isUndefined(retryAfter(401, "30"))
      })

      it("R11: a date is a moment of the provider's clock", () => {
        const date = (millis: number) => new Date(millis).toUTCString()
        assert.strictEqual(retryAfter(429, date(at + 60_000)), at + 60_000)
        // clocks that agree: the header of a moment ago corrects nothing
        assert.strictEqual(retryAfter(429, date(at + 60_000), { serverDate: at }), at + 60_000)
        for (const skew of [hour, -hour, 5_000, -5_000]) {
          assert.strictEqual(
            retryAfter(503, date(at + skew + 60_000), { serverDate: at + skew }),
            at + 60_000
          )
        }
        // one that has passed is now
        assert.strictEqual(retryAfter(429, date(at - hour)), at + 150)
      })

      it("R11: seconds need no correction", () => {
        assert.strictEqual(retryAfter(429, "30", { serverDate: at + hour }), at + 150 + 30_000)
      })
    })
  })

  describe("read", () => {
    it.effect("R1: an answer with a token is a token set", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5_000)
        const tokens = yield* mint(
          answering(
            '{"access_token":"a.b.c","expires_in":"3600","token_type":"bearer","refresh_token":"r","x":[1]}'
          )
        )
        assert.strictEqual(Redacted.value(tokens.accessToken), "a.b.c")
        assert.strictEqual(tokens.tokenType, "Bearer")
        assert.strictEqual(tokens.issuedAt, 5_000)
        assert.strictEqual(tokens.expiresAt, 3_605_000)
        assert.strictEqual(Redacted.value(Option.getOrThrow(tokens.refreshToken).value), "r")
      })
    )

    it.effect("R1: a lifetime counts from the moment the request was sent, however slow the answer", () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(5_000)
        const slow = HttpClient.make((request) =>
          Effect.as(
            Effect.sleep("7 seconds"),
            HttpClientResponse.fromWeb(request, new Response('{"access_token":"a","expires_in":60}'))
          )
        )
        const fiber = yield* Effect.fork(mint(slow))
        yield* TestClock.adjust("7 seconds")
        const tokens = yield* Fiber.join(fiber)
        assert.strictEqual(tokens.issuedAt, 5_000)
        assert.strictEqual(tokens.expiresAt, 65_000)
      })
    )

    it.effect("R1: a lifetime that is refused is InvalidResponse, and says why without repeating it", () =>
      Effect.gen(function* () {
        for (const [expiresIn, why] of [
          ["0", "not positive"],
          ["-4711", "not positive"],
          ['"NaN4711"', "not a number"],
          ["1e999", "too large"],
          ["4711000000000000", "too large"],
          ["null", "not a number"]
        ] as const) {
          const error = yield* Effect.flip(mint(answering(`{"access_token":"a","expires_in":${expiresIn}}`)))
          assert.strictEqual(error._tag, "InvalidResponse")
          assert.strictEqual(error.status, 200)
          assert.include(error.message, `the lifetime is ${why}`)
          assert.notInclude(error.message, "4711")
        }
      })
    )

    it.effect("R1: an expiry in milliseconds is InvalidResponse that says so", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(mint(answering('{"access_token":"a","expires_in":1764142868000}')))
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.include(error.message, "perhaps in milliseconds")
        assert.include(error.message, "Check the URL")
      })
    )

    it.effect("R17: what is past on arrival is blamed on the clock, and not on the URL", () =>
      Effect.gen(function* () {
        const late = TokenEndpoint.tokenSet(call, answer({ status: 200 }), {
          accessToken: "a",
          lifetime: Either.left("already past")
        })
        const error = yield* Effect.flip(late)
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.strictEqual(error.status, 200)
        assert.include(error.message, "Check this machine's clock")
        assert.notInclude(error.message, "the URL")
      })
    )

    it.effect("RFC 6749, 7.1: a token of another type than Bearer is not used", () =>
      Effect.gen(function* () {
        const typed = (type: string) =>
          mint(answering(`{"access_token":"a","expires_in":60,"token_type":"${type}"}`))
        for (const type of ["DPoP", "mac", "Basic", "N_A", "Bearer2", "xBearer", " Bearer", ""]) {
          const error = yield* Effect.flip(typed(type))
          assert.strictEqual(error._tag, "InvalidResponse", type)
          assert.strictEqual(error.status, 200)
          assert.include(error.message, "the token type is not Bearer")
        }
        for (const type of ["Bearer", "bearer", "BEARER"]) {
          assert.strictEqual((yield* typed(type)).tokenType, "Bearer")
        }
      })
    )

    it.effect("R14: a token that cannot be a header is InvalidResponse, and is not repeated", () =>
      Effect.gen(function* () {
        for (const token of ["", "leaked secret", "leaked\r\nx-evil: 1", "leaked\u0000", "leakedé"]) {
          const body = JSON.stringify({ access_token: token, expires_in: 60, refresh_token: "leaked" })
          const error = yield* Effect.flip(mint(answering(body)))
          assert.strictEqual(error._tag, "InvalidResponse")
          assert.notInclude(surfaces(error), "leaked")
        }
        const scheme = yield* Effect.flip(
          mint(answering('{"access_token":"a","expires_in":60,"token_type":"a b"}'))
        )
        assert.strictEqual(scheme._tag, "InvalidResponse")
      })
    )

    it.effect("Errors: a 2xx without a token is what its code says, else InvalidResponse", () =>
      Effect.gen(function* () {
        for (const [body, tag, says] of [
          ["", "InvalidResponse", "not JSON"],
          ["<html>", "InvalidResponse", "not JSON"],
          ['{"access_token":"a","expires_i', "InvalidResponse", "not JSON"],
          ["null", "InvalidResponse", "a field is missing"],
          ["[]", "InvalidResponse", "a field is missing"],
          ['"token"', "InvalidResponse", "a field is missing"],
          ["{}", "InvalidResponse", "a field is missing"],
          ['{"access_token":1,"expires_in":60}', "InvalidResponse", "a field is missing"],
          ['{"error":"access_denied"}', "AccessDenied", "access_denied"],
          ['{"error":"invalid_client"}', "Unauthorized", "invalid_client"],
          ['{"error":"E1"}', "InvalidResponse", "E1"],
          [`{"error":"${secret}"}`, "InvalidResponse", "status 200"]
        ] as const) {
          const error = yield* Effect.flip(mint(answering(body)))
          assert.strictEqual(error._tag, tag, body)
          assert.strictEqual(error.status, 200)
          assert.include(error.message, says)
          assert.notInclude(surfaces(error), secret)
        }
      })
    )

    it.effect("Errors: a status that is no success is a refusal, even with a token in its body", () =>
      Effect.gen(function* () {
        for (const [status, tag] of [
          [199 + 101, "InvalidResponse"],
          [401, "Unauthorized"],
          [403, "AccessDenied"],
          [500, "Unavailable"]
        ] as const) {
          const client = answering('{"access_token":"leaked","expires_in":3600}', { status })
          const error = yield* Effect.flip(mint(client))
          assert.strictEqual(error._tag, tag)
          assert.notInclude(surfaces(error), "leaked")
        }
      })
    )

    it("Errors: every 2xx may bring a token", () => {
      const body = Option.some({ access_token: "a", expires_in: 60 })
      for (const status of [200, 201, 203, 299]) {
        assert.isTrue(Either.isRight(read(call, answer({ status, body }))))
      }
      for (const status of [0, 100, 199, 300, 304]) {
        assert.isTrue(Either.isLeft(read(call, answer({ status, body }))))
      }
    })

    it.prop(
      "R15: nothing of a body stands in an error",
      {
        leaked: FastCheck.array(FastCheck.constantFrom(...'ABCDEFGHJKMNPQ23456789/+= "<'), {
          minLength: 12,
          maxLength: 40
        }).map((chars) => chars.join("")),
        status: FastCheck.constantFrom(200, 201, 302, 400, 401, 403, 404, 429, 500),
        shape: FastCheck.constantFrom<(leaked: string) => unknown>(
          (leaked) => leaked,
          (leaked) => [leaked],
          (leaked) => ({ access_token: `${leaked} ` }),
          (leaked) => ({ access_token: `${leaked} `, expires_in: 60 }),
          (leaked) => ({ access_token: leaked, expires_in: leaked }),
          (leaked) => ({ access_token: "a", expires_in: 60, token_type: `${leaked}"` }),
          (leaked) => ({ access_token: { leaked }, expires_in: 60 }),
          (leaked) => ({ error: { leaked } }),
          (leaked) => ({ error: "invalid_grant", error_description: leaked }),
          (leaked) => ({ error: `${leaked}"`, trace: `${leaked}"` })
        )
      },
      ({ leaked, shape, status }) => {
        const result = read(call, answer({ status, body: Option.some(shape(leaked)) }))
        assert.isTrue(Either.isLeft(result))
        const error = Either.getOrThrow(Either.flip(result))
        assert.notInclude(`${error.message} ${JSON.stringify(error)} ${String(error)}`, leaked)
      },
      runs
    )
  })
})
