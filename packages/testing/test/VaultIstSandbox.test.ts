import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { Ledger, VaultIstSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { refreshTokenOf, vaultIst, vaultIstRefresh } from "./support/drivers.ts"
import { getWith, memory, postJson, worlds } from "./support/world.ts"

const expiredOn = (instant: string) =>
  `{"status":"UNAUTHORIZED","message":"The Token has expired on ${instant}","traceId":"TraceId unavailable","errors":[]}`

describe.each(worlds)("vault.ist $name", (world) => {
  it.scoped("seed 001: a refresh answers both tokens, scope, expires_in and a user_id that is no UUID", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultIst
      const issued = yield* sandbox.issue
      assert.strictEqual(refreshTokenOf(issued), "vault-ist-refresh-1-n0nce")
      const response = yield* vaultIstRefresh(yield* world.connect(sandbox), refreshTokenOf(issued))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(
        yield* response.text,
        '{"access_token":"vault-ist-access-2-n0nce","token_type":"Bearer","refresh_token":"vault-ist-refresh-2-n0nce",' +
          '"scope":"accounts:create accounts:read withdraw_other_account:show","expires_in":86400,' +
          '"user_id":"usr:b06d9aaa-4310-4c0d-9e5343c1b35"}'
      )
      assert.deepStrictEqual(yield* sandbox.ledger, [
        Ledger.Entry.Issued({ at: 0, tokenNumber: 1, refreshTokenNumber: 1 }),
        Ledger.Entry.Refresh({ at: 0, presented: 1, tokenNumber: 2, refreshTokenNumber: 2 })
      ])
    })
  )

  it.scoped("seed 001: an expired refresh token is 401, with the instant of its end", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2024-12-02T00:00:00.000Z"))
      const sandbox = yield* vaultIst
      const issued = yield* sandbox.issue
      const connection = yield* world.connect(sandbox)
      yield* TestClock.adjust("31 days")
      const response = yield* vaultIstRefresh(connection, refreshTokenOf(issued))
      assert.strictEqual(response.status, 401)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(yield* response.text, expiredOn("2025-01-01T00:00:00.000Z"))
      const [, refused] = yield* sandbox.ledger
      assert.deepInclude(refused, { _tag: "Refused", endpoint: "refresh", why: "expired" })
    })
  )

  it.scoped("the API shares the origin, and rejects a token in the style of the seed's error", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultIst
      const { accessToken } = yield* sandbox.issue
      const { apiUrl, client } = yield* world.connect(sandbox)
      const call = (token: string) => getWith(client, `${apiUrl}/v2.0/accounts?page=2`, token)
      const good = yield* call(accessToken.value)
      assert.deepStrictEqual(yield* good.json, { ok: true, method: "GET", path: "/v2.0/accounts?page=2" })
      const bad = yield* call("guess")
      assert.strictEqual(bad.status, 401)
      assert.deepStrictEqual(yield* bad.json, {
        status: "UNAUTHORIZED",
        message: "The Token is not valid",
        traceId: "TraceId unavailable",
        errors: []
      })
      yield* TestClock.adjust("24 hours")
      const late = yield* call(accessToken.value)
      assert.strictEqual(late.status, 401)
      assert.strictEqual(yield* late.text, expiredOn("1970-01-02T00:00:00.000Z"))
    })
  )
})

