import { isAuthError } from "@latchkey/core/AuthError"
import type * as TokenManager from "@latchkey/core/TokenManager"
import { AutopaySandbox, Fault, Ledger, MemoryClient, type Sandbox } from "@latchkey/testing"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as Autopay from "../src/Autopay.ts"
import {
  connect,
  counts,
  during,
  failure,
  lifetime,
  nonce,
  outcome,
  outcomes,
  setup
} from "./support/fixture.ts"

const minute = 60_000

describe("the life of a token", () => {
  it.scoped("seed 004: a cold call logs in and sends the token as a Bearer token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      assert.lengthOf(yield* sandbox.ledger, 0, "building the layer does no call")
      const response = yield* client.get("/v1/permits?page=2")
      assert.deepStrictEqual(yield* response.json, { ok: true, method: "GET", path: "/v1/permits?page=2" })
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        ledger.map((entry) => entry._tag),
        ["Login", "Request"]
      )
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ headers }) => headers["authorization"]),
        [`Bearer autopay-access-1-${nonce}`]
      )
    })
  )

  it.scoped("R3: fresh: 1,000 calls, 1 login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      for (let call = 0; call < 10; call++) {
        assert.deepStrictEqual(yield* outcomes(100, client.get("/")), { success: 100 })
        yield* TestClock.adjust("1 minute")
      }
      const { mints, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([mints, requests], [1, 1_000])
    })
  )

  it.scoped("R4: 1,000 concurrent cold calls, 1 login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Latency({ duration: "1 second" }))
      assert.deepStrictEqual(
        yield* during(
          "1 second",
          Effect.replicateEffect(outcome(client.get("/")), 1_000, { concurrency: "unbounded" })
        ),
        Array.from({ length: 1_000 }, () => "success")
      )
      const { mints, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([mints, requests], [1, 1_000])
    })
  )

  it.scoped("R3: stale: the old token is served at once while a new login is under way", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup
      yield* manager.get
      yield* TestClock.adjust(lifetime - 4 * minute)
      yield* sandbox.fault("login", Fault.Latency({ duration: "1 second" }))
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* manager.get).generation, 2)
      const { logins, mints } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints], [2, 2])
    })
  )

  it.scoped("R3: expired: callers wait for one login, and none is sent an expired token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* TestClock.adjust(lifetime)
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { success: 1_000 })
      const { logins, mints, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints, rejections], [2, 2, 0])
    })
  )

  it.scoped("seed 004: excessive access tokens end the access: a week of calls is 7 logins", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      for (let hour = 0; hour < 7 * 24; hour++) {
        yield* client.get("/")
        yield* TestClock.adjust("1 hour")
      }
      const { mints, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([mints, rejections], [7, 0])
    })
  )

  it.scoped("R9: a rejected token: one login, and the request is sent once more", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.revokeAccessTokens
      const response = yield* client.get("/v1/permits")
      assert.strictEqual(response.status, 200)
      const { logins, mints, rejections, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints, rejections, requests], [2, 2, 1, 3])
    })
  )

  it.scoped("R9: an API that rejects every token gets the 401 returned, and not a login per request", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.rejectAllTokens(true)
      for (let call = 0; call < 100; call++) {
        assert.strictEqual((yield* client.get("/")).status, 401)
      }
      assert.strictEqual((yield* counts(sandbox)).mints, 2)
    })
  )

  it.scoped("R9: 403 and insufficient_scope are answers, and no rejections", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      assert.strictEqual((yield* client.get("/forbidden")).status, 403)
      assert.strictEqual((yield* client.get("/insufficient-scope")).status, 401)
      const { mints, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([mints, requests], [1, 2])
    })
  )

  it.scoped("R14: the token goes to the API and to no other origin", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce })
      const elsewhere = yield* MemoryClient.recorder
      const { client } = yield* connect(sandbox, {}, { elsewhere: elsewhere.handle })
      yield* client.get("/")
      yield* client.get(`${sandbox.apiOrigin}.evil.example/`)
      yield* client.get(`${sandbox.apiOrigin}:8443/`)
      const arrived = yield* elsewhere.requests
      assert.lengthOf(arrived, 2)
      assert.notInclude(inspect(arrived), nonce)
    })
  )
})

