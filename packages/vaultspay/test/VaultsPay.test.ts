import { isAuthError } from "@latchkey/core/AuthError"
import type * as TokenManager from "@latchkey/core/TokenManager"
import { Fault, Ledger, MemoryClient, type Sandbox, VaultsPaySandbox } from "@latchkey/testing"
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
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as VaultsPay from "../src/VaultsPay.ts"
import {
  connect,
  counts,
  during,
  failure,
  lifetime,
  nonce,
  outcome,
  outcomes,
  refreshLifetime,
  setup
} from "./support/fixture.ts"

const minute = 60_000

describe("the life of a token", () => {
  it.scoped("seed 000: a cold call logs in and sends the token as a Bearer token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      assert.lengthOf(yield* sandbox.ledger, 0, "building the layer does no call")
      const response = yield* client.get("/v1/orders?page=2")
      assert.deepStrictEqual(yield* response.json, { ok: true, method: "GET", path: "/v1/orders?page=2" })
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        ledger.map((entry) => entry._tag),
        ["Login", "Request"]
      )
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ headers }) => headers["authorization"]),
        [`Bearer vaultspay-access-1-${nonce}`]
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

  it.scoped("R3: stale: the old token is served at once while a refresh is under way", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup
      yield* manager.get
      yield* TestClock.adjust(lifetime - 4 * minute)
      yield* sandbox.fault("refresh", Fault.Latency({ duration: "1 second" }))
      assert.strictEqual((yield* manager.get).generation, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* manager.get).generation, 2)
      const { logins, mints } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints], [1, 2])
    })
  )

  it.scoped("R3, R5: expired: callers wait for one refresh, and none is sent an expired token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* TestClock.adjust(lifetime)
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { success: 1_000 })
      const { logins, mints, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints, rejections], [1, 2, 0])
    })
  )

  it.scoped("R9: a rejected token: one refresh, and the request is sent once more", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.revokeAccessTokens
      const response = yield* client.get("/v1/orders")
      assert.strictEqual(response.status, 200)
      const { logins, mints, rejections, requests } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, mints, rejections, requests], [1, 2, 1, 3])
    })
  )

  it.scoped("R9: an API that rejects every token gets the 401 returned, and not a mint per request", () =>
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
      const sandbox = yield* VaultsPaySandbox.make({ nonce })
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

describe("the refresh token", () => {
  const presented = (sandbox: Sandbox.Sandbox) =>
    Effect.map(sandbox.ledger, (ledger) =>
      Ledger.entries(ledger, "Refresh").map(({ presented }) => presented)
    )

  it.scoped("seed 000, R7: a refresh brings none, and the login's is kept: 5 days of calls, 1 login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      for (let elapsed = 0; elapsed < refreshLifetime; elapsed += 40 * minute) {
        assert.strictEqual((yield* client.get("/")).status, 200)
        yield* TestClock.adjust("40 minutes")
      }
      const { logins, refreshes, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, refreshes, rejections], [1, (5 * 24 * 60) / 40 - 1, 0])
      assert.isTrue((yield* presented(sandbox)).every((number) => number === 1))
    })
  )

  it.scoped("seed 000: expired by our clock: exactly one login, and no refresh is tried", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* TestClock.adjust(refreshLifetime)
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { success: 1_000 })
      const { logins, refreshes, refusals } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, refreshes, refusals], [2, 0, 0])
    })
  )

  for (const [name, end] of [
    ["expired", (sandbox: Sandbox.Sandbox) => sandbox.expireRefreshTokens],
    ["revoked", (sandbox: Sandbox.Sandbox) => sandbox.revokeRefreshTokens]
  ] as const) {
    it.scoped(
      `R6: ${name} by the provider: one refusal, one login, and the new one is used from then on`,
      () =>
        Effect.gen(function* () {
          const { client, sandbox } = yield* setup
          yield* client.get("/")
          yield* end(sandbox)
          yield* TestClock.adjust(lifetime)
          assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { success: 1_000 })
          const { logins, refreshes, refusals } = yield* counts(sandbox)
          assert.deepStrictEqual([logins, refreshes, refusals], [2, 0, 1])
          yield* TestClock.adjust(lifetime)
          yield* client.get("/")
          assert.deepStrictEqual(yield* presented(sandbox), [2])
        })
    )
  }

  it.scoped("R6: a refresh that is down is never replaced by a login, and keeps its token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.fault("refresh", Fault.Status({ status: 503 }), { times: Infinity })
      yield* TestClock.adjust(lifetime)
      assert.strictEqual(yield* during("5 seconds", outcome(client.get("/"))), "Unavailable")
      yield* sandbox.clearFaults
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* outcome(client.get("/")), "success")
      assert.strictEqual((yield* counts(sandbox)).logins, 1)
      assert.deepStrictEqual(yield* presented(sandbox), [1])
    })
  )

  it.scoped("R6: 403 at the refresh is followed by one login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.fault("refresh", Fault.Status({ status: 403 }), { times: Infinity })
      yield* TestClock.adjust(lifetime)
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { success: 1_000 })
      const { faults, logins } = yield* counts(sandbox)
      assert.deepStrictEqual([faults, logins], [1, 2])
    })
  )

  it.scoped("seed 000: a refresh does not present the client's secret: a changed one does not fail it", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.changeSecret(Redacted.make("another"))
      yield* TestClock.adjust(lifetime)
      assert.strictEqual(yield* outcome(client.get("/")), "success")
      assert.strictEqual((yield* counts(sandbox)).refusals, 0)
    })
  )

  for (const [name, endpoint, f] of [
    ["a login inside of data", "login", (json: unknown) => ({ data: json })],
    ["a flat refresh", "refresh", (json: unknown) => (Predicate.hasProperty(json, "data") ? json.data : json)]
  ] as const) {
    it.scoped(`${name} is read as well`, () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup
        yield* sandbox.fault(endpoint, Fault.Patch({ f }), { times: Infinity })
        yield* client.get("/")
        yield* TestClock.adjust(lifetime)
        assert.strictEqual(yield* outcome(client.get("/")), "success")
        const { logins, refreshes } = yield* counts(sandbox)
        assert.deepStrictEqual([logins, refreshes], [1, 1])
      })
    )
  }

  it.scoped("R7: a refresh that does bring one is followed", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/")
      const { refreshToken } = yield* sandbox.issue
      yield* sandbox.fault(
        "refresh",
        Fault.Patch({
          f: (json) => ({
            data: {
              ...(Predicate.hasProperty(json, "data") && Predicate.isRecord(json.data) ? json.data : {}),
              refreshToken: Option.getOrThrow(refreshToken).value
            }
          })
        })
      )
      yield* TestClock.adjust(lifetime)
      yield* client.get("/")
      yield* TestClock.adjust(lifetime)
      yield* client.get("/")
      assert.deepStrictEqual(yield* presented(sandbox), [1, 2])
      assert.strictEqual((yield* counts(sandbox)).logins, 1)
    })
  )

  for (const skew of [10 * minute, -10 * minute]) {
    it.scoped(`R1: a provider's clock that is ${skew} ms ahead changes nothing`, () =>
      Effect.gen(function* () {
        const { client, manager, sandbox } = yield* setup
        yield* TestClock.adjust("1 day")
        yield* sandbox.skewClock(skew)
        assert.strictEqual((yield* manager.get).expiresAt, 24 * 60 * minute + lifetime)
        for (let elapsed = 0; elapsed < 3 * lifetime; elapsed += minute) {
          yield* client.get("/")
          yield* TestClock.adjust("1 minute")
        }
        const { logins, mints, rejections } = yield* counts(sandbox)
        assert.deepStrictEqual([logins, rejections], [1, 0])
        assert.isAtMost(mints, 4)
      })
    )
  }
})

