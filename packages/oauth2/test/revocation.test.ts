import type * as AuthEvent from "@latchkey/core/AuthEvent"
import { Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { it, settle } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import { assertNoSecret, connect, formOf, issuer, nonce, options, recorded } from "./support/fixture.ts"

type Hint = "access_token" | "refresh_token"

/** What a revocation endpoint answers for each token, at each try. */
type Answers = (hint: Hint, attempt: number) => Effect.Effect<Wire.SandboxResponse>

const revocationUrl = `${issuer}/revoke`
const done = Effect.succeed(Wire.text(200))
const refused = Effect.succeed(Wire.json(400, { error: "invalid_request" }))
const away = Effect.succeed(Wire.text(503))

/** The end of a manager that got a token: its events, and what was asked to be revoked. */
const release = Effect.fnUntraced(function* (
  answers: Answers,
  more: Partial<OAuth2.LayerOptions> = {},
  metadata?: unknown,
  token: unknown = {}
) {
  const counts = { access_token: 0, refresh_token: 0 }
  const { network, requests } = yield* recorded((request) => {
    if (request.method === "GET") {
      return Effect.succeed(Wire.json(200, metadata))
    }
    if (request.url.pathname !== "/revoke") {
      const tokens = { access_token: `access-${nonce}`, refresh_token: `refresh-${nonce}`, expires_in: 60 }
      return Effect.succeed(Wire.json(200, { ...tokens, token_type: "Bearer", ...Object(token) }))
    }
    const hint = formOf(request).get("token_type_hint") === "refresh_token" ? "refresh_token" : "access_token"
    counts[hint] += 1
    return answers(hint, counts[hint])
  })
  const scope = yield* Scope.make()
  const { policy, ...rest } = more
  const where = metadata === undefined ? { revocationUrl } : { issuer, tokenUrl: undefined }
  const { manager } = yield* connect(network, {
    ...options,
    ...where,
    ...rest,
    policy: { revokeOnRelease: true, ...policy }
  }).pipe(Scope.extend(scope))
  yield* manager.get
  const listening = yield* Effect.fork(Stream.runCollect(manager.events))
  yield* settle
  const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
  yield* TestClock.adjust("20 seconds")
  yield* Fiber.join(closing)
  const revocations = (yield* requests).filter(({ url }) => url.pathname === "/revoke")
  const events = Chunk.toReadonlyArray(yield* Fiber.join(listening))
  return { events, revocations: revocations.map((request) => Object.fromEntries(formOf(request))), counts }
})

/** What became of it: the error of its only event, or that there is none. */
const failed = (events: ReadonlyArray<AuthEvent.AuthEvent>) => {
  assert.lengthOf(events, 1)
  const [event] = events
  assert.isTrue(event?._tag === "RevokeFailed")
  const error = event?._tag === "RevokeFailed" ? event.error : assert.fail("no failure")
  assertNoSecret(error)
  return error
}

const tags = (events: ReadonlyArray<AuthEvent.AuthEvent>) => events.map(({ _tag }) => _tag)

describe("revocation", () => {
  it.effect("RFC 7009, 2.1: both tokens, with their hints", () =>
    Effect.gen(function* () {
      const { events, revocations } = yield* release(() => done)
      assert.deepStrictEqual(revocations, [
        { token: `refresh-${nonce}`, token_type_hint: "refresh_token" },
        { token: `access-${nonce}`, token_type_hint: "access_token" }
      ])
      assert.deepStrictEqual(tags(events), ["Revoked"])
    })
  )

  it.effect("R18: a refusal for the refresh token leaves no access token alive, and is told", () =>
    Effect.gen(function* () {
      const { counts, events } = yield* release((hint) => (hint === "refresh_token" ? refused : done))
      assert.deepStrictEqual(counts, { access_token: 1, refresh_token: 1 })
      assert.deepInclude(failed(events), {
        _tag: "InvalidResponse",
        operation: "revoke",
        status: 400,
        code: "invalid_request",
        endpoint: `POST ${revocationUrl}`
      })
    })
  )

  it.effect("R18: a refusal for the access token is told, and the refresh token is revoked", () =>
    Effect.gen(function* () {
      const { counts, events } = yield* release((hint) => (hint === "access_token" ? refused : done))
      assert.deepStrictEqual(counts, { access_token: 1, refresh_token: 1 })
      assert.deepInclude(failed(events), { operation: "revoke", status: 400 })
    })
  )

  it.effect("R18: one that is never answered does not keep the other from being revoked", () =>
    Effect.gen(function* () {
      for (const hanging of ["access_token", "refresh_token"] as const) {
        const { counts, events } = yield* release((hint) => (hint === hanging ? Effect.never : done))
        assert.deepStrictEqual(counts, { access_token: 1, refresh_token: 1 })
        assert.deepInclude(failed(events), { _tag: "Unavailable", code: "timed_out" })
      }
    })
  )

  it.effect(
    "R18: a server that is away for a moment is asked again, whatever became of the other token",
    () =>
      Effect.gen(function* () {
        for (const first of ["access_token", "refresh_token"] as const) {
          const { counts, events } = yield* release((hint, attempt) =>
            attempt > 2 ? done : hint === first ? away : refused
          )
          assert.deepStrictEqual(counts, { access_token: 3, refresh_token: 3 })
          assert.deepStrictEqual(tags(events), ["Revoked"])
        }
      })
  )

  it.effect("R18: of two refusals that of the refresh token is told", () =>
    Effect.gen(function* () {
      const { events } = yield* release((hint) => Effect.succeed(Wire.json(400, { error: `no_${hint}` })))
      assert.deepInclude(failed(events), { code: "no_refresh_token" })
    })
  )

  it.effect("R18: of two that are transient the first is told", () =>
    Effect.gen(function* () {
      const { events } = yield* release((hint) => Effect.succeed(Wire.json(503, { error: `no_${hint}` })))
      assert.deepInclude(failed(events), { code: "no_refresh_token" })
    })
  )

  it.effect("RFC 7009, 2.2.1: what a server cannot revoke beside a refresh token ends with that one", () =>
    Effect.gen(function* () {
      const unsupported = Effect.succeed(Wire.json(400, { error: "unsupported_token_type" }))
      const both = yield* release((hint) => (hint === "access_token" ? unsupported : done))
      assert.deepStrictEqual(tags(both.events), ["Revoked"])
      const refresh = yield* release((hint) => (hint === "refresh_token" ? unsupported : done))
      assert.deepInclude(failed(refresh.events), { code: "unsupported_token_type" })
      const alone = yield* release(() => unsupported, {}, undefined, { refresh_token: null })
      assert.deepInclude(failed(alone.events), { code: "unsupported_token_type" })
    })
  )

  it.effect("an access token alone is revoked where there is no refresh token", () =>
    Effect.gen(function* () {
      const { counts, events } = yield* release(() => done, {}, undefined, { refresh_token: null })
      assert.deepStrictEqual(counts, { access_token: 1, refresh_token: 0 })
      assert.deepStrictEqual(tags(events), ["Revoked"])
    })
  )

  it.effect("a configured refresh token is left alone", () =>
    Effect.gen(function* () {
      const { counts } = yield* release(() => done, { refreshToken: Redacted.make(`refresh-${nonce}`) })
      assert.deepStrictEqual(counts, { access_token: 1, refresh_token: 0 })
    })
  )

  for (const type of [
    "text/html",
    "text/html; charset=utf-8",
    "TEXT/HTML;charset=UTF-8",
    "application/xhtml+xml"
  ]) {
    it.effect(`RFC 7009, 2.2: a 200 with ${type} is a page, and revokes nothing`, () =>
      Effect.gen(function* () {
        const page = Wire.text(200, "<html>Welcome</html>", { "content-type": type })
        const { events } = yield* release(() => Effect.succeed(page), {}, undefined, { refresh_token: null })
        const error = failed(events)
        assert.deepInclude(error, { _tag: "InvalidResponse", operation: "revoke", status: 200 })
        assert.include(error.message, "a page of HTML")
      })
    )
  }

  for (const [name, answer] of [
    ["nothing", Wire.text(200)],
    ["nothing and no content", Wire.text(204)],
    ["JSON", Wire.json(200, { ok: true })],
    ["JSON that cannot be read", Wire.text(200, "{", { "content-type": "application/json" })],
    ["text", Wire.text(200, "OK", { "content-type": "text/plain" })],
    ["another type of that name", Wire.text(200, "OK", { "content-type": "text/html-fragment" })],
    ["nothing, labelled HTML", Wire.text(200, "", { "content-type": "text/html", "content-length": "0" })]
  ] as const) {
    it.effect(`RFC 7009, 2.2: a 200 with ${name} revokes, for the status says all`, () =>
      Effect.gen(function* () {
        const { events } = yield* release(() => Effect.succeed(answer))
        assert.deepStrictEqual(tags(events), ["Revoked"])
      })
    )
  }

  const metadata = { issuer, token_endpoint: `${issuer}/token` }

  for (const [name, found, expected] of [
    ["none", metadata, /its metadata has no revocation endpoint\. Set "revocationUrl"/],
    ["null", { ...metadata, revocation_endpoint: null }, /its metadata has no revocation endpoint/],
    [
      "one over HTTP",
      { ...metadata, revocation_endpoint: "http://x.example/r" },
      /"revocation_endpoint" is not HTTPS/
    ],
    [
      "one on loopback",
      { ...metadata, revocation_endpoint: "http://127.0.0.1/r" },
      /"revocation_endpoint" is a loopback/
    ],
    [
      "one that is no string",
      { ...metadata, revocation_endpoint: 7 },
      /"revocation_endpoint" is not a string/
    ]
  ] as const) {
    it.effect(`where the metadata names ${name}, it says so when it is needed, and sends nothing`, () =>
      Effect.gen(function* () {
        const { events, revocations } = yield* release(() => done, {}, found)
        const error = failed(events)
        assert.deepInclude(error, { _tag: "InvalidResponse", operation: "revoke" })
        assert.match(error.message, expected)
        assert.lengthOf(revocations, 0)
      })
    )
  }

  it.effect("an endpoint of the metadata is used, and one of the options wins over it", () =>
    Effect.gen(function* () {
      const named = yield* release(() => done, {}, { ...metadata, revocation_endpoint: revocationUrl })
      assert.deepStrictEqual(tags(named.events), ["Revoked"])
      for (const revocation_endpoint of ["https://x.example/other", 7, undefined]) {
        const configured = yield* release(() => done, { revocationUrl }, { ...metadata, revocation_endpoint })
        assert.deepStrictEqual(tags(configured.events), ["Revoked"])
        assert.lengthOf(configured.revocations, 2)
      }
    })
  )
})