describe("failures", () => {
  it.scoped("seed 004: wrong credentials are AccessDenied, asked once: 1,000 calls, 1 login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.changeSecret(Redacted.make("another"))
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { AccessDenied: 1_000 })
      assert.strictEqual((yield* counts(sandbox)).refusals, 1)
      // R11: the gate, for 1 s and then for 2.
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { AccessDenied: 1_000 })
      assert.strictEqual((yield* counts(sandbox)).refusals, 2)
      assert.deepStrictEqual(yield* during("1999 millis", outcomes(1_000, client.get("/"))), {
        AccessDenied: 1_000
      })
      const { refusals, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([refusals, requests], [2, 0])
    })
  )

  it.scoped("R15: an error of wrong credentials shows neither secret nor token", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup
      yield* sandbox.changeSecret(Redacted.make("another"))
      const error = yield* failure(client.get("/?key=query-secret"))
      for (const text of [
        inspect(error, { depth: 20 }),
        JSON.stringify(error),
        String(error),
        Cause.pretty(Cause.fail(error)),
        inspect(manager, { depth: 20, showHidden: true }),
        JSON.stringify(manager),
        inspect(client, { depth: 20 })
      ]) {
        assert.notInclude(text, "autopay-secret")
        assert.notInclude(text, "query-secret")
      }
      assert.isTrue(isAuthError(error))
    })
  )

  it.scoped("R16: a secret that is an effect is read at each login", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce })
      const secret = yield* Ref.make(sandbox.credentials.clientSecret)
      const { client } = yield* connect(sandbox, { clientSecret: Ref.get(secret) })
      yield* client.get("/")
      const rotated = Redacted.make(`autopay-secret-2-${nonce}`)
      yield* sandbox.changeSecret(rotated)
      yield* Ref.set(secret, rotated)
      yield* TestClock.adjust("24 hours")
      assert.strictEqual((yield* client.get("/")).status, 200)
      assert.strictEqual((yield* counts(sandbox)).refusals, 0)
    })
  )

  it.scoped("R16: a secret that cannot be read is Unavailable, without the reason", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce })
      const { client } = yield* connect(sandbox, { clientSecret: Effect.fail(`vault says ${nonce}`) })
      const error = yield* during("20 seconds", failure(client.get("/")))
      assert.strictEqual(error._tag, "Unavailable")
      assert.notInclude(inspect(error), nonce)
      assert.lengthOf(yield* sandbox.ledger, 0)
    })
  )

  it.scoped("403 at the login is AccessDenied, asked once", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Status({ status: 403 }), { times: Infinity })
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { AccessDenied: 1_000 })
      assert.strictEqual((yield* counts(sandbox)).faults, 1)
    })
  )

  for (const [name, header] of [
    ["seconds", "5"],
    ["a date", "Thu, 01 Jan 1970 00:00:05 GMT"]
  ] as const) {
    it.scoped(`R11: 429 with a Retry-After of ${name} within the deadline is waited for`, () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup
        yield* sandbox.fault("login", Fault.Status({ status: 429, headers: { "retry-after": header } }))
        const response = yield* during("6 seconds", client.get("/"))
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          Ledger.entries(yield* sandbox.ledger, "Login").map(({ at }) => at),
          [5_000]
        )
      })
    )
  }

  for (const [name, header] of [
    ["seconds", "120"],
    ["a date", "Thu, 01 Jan 1970 00:02:00 GMT"]
  ] as const) {
    it.scoped(`R11: 429 with a Retry-After of ${name} beyond the deadline is RateLimited until then`, () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup
        yield* sandbox.fault("login", Fault.Status({ status: 429, headers: { "retry-after": header } }))
        const error = yield* failure(client.get("/"))
        assert.strictEqual(error._tag, "RateLimited")
        assert.strictEqual(
          error._tag === "RateLimited" && error.retryAfter ? DateTime.toEpochMillis(error.retryAfter) : 0,
          120_000
        )
        yield* TestClock.adjust("119 seconds")
        assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { RateLimited: 1_000 })
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* outcome(client.get("/")), "success")
        const { faults, mints } = yield* counts(sandbox)
        assert.deepStrictEqual([faults, mints], [1, 1])
      })
    )
  }

  it.scoped("R11: 503 is retried, and the caller sees nothing of it", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Status({ status: 503 }), { times: 3 })
      assert.strictEqual((yield* during("2 seconds", client.get("/"))).status, 200)
      const { faults, mints } = yield* counts(sandbox)
      assert.deepStrictEqual([faults, mints], [3, 1])
    })
  )

  it.scoped("R3: while the login is down, a token that lives is served up to its end and not beyond", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.fault("login", Fault.Status({ status: 503 }), { times: Infinity })
      yield* TestClock.adjust(lifetime - 5_000)
      assert.strictEqual(yield* during("4 seconds", outcome(client.get("/"))), "success")
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* during("4 seconds", outcome(manager.get)), "success")
      assert.strictEqual((yield* counts(sandbox)).rejections, 0)
      yield* sandbox.clearFaults
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* outcome(client.get("/")), "success")
    })
  )

  for (const [name, fault] of [
    ["503", Fault.Status({ status: 503 })],
    ["a reset before", Fault.ResetBefore()],
    ["a reset after the mint", Fault.ResetAfter()]
  ] as const) {
    it.scoped(`an outage (${name}) is Unavailable, and over when it is over`, () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup
        yield* sandbox.fault("login", fault, { times: Infinity })
        assert.strictEqual(yield* during("5 seconds", outcome(client.get("/"))), "Unavailable")
        yield* sandbox.clearFaults
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* outcome(client.get("/")), "success")
      })
    )
  }

  it.scoped("R4: a login that never answers ends with the deadline", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Hang())
      assert.strictEqual(yield* during("20 seconds", outcome(client.get("/"))), "Unavailable")
      assert.strictEqual(yield* outcome(client.get("/")), "success")
    })
  )

  const patched = (fields: Readonly<Record<string, unknown>>) =>
    Fault.Patch({ f: (json) => Object.assign({}, json, fields) })

  for (const [name, fault] of [
    ["HTML with 200", Fault.Html()],
    ["a truncated body", Fault.Truncated()],
    ["an empty body", Fault.EmptyBody()],
    ["a body beyond 1 MiB", Fault.HugeBody({ bytes: 2 ** 20 + 1 })],
    ["no object", Fault.Body({ body: "[]" })],
    ["no access_token", patched({ access_token: undefined })],
    ["an access_token that is a number", patched({ access_token: 7 })],
    ["an access_token with a line break", patched({ access_token: "a\nb" })],
    ["expires_in 0", patched({ expires_in: 0 })],
    ["expires_in -1", patched({ expires_in: -1 })],
    ["expires_in NaN", patched({ expires_in: "NaN" })],
    ["expires_in 10^18", patched({ expires_in: 1e18 })]
  ] as const) {
    it.scoped(`${name} is InvalidResponse: no request leaves, and the next good answer is served`, () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup
        yield* sandbox.fault("login", fault, { times: Infinity })
        const error = yield* during("5 seconds", failure(client.get("/")))
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.notInclude(inspect(error), nonce)
        const { faults, requests } = yield* counts(sandbox)
        assert.isAtMost(faults, 4)
        assert.strictEqual(requests, 0)
        yield* sandbox.clearFaults
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* outcome(client.get("/")), "success")
      })
    )
  }

  it.scoped('R1: expires_in "3600" is an hour', () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup
      yield* sandbox.fault("login", patched({ expires_in: "3600" }))
      assert.strictEqual((yield* manager.get).expiresAt, 3_600_000)
    })
  )

  it.scoped("R14: the login follows no redirect", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce })
      const elsewhere = yield* MemoryClient.recorder
      const { client } = yield* connect(sandbox, {}, { elsewhere: elsewhere.handle })
      yield* sandbox.fault("login", Fault.Redirect({ location: "https://evil.example/oauth/token" }))
      assert.strictEqual(yield* outcome(client.get("/")), "InvalidResponse")
      assert.lengthOf(yield* elsewhere.requests, 0)
    })
  )
})