describe("vault.ist", () => {
  it.scoped(
    "a spent, a revoked and an unknown refresh token are answered as expired, told apart in the ledger",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* vaultIst
        const connection = yield* memory.connect(sandbox)
        const refresh = (token: string) =>
          Effect.flatMap(vaultIstRefresh(connection, token), (response) => response.text)
        yield* sandbox.issue
        yield* TestClock.adjust("1 hour")
        yield* refresh("vault-ist-refresh-1-n0nce")
        yield* TestClock.adjust("1 hour")
        const spentAt = expiredOn("1970-01-01T01:00:00.000Z")
        assert.strictEqual(yield* refresh("vault-ist-refresh-1-n0nce"), spentAt)
        yield* TestClock.adjust("1 hour")
        // Reuse revoked it, two hours in.
        assert.strictEqual(yield* refresh("vault-ist-refresh-2-n0nce"), expiredOn("1970-01-01T02:00:00.000Z"))
        assert.strictEqual(yield* refresh("guess"), expiredOn("1970-01-01T03:00:00.000Z"))
        assert.strictEqual(yield* refresh("vault-ist-refresh-1-n0nce"), spentAt)
        assert.deepStrictEqual(
          Ledger.entries(yield* sandbox.ledger, "Refused").map(({ status, why }) => [status, why]),
          [
            [401, "spent"],
            [401, "revoked"],
            [401, "unknown"],
            [401, "spent"]
          ]
        )
      })
  )

  it.scoped("the instant of the end is told by the provider's clock, skew and all", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultIst
      const connection = yield* memory.connect(sandbox)
      yield* sandbox.issue
      yield* sandbox.skewClock(-1500)
      yield* TestClock.adjust("10 seconds")
      yield* sandbox.expireRefreshTokens
      const response = yield* vaultIstRefresh(connection, "vault-ist-refresh-1-n0nce")
      assert.strictEqual(yield* response.text, expiredOn("1970-01-01T00:00:08.500Z"))
      const unknown = yield* vaultIstRefresh(connection, "guess")
      assert.strictEqual(yield* unknown.text, expiredOn("1970-01-01T00:00:08.500Z"))
    })
  )

  it.scoped("seed 001: grant_type must be refresh_token, and a refresh token a string", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultIst
      const { client } = yield* memory.connect(sandbox)
      yield* sandbox.issue
      const refresh_token = "vault-ist-refresh-1-n0nce"
      const wrong = [
        { refresh_token },
        { grant_type: "refresh_token" },
        { grant_type: "refresh_token", refresh_token: 1 },
        { grant_type: "REFRESH_TOKEN", refresh_token },
        { grant_type: "client_credentials", client_id: "me", client_secret: "mine" },
        { grant_type: "password", username: "me", password: "mine" },
        null
      ]
      for (const body of wrong) {
        const response = yield* postJson(client, "https://api.vault.ist/v2.0/reference/gettoken", body)
        assert.strictEqual(response.status, 400)
        assert.deepInclude(yield* response.json, {
          status: "BAD_REQUEST",
          traceId: "TraceId unavailable"
        })
      }
      const form = yield* HttpClientRequest.post("https://api.vault.ist/v2.0/reference/gettoken").pipe(
        HttpClientRequest.bodyUrlParams({ grant_type: "refresh_token", refresh_token }),
        client.execute
      )
      assert.strictEqual(form.status, 400)
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { mints: 0, refusals: wrong.length + 1 })
    })
  )

  it.scoped("keepRefreshToken: a refresh answers without one, and the old one is good to its end", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({
        nonce: "n0nce",
        keepRefreshToken: true,
        refreshLifetime: "2 days"
      })
      const connection = yield* memory.connect(sandbox)
      yield* sandbox.issue
      const refresh = vaultIstRefresh(connection, "vault-ist-refresh-1-n0nce")
      for (const [number, wait] of [
        [2, "1 day"],
        [3, "86399999 millis"]
      ] as const) {
        yield* TestClock.adjust(wait)
        const body = yield* Effect.flatMap(refresh, (response) => response.json)
        assert.propertyVal(body, "access_token", `vault-ist-access-${number}-n0nce`)
        assert.notProperty(body, "refresh_token")
      }
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(
        yield* Effect.flatMap(refresh, (response) => response.text),
        expiredOn("1970-01-03T00:00:00.000Z")
      )
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 2, reuses: 0, refusals: 1 })
    })
  )

  it.scoped("a person revokes the refresh token in the dashboard and issues another", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultIst
      const connection = yield* memory.connect(sandbox)
      yield* sandbox.issue
      yield* sandbox.revokeRefreshTokens
      assert.strictEqual((yield* vaultIstRefresh(connection, "vault-ist-refresh-1-n0nce")).status, 401)
      const issued = yield* sandbox.issue
      assert.strictEqual((yield* vaultIstRefresh(connection, refreshTokenOf(issued))).status, 200)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).reuses, 0)
    })
  )

  it.scoped("options: scope, lifetimes, origin", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({
        nonce: "n0nce",
        scope: "accounts:read",
        accessLifetime: "90500 millis",
        origin: "https://vault.example"
      })
      assert.deepStrictEqual(sandbox.origins, ["https://vault.example"])
      yield* sandbox.issue
      const response = yield* vaultIstRefresh(yield* memory.connect(sandbox), "vault-ist-refresh-1-n0nce")
      assert.deepInclude(yield* response.json, { scope: "accounts:read", expires_in: 90 })
    })
  )
})