describe("failures", () => {
  it.scoped("wrong credentials are Unauthorized, asked once: 1,000 calls, 1 login", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.changeSecret(Redacted.make("another"))
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { Unauthorized: 1_000 })
      assert.strictEqual((yield* counts(sandbox)).refusals, 1)
      // R11: the gate, for 1 s and then for 2.
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { Unauthorized: 1_000 })
      assert.strictEqual((yield* counts(sandbox)).refusals, 2)
      assert.deepStrictEqual(yield* during("1999 millis", outcomes(1_000, client.get("/"))), {
        Unauthorized: 1_000
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
        assert.notInclude(text, "vaultspay-secret")
        assert.notInclude(text, "query-secret")
      }
      assert.isTrue(isAuthError(error))
    })
  )

  it.scoped("R16: a secret that is an effect is read at each login", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce })
      const secret = yield* Ref.make(sandbox.credentials.clientSecret)
      const { client } = yield* connect(sandbox, { clientSecret: Ref.get(secret) })
      yield* client.get("/")
      const rotated = Redacted.make(`vaultspay-secret-2-${nonce}`)
      yield* sandbox.changeSecret(rotated)
      yield* Ref.set(secret, rotated)
      yield* TestClock.adjust("5 days")
      assert.strictEqual((yield* client.get("/")).status, 200)
      assert.strictEqual((yield* counts(sandbox)).refusals, 0)
    })
  )

  it.scoped("R16: a secret that cannot be read is Unavailable, without the reason", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce })
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

  it.scoped("R3: while the refresh is down, a token that lives is served up to its end and not beyond", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup
      yield* client.get("/")
      yield* sandbox.fault("refresh", Fault.Status({ status: 503 }), { times: Infinity })
      yield* TestClock.adjust(lifetime - 5_000)
      assert.strictEqual(yield* during("4 seconds", outcome(client.get("/"))), "success")
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* during("4 seconds", outcome(manager.get)), "success")
      assert.strictEqual((yield* counts(sandbox)).rejections, 0)
      yield* sandbox.clearFaults
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* outcome(client.get("/")), "success")
      assert.strictEqual((yield* counts(sandbox)).logins, 1, "R6: an outage never costs a login")
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
    ["no accessToken", patched({ accessToken: undefined })],
    ["an accessToken that is a number", patched({ accessToken: 7 })],
    ["an accessToken with a line break", patched({ accessToken: "a\nb" })],
    ["an accessTokenExpiry that is now", patched({ accessTokenExpiry: "1970-01-01T00:00:00.000+00:00" })],
    ["an accessTokenExpiry of yesterday", patched({ accessTokenExpiry: "1969-12-31T00:00:00.000+00:00" })],
    ["an accessTokenExpiry of NaN", patched({ accessTokenExpiry: "NaN" })],
    ["an accessTokenExpiry of 10^18", patched({ accessTokenExpiry: 1e18 })],
    ["an accessTokenExpiry without an offset", patched({ accessTokenExpiry: "2024-09-23T18:33:10.049" })]
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

  it.scoped('R1: an accessTokenExpiry of "3600" is epoch seconds: an hour after the epoch', () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup
      yield* sandbox.fault("login", patched({ accessTokenExpiry: "3600" }))
      assert.strictEqual((yield* manager.get).expiresAt, 3_600_000)
    })
  )

  it.scoped("R14: the login follows no redirect", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce })
      const elsewhere = yield* MemoryClient.recorder
      const { client } = yield* connect(sandbox, {}, { elsewhere: elsewhere.handle })
      yield* sandbox.fault("login", Fault.Redirect({ location: "https://evil.example/as/api/v1/saas-login" }))
      assert.strictEqual(yield* outcome(client.get("/")), "InvalidResponse")
      assert.lengthOf(yield* elsewhere.requests, 0)
    })
  )
})