describe("the flow", () => {
  const flow = (options: Autopay.Options) => Effect.provide(Autopay.make(options), MemoryClient.layer([]))
  const options = { clientId: "me", clientSecret: Redacted.make(`secret-${nonce}`) }

  it.effect("seed 004: logs in, cannot refresh, and starts at https://api.autopay.io", () =>
    Effect.gen(function* () {
      const { apiUrl, login, origins, provider, refresh, rotates } = yield* flow(options)
      assert.strictEqual(provider, "autopay")
      assert.isTrue(Option.isSome(login))
      assert.isTrue(Option.isNone(refresh))
      assert.isFalse(rotates)
      assert.strictEqual(apiUrl, "https://api.autopay.io")
      assert.deepStrictEqual(origins, ["https://api.autopay.io"])
    })
  )

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.forEach(
        [
          options,
          { ...options, clientId: "you" },
          { ...options, audience: "https://other.example" },
          { ...options, tokenUrl: "https://other.example/oauth/token" }
        ],
        (one) => Effect.map(flow(one), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      assert.strictEqual(
        (yield* flow({ ...options, clientSecret: Redacted.make("rotated") })).key,
        keys[0],
        "a rotated secret keeps the tokens"
      )
      assert.notInclude(keys.join(), nonce)
    })
  )

  for (const [option, value] of [
    ["clientId", ""],
    ["clientId", "  "],
    ["audience", ""],
    ["audience", " "],
    ["tokenUrl", ""],
    ["tokenUrl", "/oauth/token"],
    ["tokenUrl", "http://api-auth.autopay.io/oauth/token"],
    ["tokenUrl", "https://me:secret@api-auth.autopay.io/oauth/token"],
    ["tokenUrl", "https://api-auth.autopay.io/oauth/token?key=secret"],
    ["apiUrl", "api.autopay.io"],
    ["apiUrl", "http://api.autopay.io"],
    ["apiUrl", "ftp://api.autopay.io"],
    ["apiUrl", "https://api.autopay.io#secret"]
  ] as const) {
    it.effect(`R14: ${option} ${JSON.stringify(value)} fails the layer with InvalidOptions`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Effect.scoped(
            Layer.build(Layer.provide(Autopay.layer({ ...options, [option]: value }), MemoryClient.layer([])))
          )
        )
        assert.strictEqual(error._tag, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.strictEqual(error.provider, "autopay")
        assert.notInclude(inspect(error), "secret@")
        assert.notInclude(inspect(error), "=secret")
      })
    )
  }

  it.effect("R14: clear text is for loopback, or for those who ask for it by an ugly name", () =>
    Effect.gen(function* () {
      const tokenUrl = "http://127.0.0.1:8080/oauth/token"
      yield* flow({ ...options, tokenUrl, apiUrl: "http://localhost:8080" })
      const insecure = { ...options, tokenUrl: "http://gateway.internal/oauth/token" }
      assert.strictEqual(yield* outcome(flow(insecure)), "InvalidOptions")
      yield* flow({ ...insecure, dangerouslyAllowInsecureHttp: true })
      const api = { ...options, apiUrl: "http://gateway.internal" }
      assert.strictEqual(yield* outcome(flow(api)), "InvalidOptions")
      yield* flow({ ...api, dangerouslyAllowInsecureHttp: true })
    })
  )
})

