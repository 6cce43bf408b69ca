import { Fault, Ledger, OAuth2Sandbox, Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { it } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import {
  apiUrl,
  connect,
  failure,
  type Handler,
  issuer,
  nonce,
  options,
  recorded,
  setup
} from "./support/fixture.ts"

const make = OAuth2Sandbox.make
const discovered = (ledger: Ledger.Ledger) => Ledger.entries(ledger, "Discovered").map(({ path }) => path)

const token = Wire.json(200, { access_token: `access-${nonce}`, token_type: "Bearer", expires_in: 60 })

/** A server with such metadata, at the first of its well-known URLs. */
const server = (metadata: unknown, more: Partial<OAuth2.LayerOptions> = {}, documents?: Handler) =>
  Effect.gen(function* () {
    const { network, requests } = yield* recorded((request) =>
      request.method === "POST"
        ? Effect.succeed(token)
        : (documents?.(request) ?? Effect.succeed(Wire.json(200, metadata)))
    )
    const { tokenUrl: _, ...rest } = options
    const connected = yield* connect(network, {
      ...rest,
      issuer,
      ...more
    })
    const urls = Effect.map(requests, (all) => all.map(({ method, url }) => `${method} ${url.href}`))
    const error = failure(connected.manager)
    return { ...connected, urls, error }
  })

const metadata = { issuer, token_endpoint: `${issuer}/token` }

describe("discovery", () => {
  it.scoped("is lazy and cached: the first mint asks, the next do not", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "5 minutes" })
      assert.deepStrictEqual(yield* sandbox.ledger, [])
      for (let mint = 0; mint < 6; mint++) {
        yield* manager.get
        yield* TestClock.adjust("5 minutes")
      }
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(discovered(ledger), ["/.well-known/oauth-authorization-server"])
      assert.strictEqual(Ledger.count(ledger).logins, 6)
    })
  )

  it.scoped("looks again after an hour, and goes on with what it knows where that fails", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "61 minutes" })
      yield* manager.get
      yield* sandbox.fault("discovery", Fault.Status({ status: 503 }))
      yield* TestClock.adjust("61 minutes")
      yield* manager.get
      const { faults, logins } = Ledger.count(yield* sandbox.ledger)
      assert.deepStrictEqual([faults, logins], [1, 2])
      yield* TestClock.adjust("61 minutes")
      yield* manager.get
      assert.lengthOf(discovered(yield* sandbox.ledger), 2)
    })
  )

  it.scoped("goes on with what it knows after 5 seconds where nobody answers", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "61 minutes" })
      yield* manager.get
      yield* TestClock.adjust("61 minutes")
      yield* sandbox.fault("discovery", Fault.Hang(), { times: Infinity })
      const fiber = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).logins, 2)
    })
  )

  it.scoped(
    "Errors, R8: where nobody answers at first it says that our deadline was over, and nothing was sent",
    () =>
      Effect.gen(function* () {
        const { manager, sandbox } = yield* setup({ make }, { policy: { retry: Schedule.stop } })
        yield* sandbox.fault("discovery", Fault.Hang(), { times: Infinity })
        const error = yield* failure(manager)
        assert.strictEqual(error._tag, "Unavailable")
        assert.strictEqual(error.code, "timed_out")
        assert.isTrue(error._tag === "Unavailable" && error.neverSent)
        assert.include(error.message, "longer than 10 seconds")
      })
  )

  it.scoped("a failure is not cached: the retry asks again, and no caller sees it", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make })
      yield* sandbox.fault("discovery", Fault.Status({ status: 503 }), { times: 2 })
      const fiber = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(fiber)
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { faults: 2, logins: 1 })
    })
  )

  it.scoped("R8: while it fails no refresh token is in doubt, and the same one is sent once it works", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup(
        { make, refreshTokens: "rotates", accessLifetime: "2 hours" },
        { rotates: true }
      )
      yield* manager.get
      const restarted = yield* setup(
        { make: () => Effect.succeed(sandbox) },
        {
          refreshToken: Redacted.make(`oauth2-refresh-1-${nonce}`)
        }
      )
      yield* sandbox.fault("discovery", Fault.ResetBefore(), { times: Infinity })
      for (let attempt = 0; attempt < 3; attempt++) {
        assert.deepInclude(yield* failure(restarted.manager), { _tag: "Unavailable", neverSent: true })
      }
      yield* sandbox.clearFaults
      yield* sandbox.clearLedger
      yield* restarted.manager.get
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, reuses: 0, refusals: 0 })
    })
  )

  it.scoped("R8: one that hangs is Unavailable, and the refresh token is sent once it works", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup(
        { make, refreshTokens: "rotates" },
        { refreshToken: Redacted.make(`oauth2-refresh-1-${nonce}`) }
      )
      yield* sandbox.issue
      yield* sandbox.fault("discovery", Fault.Hang(), { times: Infinity })
      for (let flight = 0; flight < 3; flight++) {
        assert.strictEqual((yield* failure(manager))._tag, "Unavailable")
      }
      yield* sandbox.clearFaults
      yield* manager.get
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, refusals: 0 })
    })
  )

  it.scoped("RFC 8414: then OpenID's document, where there is none of the first kind", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, documents: ["openid-configuration"] })
      yield* manager.get
      assert.deepStrictEqual(discovered(yield* sandbox.ledger), ["/.well-known/openid-configuration"])
    })
  )

  it.scoped("RFC 8414, 3.1: the path of an issuer goes behind the well-known one, OpenID's before it", () =>
    Effect.gen(function* () {
      const { error, urls } = yield* server({}, { issuer: `${issuer}/tenant` }, () =>
        Effect.succeed(Wire.json(404, {}))
      )
      assert.deepInclude(yield* error, { _tag: "InvalidResponse", status: 404 })
      assert.deepStrictEqual(yield* urls, [
        `GET ${issuer}/.well-known/oauth-authorization-server/tenant`,
        `GET ${issuer}/tenant/.well-known/openid-configuration`
      ])
    })
  )

  it.scoped("with a token URL there is none", () =>
    Effect.gen(function* () {
      const { manager, urls } = yield* server({}, { tokenUrl: "https://elsewhere.example/token" })
      yield* manager.get
      assert.deepStrictEqual(yield* urls, ["POST https://elsewhere.example/token"])
    })
  )

  for (const [name, document] of [
    ["another issuer", { ...metadata, issuer: "https://evil.example" }],
    ["the issuer with a slash", { ...metadata, issuer: `${issuer}/` }],
    ["the issuer in capitals", { ...metadata, issuer: issuer.toUpperCase() }],
    ["no issuer", { token_endpoint: metadata.token_endpoint }],
    ["no token endpoint", { issuer }],
    ["a token endpoint over HTTP", { ...metadata, token_endpoint: "http://login.oauth2.example/token" }],
    ["a token endpoint that is no URL", { ...metadata, token_endpoint: "/token" }],
    ["a token endpoint with userinfo", { ...metadata, token_endpoint: `https://me:${nonce}@x.example/` }],
    ["a token endpoint with a fragment", { ...metadata, token_endpoint: `${issuer}/token#${nonce}` }],
    [
      "a revocation endpoint over HTTP",
      { ...metadata, revocation_endpoint: "http://login.oauth2.example/r" }
    ],
    ["no object", []]
  ] as const) {
    it.scoped(`R14: RFC 8414, 3.3: metadata with ${name} is InvalidResponse, and no secret is sent`, () =>
      Effect.gen(function* () {
        const { error, urls } = yield* server(document)
        assert.strictEqual((yield* error)._tag, "InvalidResponse")
        assert.isTrue((yield* urls).every((url) => url.startsWith("GET ")))
      })
    )
  }

  it.scoped("R14: no redirect is followed", () =>
    Effect.gen(function* () {
      const { error, urls } = yield* server({}, {}, () =>
        Effect.succeed(Wire.text(302, "", { location: "https://evil.example/metadata" }))
      )
      assert.deepInclude(yield* error, { _tag: "InvalidResponse", status: 302 })
      assert.isFalse((yield* urls).some((url) => url.includes("evil")))
    })
  )

  it.scoped("R14: the token goes to the API and nowhere else, whatever the metadata says", () =>
    Effect.gen(function* () {
      const { manager } = yield* server({ ...metadata, token_endpoint: "https://tokens.example/t?x=1" })
      yield* manager.get
      assert.deepStrictEqual(manager.flow.origins, [apiUrl])
    })
  )

  for (const [methods, expected] of [
    [["client_secret_post"], "body"],
    [["client_secret_basic", "client_secret_post"], "header"],
    [["private_key_jwt"], "header"],
    [undefined, "header"]
  ] as const) {
    it.scoped(
      `a secret goes into the ${expected} where the server knows ${methods?.join(", ") ?? "nothing of it"}`,
      () =>
        Effect.gen(function* () {
          const { network, requests } = yield* recorded(({ method }) =>
            Effect.succeed(
              method === "POST"
                ? token
                : Wire.json(200, { ...metadata, token_endpoint_auth_methods_supported: methods })
            )
          )
          const { tokenUrl: _, ...rest } = options
          const { manager } = yield* connect(network, { ...rest, issuer })
          yield* manager.get
          const request = (yield* requests).find(({ method }) => method === "POST")
          assert.strictEqual(request?.headers["authorization"] === undefined ? "body" : "header", expected)
        })
    )
  }
})

