import * as AuthFlow from "@latchkey/core/AuthFlow"
import { Fault, Ledger, OAuth2Sandbox, Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { it } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import * as Discovery from "../src/internal/discovery.ts"
import {
  apiUrl,
  connect,
  failure,
  formOf,
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
const server = (
  metadata: unknown,
  more: Partial<OAuth2.LayerOptions> = {},
  documents?: Handler,
  answer: () => Wire.SandboxResponse = () => token
) =>
  Effect.gen(function* () {
    const { network, requests } = yield* recorded((request) =>
      request.method === "POST"
        ? Effect.sync(answer)
        : (documents?.(request) ?? Effect.succeed(Wire.json(200, metadata)))
    )
    const { tokenUrl: _, ...rest } = options
    const connected = yield* connect(network, {
      ...rest,
      issuer,
      ...more
    })
    const urls = Effect.map(requests, (all) => all.map(({ method, url }) => `${method} ${url.href}`))
    const grants = Effect.map(requests, (all) =>
      all.filter(({ method }) => method === "POST").map((request) => formOf(request).get("grant_type"))
    )
    const error = failure(connected.manager)
    return { ...connected, urls, grants, error }
  })

/** What an effect brings that ends within this time; it fails where it does not. */
const within = <A, E>(duration: Duration.DurationInput, effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(duration)
    const exit = yield* Fiber.poll(fiber)
    assert.isTrue(Option.isSome(exit), `it takes longer than ${Duration.format(duration)}`)
    return yield* Fiber.join(fiber)
  })

const metadata = { issuer, token_endpoint: `${issuer}/token` }

describe("discovery", () => {
  it.scoped("is lazy and cached: the first mint asks, the next do not", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "5 minutes" })
      assert.deepStrictEqual(yield* sandbox.ledger, [])
      for (let mint = 0; mint < 12; mint++) {
        yield* manager.get
        yield* TestClock.adjust("5 minutes")
      }
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(discovered(ledger), ["/.well-known/oauth-authorization-server"])
      assert.strictEqual(Ledger.count(ledger).logins, 12)
    })
  )

  it.scoped("looks again after an hour, and goes on with what it knows where that fails", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "61 minutes" })
      yield* manager.get
      yield* sandbox.fault("discovery", Fault.Status({ status: 503 }), { times: 2 })
      yield* TestClock.adjust("61 minutes")
      yield* manager.get
      const { faults, logins } = Ledger.count(yield* sandbox.ledger)
      assert.deepStrictEqual([faults, logins], [2, 2])
      yield* TestClock.adjust("61 minutes")
      yield* manager.get
      assert.lengthOf(discovered(yield* sandbox.ledger), 2)
    })
  )

  it.scoped("goes on with what it knows after 2 seconds where nobody answers", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "61 minutes" })
      yield* manager.get
      yield* TestClock.adjust("61 minutes")
      yield* sandbox.fault("discovery", Fault.Hang(), { times: Infinity })
      yield* within("2 seconds", manager.get)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).logins, 2)
    })
  )

  it.scoped("asks again a minute after that, and not before", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "61 minutes" })
      yield* manager.get
      yield* TestClock.adjust("61 minutes")
      yield* sandbox.fault("discovery", Fault.Html(), { times: Infinity })
      const faults = Effect.gen(function* () {
        yield* manager.invalidate((yield* manager.status).generation)
        yield* manager.get
        return Ledger.count(yield* sandbox.ledger).faults
      })
      assert.strictEqual(yield* faults, 2)
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* faults, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* faults, 4)
    })
  )

  it.scoped("R17: a clock that was set back does not make it last for longer", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10 * 3_600_000)
      const { manager, sandbox } = yield* setup({ make, accessLifetime: "10 minutes" })
      yield* manager.get
      yield* TestClock.setTime(3_600_000)
      yield* manager.invalidate(1)
      yield* manager.get
      assert.lengthOf(discovered(yield* sandbox.ledger), 2)
    })
  )

  it.scoped("a flight that is cut off meanwhile counts as a failure of it: the next one goes on", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup(
        { make, accessLifetime: "61 minutes" },
        { policy: { mintDeadline: "500 millis" } }
      )
      yield* manager.get
      yield* TestClock.adjust("61 minutes")
      yield* sandbox.fault("discovery", Fault.Hang(), { times: Infinity })
      assert.strictEqual((yield* failure(manager))._tag, "Unavailable")
      yield* within(0, manager.get)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).logins, 2)
    })
  )

  for (const status of [300, 301, 302, 307, 308, 404, 405, 410]) {
    it.scoped(`a token endpoint that answers ${status} has moved: the next mint looks where to`, () =>
      Effect.gen(function* () {
        let path = "/old"
        const { network, requests } = yield* recorded(({ method, url }) =>
          Effect.succeed(
            method === "GET"
              ? Wire.json(200, { issuer, token_endpoint: `${issuer}${path}` })
              : url.pathname === path
                ? token
                : Wire.text(status, "", { location: `${issuer}/new` })
          )
        )
        const { tokenUrl: _, ...rest } = options
        const { manager } = yield* connect(network, { ...rest, issuer })
        yield* manager.get
        path = "/new"
        yield* TestClock.adjust("1 minute")
        assert.deepInclude(yield* failure(manager), { _tag: "InvalidResponse", status })
        yield* manager.get
        assert.deepStrictEqual(
          (yield* requests)
            .map(({ url }) => url.pathname)
            .filter((pathname) => !pathname.includes("well-known")),
          ["/old", "/old", "/new"]
        )
      })
    )
  }

  for (const status of [400, 401, 403, 429, 500, 503]) {
    it.scoped(`a token endpoint that answers ${status} is where it was: nobody asks again`, () =>
      Effect.gen(function* () {
        let answer = Wire.json(status, {})
        const { manager, urls } = yield* server(
          metadata,
          { policy: { retry: Schedule.stop } },
          undefined,
          () => answer
        )
        yield* failure(manager)
        answer = token
        yield* manager.get
        assert.lengthOf(
          (yield* urls).filter((url) => url.startsWith("GET")),
          1
        )
      })
    )
  }

  it.scoped("what has moved is still asked where it was while the metadata cannot be had", () =>
    Effect.gen(function* () {
      let answer = Wire.text(404)
      let document = Wire.json(200, metadata)
      const { manager, urls } = yield* server(
        metadata,
        {},
        () => Effect.succeed(document),
        () => answer
      )
      yield* failure(manager)
      answer = token
      document = Wire.text(503)
      yield* manager.get
      assert.deepStrictEqual(
        (yield* urls).map((url) => url.slice(0, 4)),
        ["GET ", "POST", "GET ", "GET ", "POST"]
      )
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
        assert.include(error.message, "longer than 4 seconds")
      })
  )

  it.scoped("Errors, R8: so does a secret that nobody hands out", () =>
    Effect.gen(function* () {
      const { manager } = yield* setup(
        { make, refreshTokens: "rotates" },
        {
          refreshToken: Redacted.make("one"),
          clientSecret: Effect.never
        }
      )
      const refresh = Option.getOrThrow(manager.flow.refresh)
      const fiber = yield* Effect.fork(Effect.flip(refresh(AuthFlow.refreshGrant(Redacted.make("one")))))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude(error, {
        _tag: "Unavailable",
        code: "timed_out",
        neverSent: true,
        operation: "refresh"
      })
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

  const failures = [
    ["a 404", () => Wire.text(404)],
    ["a 403 of a firewall", () => Wire.text(403)],
    ["a redirect", () => Wire.text(302, "", { location: issuer })],
    ["a 404 with metadata", () => Wire.json(404, metadata)],
    ["a 408", () => Wire.text(408)],
    ["a 500", () => Wire.text(500)],
    ["a 503", () => Wire.text(503)],
    ["a 429", () => Wire.text(429, "", { "retry-after": "3600" })],
    ["HTML", () => Wire.text(200, "<html>", { "content-type": "text/html" })],
    ["another issuer", () => Wire.json(200, { ...metadata, issuer: "https://evil.example" })],
    ["no token endpoint", () => Wire.json(200, { issuer })]
  ] as const

  for (const [name, document] of failures) {
    for (const broken of ["oauth-authorization-server", "openid-configuration"] as const) {
      it.scoped(`one document is enough: ${name} instead of ${broken} is no failure`, () =>
        Effect.gen(function* () {
          const { manager, urls } = yield* server(metadata, {}, ({ url }) =>
            Effect.succeed(url.pathname.endsWith(broken) ? document() : Wire.json(200, metadata))
          )
          yield* manager.get
          const { length } = yield* urls
          assert.strictEqual(length, broken === "oauth-authorization-server" ? 3 : 2)
        })
      )
    }
  }

  it.scoped(
    "one document is enough: a connection that is lost, or an answer that never comes, is no failure",
    () =>
      Effect.gen(function* () {
        for (const fault of [Fault.ResetBefore(), Fault.Hang()]) {
          const { manager, sandbox } = yield* setup({ make })
          yield* sandbox.fault("discovery", fault)
          yield* within("4 seconds", manager.get)
          assert.deepStrictEqual(discovered(yield* sandbox.ledger), ["/.well-known/openid-configuration"])
        }
      })
  )

  for (const [first, second, expected] of [
    ["a 404", "a 503", { _tag: "Unavailable", status: 503 }],
    ["a 503", "a 404", { _tag: "Unavailable", status: 503 }],
    ["a 404", "a 408", { _tag: "Unavailable", status: 408 }],
    ["a 404", "a 500", { _tag: "Unavailable", status: 500 }],
    ["another issuer", "a 503", { _tag: "Unavailable", status: 503 }],
    ["a 404", "a 429", { _tag: "RateLimited", status: 429 }],
    ["a 404", "another issuer", { _tag: "InvalidResponse", status: 200 }],
    ["another issuer", "a 404", { _tag: "InvalidResponse", status: 200 }],
    ["a 404", "a 403 of a firewall", { _tag: "InvalidResponse", status: 404 }]
  ] as const) {
    it.scoped(`of two failures the one that tells more is told: ${first}, then ${second}`, () =>
      Effect.gen(function* () {
        const of = (wanted: string) => failures.find(([name]) => name === wanted)?.[1]() ?? Wire.text(500)
        const { error } = yield* server(metadata, { policy: { retry: Schedule.stop } }, ({ url }) =>
          Effect.succeed(of(url.pathname.endsWith("openid-configuration") ? second : first))
        )
        assert.deepInclude(yield* error, expected)
      })
    )
  }

  it.scoped("Errors: a failure says of what mint it is, and all that the server said", () =>
    Effect.gen(function* () {
      const { error } = yield* server(
        metadata,
        { refreshToken: Redacted.make("first"), policy: { retry: Schedule.stop } },
        () => Effect.succeed(Wire.text(503, "", { "retry-after": "5", "x-request-id": "req-1" }))
      )
      assert.deepInclude(yield* error, {
        _tag: "Unavailable",
        operation: "refresh",
        endpoint: `GET ${issuer}/.well-known/oauth-authorization-server`,
        requestId: "req-1",
        neverSent: true,
        retryAfter: DateTime.unsafeMake(5_000)
      })
    })
  )

  it.effect("what has moved is forgotten once: a late answer of the old one forgets no new one", () =>
    Effect.gen(function* () {
      let path = "/old"
      const { network, requests } = yield* recorded(() =>
        Effect.succeed(Wire.json(200, { issuer, token_endpoint: `${issuer}${path}` }))
      )
      const locate = Discovery.make({ provider: "oauth2", client: network, issuer, revocationUrl: undefined })
      const old = yield* locate.find("login")
      path = "/new"
      yield* locate.moved(old)
      assert.strictEqual((yield* locate.find("login")).tokenUrl, `${issuer}/new`)
      yield* locate.moved(old)
      assert.strictEqual((yield* locate.find("login")).tokenUrl, `${issuer}/new`)
      assert.lengthOf(yield* requests, 2)
    })
  )

  it.scoped("R8: HTML for a moment puts no refresh token in doubt, and nobody logs in for it", () =>
    Effect.gen(function* () {
      for (const [name, document] of failures) {
        let isAway = true
        const { grants, manager } = yield* server(
          metadata,
          { refreshToken: Redacted.make("first"), login: true, policy: { retry: Schedule.stop } },
          () => Effect.succeed(isAway ? document() : Wire.json(200, metadata))
        )
        for (let flight = 0; flight < 3; flight++) {
          yield* failure(manager)
        }
        isAway = false
        yield* TestClock.adjust("1 hour")
        yield* manager.get
        assert.deepStrictEqual(yield* grants, ["refresh_token"], name)
      }
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
    ["a query and a fragment", { ...metadata, token_endpoint: `${issuer}/token?a=1#${nonce}` }],
    ["a token endpoint that is no string", { ...metadata, token_endpoint: [`${issuer}/token`] }],
    [
      "a token endpoint in clear text on loopback",
      { ...metadata, token_endpoint: "http://127.0.0.1:8080/t" }
    ],
    ["a token endpoint in CLEAR TEXT on loopback", { ...metadata, token_endpoint: "HTTP://localhost/t" }],
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

  for (const [name, optional] of [
    ["a revocation endpoint over HTTP", { revocation_endpoint: "http://login.oauth2.example/r" }],
    ["a revocation endpoint on loopback", { revocation_endpoint: "http://[::1]/r" }],
    ["a revocation endpoint that is no URL", { revocation_endpoint: "/revoke" }],
    ["a revocation endpoint that is no string", { revocation_endpoint: 7 }],
    ["methods that are no list", { token_endpoint_auth_methods_supported: "client_secret_post" }],
    ["methods that are null", { token_endpoint_auth_methods_supported: null, revocation_endpoint: null }],
    ["methods that are no names", { token_endpoint_auth_methods_supported: [7, null, {}] }]
  ] as const) {
    it.scoped(`what is optional breaks no mint: ${name}`, () =>
      Effect.gen(function* () {
        const { manager, urls } = yield* server({ ...metadata, ...optional })
        yield* manager.get
        assert.deepStrictEqual((yield* urls).slice(1), [`POST ${issuer}/token`])
      })
    )
  }

  it.scoped("R14: an issuer on loopback may name its own clear-text endpoints, whatever scheme it has", () =>
    Effect.gen(function* () {
      for (const local of [
        "http://localhost:8080",
        "https://localhost:8080",
        "HTTPS://localhost:8080",
        "http://127.0.0.1"
      ]) {
        const { manager } = yield* server(
          { issuer: local, token_endpoint: "http://127.0.0.1:9090/token" },
          { issuer: local }
        )
        yield* manager.get
      }
    })
  )

  it.scoped("R14: however it is written, an issuer on another machine names no clear-text loopback URL", () =>
    Effect.gen(function* () {
      for (const remote of ["HTTPS://login.oauth2.example", " https://login.oauth2.example"]) {
        const { error } = yield* server(
          { issuer: remote, token_endpoint: "http://127.0.0.1:9090/token" },
          { issuer: remote }
        )
        assert.strictEqual((yield* error)._tag, "InvalidResponse")
      }
    })
  )

  it.scoped("R14: dangerouslyAllowInsecureHttp lets a remote issuer name any clear-text endpoint", () =>
    Effect.gen(function* () {
      for (const token_endpoint of ["http://login.oauth2.example/token", "http://127.0.0.1:9090/token"]) {
        const { manager } = yield* server(
          { ...metadata, token_endpoint },
          { dangerouslyAllowInsecureHttp: true }
        )
        yield* manager.get
      }
    })
  )

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
    [["client_secret_post", 7], "body"],
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