describe("layerConfig", () => {
  const build = (
    environment: Map<string, string>,
    client: Layer.Layer<HttpClient.HttpClient>,
    config?: Autopay.LayerConfig
  ) =>
    Layer.build(Layer.provide(Autopay.layerConfig(config), client)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(environment))
    )

  it.scoped("reads AUTOPAY_CLIENT_ID and AUTOPAY_CLIENT_SECRET", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce })
      const context = yield* build(
        new Map([
          ["AUTOPAY_CLIENT_ID", sandbox.credentials.clientId],
          ["AUTOPAY_CLIENT_SECRET", Redacted.value(sandbox.credentials.clientSecret)]
        ]),
        MemoryClient.layer([sandbox])
      )
      const manager: TokenManager.TokenManager = yield* Effect.provide(Autopay.Autopay, context)
      assert.strictEqual(Redacted.value((yield* manager.get).value), `autopay-access-1-${nonce}`)
    })
  )

  it.scoped("reads other names where told so, URLs included", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({
        nonce,
        tokenOrigin: "https://auth.example",
        apiOrigin: "https://api.example"
      })
      const context = yield* build(
        new Map([
          ["ID", sandbox.credentials.clientId],
          ["SECRET", Redacted.value(sandbox.credentials.clientSecret)],
          ["TOKEN_URL", "https://auth.example/oauth/token"],
          ["API_URL", "https://api.example/"]
        ]),
        MemoryClient.layer([sandbox]),
        {
          clientId: Config.string("ID"),
          clientSecret: Config.redacted("SECRET"),
          tokenUrl: Config.string("TOKEN_URL"),
          apiUrl: Config.string("API_URL")
        }
      )
      const manager = yield* Effect.provide(Autopay.Autopay, context)
      yield* manager.get
      assert.deepStrictEqual(manager.flow.origins, ["https://api.example"])
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ nonce, accessLifetime: lifetime })
      const policy = { staleWindow: "1 hour", jitter: 0 } as const
      const context = yield* build(
        new Map([
          ["AUTOPAY_CLIENT_ID", sandbox.credentials.clientId],
          ["AUTOPAY_CLIENT_SECRET", Redacted.value(sandbox.credentials.clientSecret)]
        ]),
        MemoryClient.layer([sandbox]),
        { policy }
      )
      const configured = yield* Effect.provide(Autopay.Autopay, context)
      const { manager } = yield* connect(sandbox, { policy })
      for (const { get, status } of [configured, manager]) {
        yield* get
        assert.strictEqual(Option.getOrUndefined((yield* status).staleAt), lifetime - 60 * minute)
      }
    })
  )

  for (const missing of ["AUTOPAY_CLIENT_ID", "AUTOPAY_CLIENT_SECRET"]) {
    it.scoped(`without ${missing} it fails with InvalidOptions that names it and holds no secret`, () =>
      Effect.gen(function* () {
        const environment = new Map([
          ["AUTOPAY_CLIENT_ID", `client-${nonce}`],
          ["AUTOPAY_CLIENT_SECRET", `secret-${nonce}`]
        ])
        environment.delete(missing)
        const exit = yield* Effect.exit(build(environment, MemoryClient.layer([])))
        const error = Exit.isFailure(exit)
          ? Option.getOrUndefined(Cause.failureOption(exit.cause))
          : undefined
        assert.strictEqual(error?._tag, "InvalidOptions")
        assert.include(inspect(error, { depth: 20 }), missing)
        assert.notInclude(inspect(exit, { depth: 20 }), nonce)
        assert.notInclude(JSON.stringify(exit), nonce)
      })
    )
  }
})