describe("revocation", () => {
  it.effect("R18: the refresh token, then the access token, with their hints", () =>
    Effect.gen(function* () {
      const sandbox = yield* make({ nonce, refreshTokens: "rotates" })
      yield* Effect.scoped(
        Effect.flatMap(
          setup({ make: () => Effect.succeed(sandbox) }, { policy: { revokeOnRelease: true } }),
          ({ manager }) => manager.get
        )
      )
      assert.deepStrictEqual(Ledger.entries(yield* sandbox.ledger, "Revoked"), [
        Ledger.Entry.Revoked({ at: 0, kind: "refresh", number: 1 }),
        Ledger.Entry.Revoked({ at: 0, kind: "access", number: 1 })
      ])
    })
  )

  it.effect("R18: a configured refresh token that is kept was not minted here, and is left alone", () =>
    Effect.gen(function* () {
      const sandbox = yield* make({ nonce, refreshTokens: "kept" })
      yield* sandbox.issue
      yield* Effect.scoped(
        Effect.flatMap(
          setup(
            { make: () => Effect.succeed(sandbox) },
            {
              refreshToken: Redacted.make(`oauth2-refresh-1-${nonce}`),
              policy: { revokeOnRelease: true }
            }
          ),
          ({ manager }) => manager.get
        )
      )
      assert.deepStrictEqual(Ledger.entries(yield* sandbox.ledger, "Revoked"), [
        Ledger.Entry.Revoked({ at: 0, kind: "access", number: 2 })
      ])
    })
  )
})