describe("the flow", () => {
  const flow = (options: VaultsPay.Options) => Effect.provide(VaultsPay.make(options), MemoryClient.layer([]))
  const options = {
    baseUrl: "https://api.vaultspay.example",
    clientId: "me",
    clientSecret: Redacted.make(`secret-${nonce}`)
  }

  it.effect("seed 000: logs in and refreshes, keeps its refresh token, and starts at the base URL", () =>
    Effect.gen(function* () {
      const { apiUrl, login, origins, provider, refresh, rotates } = yield* flow(options)
      assert.strictEqual(provider, "vaultspay")
      assert.isTrue(Option.isSome(login))
      assert.isTrue(Option.isSome(refresh))
      assert.isFalse(rotates)
      assert.strictEqual(apiUrl, "https://api.vaultspay.example")
      assert.deepStrictEqual(origins, ["https://api.vaultspay.example"])
    })
  )

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.forEach(
        [
          options,
          { ...options, clientId: "you" },
          { ...options, baseUrl: "https://other.example" },
          { ...options, baseUrl: "https://api.vaultspay.example/test" }
        ],
        (one) => Effect.map(flow(one), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      assert.strictEqual(
        (yield* flow({ ...options, clientSecret: Redacted.make("rotated") })).key,
        keys[0],
        "a rotated secret keeps the tokens"
      )
      assert.strictEqual((yield* flow({ ...options, baseUrl: `${options.baseUrl}/` })).key, keys[0])
      assert.notInclude(keys.join(), nonce)
    })
  )

  for (const [option, value] of [
    ["clientId", ""],
    ["clientId", "  "],
    ["baseUrl", ""],
    ["baseUrl", "/as/api"],
    ["baseUrl", "api.vaultspay.example"],
    ["baseUrl", "http://api.vaultspay.example"],
    ["baseUrl", "ftp://api.vaultspay.example"],
    ["baseUrl", "https://me:secret@api.vaultspay.example"],
    ["baseUrl", "https://api.vaultspay.example?key=secret"],
    ["baseUrl", "https://api.vaultspay.example#secret"]
  ] as const) {
    it.effect(`R14: ${option} ${JSON.stringify(value)} fails the layer with InvalidOptions`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Effect.scoped(
            Layer.build(
              Layer.provide(VaultsPay.layer({ ...options, [option]: value }), MemoryClient.layer([]))
            )
          )
        )
        assert.strictEqual(error._tag, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.strictEqual(error.provider, "vaultspay")
        assert.notInclude(inspect(error), "secret@")
        assert.notInclude(inspect(error), "=secret")
      })
    )
  }

  it.effect("R14: clear text is for loopback, or for those who ask for it by an ugly name", () =>
    Effect.gen(function* () {
      yield* flow({ ...options, baseUrl: "http://127.0.0.1:8080" })
      yield* flow({ ...options, baseUrl: "http://localhost:8080" })
      const insecure = { ...options, baseUrl: "http://gateway.internal" }
      assert.strictEqual(yield* outcome(flow(insecure)), "InvalidOptions")
      yield* flow({ ...insecure, dangerouslyAllowInsecureHttp: true })
    })
  )
})