describe("Client", () => {
  it.scoped("relative URLs start at the API's base URL, with or without a slash", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/v1/permits")
      yield* client.get("v1/permits")
      yield* client.get("https://api.autopay.io/v1/permits")
      assert.deepStrictEqual(
        Ledger.entries(yield* sandbox.ledger, "Request").map(({ path, status }) => [path, status]),
        Array.from({ length: 3 }, () => ["/v1/permits", 200])
      )
    })
  )

  it.scoped("shares its token with whatever else is built on the tag", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup
      yield* manager.get
      yield* client.get("/")
      assert.strictEqual((yield* counts(sandbox)).mints, 1)
    })
  )

  it.scoped("R14: each tenant of a LayerMap has a client of its own, and no token crosses over", () =>
    Effect.gen(function* () {
      const sandboxes = yield* Effect.forEach(["acme", "globex"], (tenant) =>
        AutopaySandbox.make({
          clientId: tenant,
          nonce: tenant,
          tokenOrigin: `https://${tenant}.example`,
          apiOrigin: `https://${tenant}.example`
        })
      )
      const tenants = yield* LayerMap.make(
        ({ apiOrigin, credentials }: Sandbox.Sandbox) =>
          Autopay.Client.layer.pipe(
            Layer.provide(
              Autopay.layer({ ...credentials, tokenUrl: `${apiOrigin}/oauth/token`, apiUrl: apiOrigin })
            ),
            Layer.provide(MemoryClient.layer(sandboxes))
          ),
        { idleTimeToLive: "1 hour" }
      )
      for (const sandbox of sandboxes) {
        const response = yield* Effect.flatMap(Autopay.Client, (client) => client.get("/")).pipe(
          Effect.provide(tenants.get(sandbox))
        )
        assert.strictEqual(response.status, 200)
      }
      for (const sandbox of sandboxes) {
        const { mints, requests } = yield* counts(sandbox)
        assert.deepStrictEqual([mints, requests], [1, 1], sandbox.apiOrigin)
      }
    })
  )

  it.scoped("works with the platform's combinators", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("api", Fault.Status({ status: 503 }))
      const robust = client.pipe(HttpClient.filterStatusOk, HttpClient.retryTransient({ times: 1 }))
      assert.strictEqual((yield* robust.get("/")).status, 200)
      assert.strictEqual((yield* counts(sandbox)).mints, 1)
    })
  )
})