describe("layerConfig", () => {
  const build = (
    environment: Map<string, string>,
    client: Layer.Layer<HttpClient.HttpClient>,
    config?: VaultsPay.LayerConfig
  ) =>
    Layer.build(Layer.provide(VaultsPay.layerConfig(config), client)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(environment))
    )

  it.scoped("reads VAULTSPAY_BASE_URL, VAULTSPAY_CLIENT_ID and VAULTSPAY_CLIENT_SECRET", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce })
      const context = yield* build(
        new Map([
          ["VAULTSPAY_BASE_URL", sandbox.apiOrigin],
          ["VAULTSPAY_CLIENT_ID", sandbox.credentials.clientId],
          ["VAULTSPAY_CLIENT_SECRET", Redacted.value(sandbox.credentials.clientSecret)]
        ]),
        MemoryClient.layer([sandbox])
      )
      const manager: TokenManager.TokenManager = yield* Effect.provide(VaultsPay.VaultsPay, context)
      assert.strictEqual(Redacted.value((yield* manager.get).value), `vaultspay-access-1-${nonce}`)
    })
  )

  it.scoped("reads other names where told so", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce, origin: "https://api.example" })
      const context = yield* build(
        new Map([
          ["ID", sandbox.credentials.clientId],
          ["SECRET", Redacted.value(sandbox.credentials.clientSecret)],
          ["URL", "https://api.example/"]
        ]),
        MemoryClient.layer([sandbox]),
        {
          clientId: Config.string("ID"),
          clientSecret: Config.redacted("SECRET"),
          baseUrl: Config.string("URL")
        }
      )
      const manager = yield* Effect.provide(VaultsPay.VaultsPay, context)
      yield* manager.get
      assert.deepStrictEqual(manager.flow.origins, ["https://api.example"])
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make({ nonce, accessLifetime: lifetime })
      const policy = { staleWindow: "10 minutes", jitter: 0 } as const
      const context = yield* build(
        new Map([
          ["VAULTSPAY_BASE_URL", sandbox.apiOrigin],
          ["VAULTSPAY_CLIENT_ID", sandbox.credentials.clientId],
          ["VAULTSPAY_CLIENT_SECRET", Redacted.value(sandbox.credentials.clientSecret)]
        ]),
        MemoryClient.layer([sandbox]),
        { policy }
      )
      const configured = yield* Effect.provide(VaultsPay.VaultsPay, context)
      const { manager } = yield* connect(sandbox, { policy })
      for (const { get, status } of [configured, manager]) {
        yield* get
        assert.strictEqual(Option.getOrUndefined((yield* status).staleAt), lifetime - 10 * minute)
      }
    })
  )

  for (const missing of ["VAULTSPAY_BASE_URL", "VAULTSPAY_CLIENT_ID", "VAULTSPAY_CLIENT_SECRET"]) {
    it.scoped(`without ${missing} it fails with InvalidOptions that names it and holds no secret`, () =>
      Effect.gen(function* () {
        const environment = new Map([
          ["VAULTSPAY_BASE_URL", "https://api.vaultspay.example"],
          ["VAULTSPAY_CLIENT_ID", `client-${nonce}`],
          ["VAULTSPAY_CLIENT_SECRET", `secret-${nonce}`]
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
      yield* client.get("/v1/orders")
      yield* client.get("v1/orders")
      yield* client.get("https://api.vaultspay.example/v1/orders")
      assert.deepStrictEqual(
        Ledger.entries(yield* sandbox.ledger, "Request").map(({ path, status }) => [path, status]),
        Array.from({ length: 3 }, () => ["/v1/orders", 200])
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
        VaultsPaySandbox.make({ clientId: tenant, nonce: tenant, origin: `https://${tenant}.example` })
      )
      const tenants = yield* LayerMap.make(
        ({ apiOrigin, credentials }: Sandbox.Sandbox) =>
          VaultsPay.Client.layer.pipe(
            Layer.provide(VaultsPay.layer({ ...credentials, baseUrl: apiOrigin })),
            Layer.provide(MemoryClient.layer(sandboxes))
          ),
        { idleTimeToLive: "1 hour" }
      )
      for (const sandbox of sandboxes) {
        const response = yield* Effect.flatMap(VaultsPay.Client, (client) => client.get("/")).pipe(
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
