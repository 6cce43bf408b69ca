import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Ledger, type Sandbox, VaultsPaySandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { type Connection, getWith, memory, postJson, worlds } from "./support/world.ts"

const vaultspay = VaultsPaySandbox.make({ nonce: "n0nce" })

const login = ({ client, tokenUrl }: Connection, sandbox: Sandbox.Sandbox) =>
  postJson(client, `${tokenUrl}/as/api/v1/saas-login`, {
    clientId: sandbox.credentials.clientId,
    clientSecret: Redacted.value(sandbox.credentials.clientSecret)
  })

const refresh = ({ client, tokenUrl }: Connection, refreshToken: unknown) =>
  postJson(client, `${tokenUrl}/as/api/v1/saas-refresh-token`, { refreshToken })

/** So that the answer to a login reads as in the seed. */
const seedTime = Date.parse("2024-09-23T08:33:10.049Z")

describe.each(worlds)("VaultsPay $name", (world) => {
  it.scoped("seed 000: a login answers both tokens, flat, with ISO timestamps and +00:00", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(seedTime)
      const sandbox = yield* VaultsPaySandbox.make({ nonce: "n0nce", accessLifetime: "10 hours" })
      const response = yield* login(yield* world.connect(sandbox), sandbox)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(response.headers["date"], "Mon, 23 Sep 2024 08:33:10 GMT")
      assert.deepStrictEqual(yield* response.json, {
        accessToken: "vaultspay-access-1-n0nce",
        accessTokenExpiry: "2024-09-23T18:33:10.049+00:00",
        refreshToken: "vaultspay-refresh-1-n0nce",
        refreshTokenExpiry: "2024-09-28T08:33:10.049+00:00"
      })
    })
  )

  it.scoped("seed 000: a refresh answers inside data, without a refresh token", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultspay
      const connection = yield* world.connect(sandbox)
      yield* login(connection, sandbox)
      yield* TestClock.adjust("10 minutes")
      const response = yield* refresh(connection, "vaultspay-refresh-1-n0nce")
      assert.strictEqual(response.status, 200)
      assert.strictEqual(
        yield* response.text,
        '{"data":{"accessToken":"vaultspay-access-2-n0nce","accessTokenExpiry":"1970-01-01T00:40:00.000+00:00"}}'
      )
      assert.deepStrictEqual(yield* sandbox.ledger, [
        Ledger.Entry.Login({ at: 0, tokenNumber: 1, refreshTokenNumber: 1 }),
        Ledger.Entry.Refresh({ at: 600_000, presented: 1, tokenNumber: 2, refreshTokenNumber: undefined })
      ])
    })
  )

  it.scoped("wrong credentials are 401 with a message", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultspay
      const connection = yield* world.connect(sandbox)
      yield* sandbox.changeSecret(Redacted.make("vaultspay-secret-new"))
      const response = yield* login(connection, sandbox)
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, '{"message":"Invalid client credentials"}')
    })
  )
})

describe("VaultsPay", () => {
  it.scoped("seed 000: a refresh token is kept, refresh after refresh, until its end", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultspay
      const connection = yield* memory.connect(sandbox)
      yield* login(connection, sandbox)
      for (const _ of [1, 2, 3]) {
        assert.strictEqual((yield* refresh(connection, "vaultspay-refresh-1-n0nce")).status, 200)
      }
      yield* TestClock.adjust("5 days")
      const response = yield* refresh(connection, "vaultspay-refresh-1-n0nce")
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, '{"message":"Refresh token expired"}')
      const counts = Ledger.count(yield* sandbox.ledger)
      assert.deepInclude(counts, { logins: 1, refreshes: 3, mints: 4, reuses: 0, refusals: 1 })
    })
  )

  it.scoped(
    "an unknown, a revoked and an expired refresh token are refused alike, and told apart in the ledger",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* vaultspay
        const connection = yield* memory.connect(sandbox)
        yield* login(connection, sandbox)
        yield* refresh(connection, "guess")
        yield* sandbox.expireRefreshTokens
        yield* refresh(connection, "vaultspay-refresh-1-n0nce")
        yield* sandbox.revokeRefreshTokens
        yield* refresh(connection, "vaultspay-refresh-1-n0nce")
        assert.deepStrictEqual(
          Ledger.entries(yield* sandbox.ledger, "Refused").map(({ status, why }) => [status, why]),
          [
            [401, "unknown"],
            [401, "expired"],
            [401, "revoked"]
          ]
        )
        yield* login(connection, sandbox)
        assert.strictEqual((yield* refresh(connection, "vaultspay-refresh-2-n0nce")).status, 200)
      })
  )

  it.scoped("malformed requests are 400", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultspay
      const connection = yield* memory.connect(sandbox)
      const noSecret = yield* postJson(connection.client, `${connection.tokenUrl}/as/api/v1/saas-login`, {
        clientId: sandbox.credentials.clientId
      })
      const noToken = yield* refresh(connection, undefined)
      const noJson = yield* connection.client.post(`${connection.tokenUrl}/as/api/v1/saas-login`)
      assert.deepStrictEqual([noSecret.status, noToken.status, noJson.status], [400, 400, 400])
    })
  )

  it.scoped("an access token lives 30 minutes and is rejected with a message", () =>
    Effect.gen(function* () {
      const sandbox = yield* vaultspay
      const connection = yield* memory.connect(sandbox)
      const { apiUrl, client } = connection
      yield* login(connection, sandbox)
      yield* TestClock.adjust("1799999 millis")
      assert.strictEqual((yield* getWith(client, `${apiUrl}/v1/x`, "vaultspay-access-1-n0nce")).status, 200)
      yield* TestClock.adjust("1 millis")
      const response = yield* getWith(client, `${apiUrl}/v1/x`, "vaultspay-access-1-n0nce")
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, '{"message":"Access token expired"}')
    })
  )

  it.scoped("a skewed clock moves Date and timestamps, and nothing else", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(seedTime)
      const sandbox = yield* vaultspay
      const connection = yield* memory.connect(sandbox)
      yield* sandbox.skewClock("1 hour")
      const ahead = yield* login(connection, sandbox)
      assert.strictEqual(ahead.headers["date"], "Mon, 23 Sep 2024 09:33:10 GMT")
      assert.propertyVal(yield* ahead.json, "accessTokenExpiry", "2024-09-23T10:03:10.049+00:00")
      yield* sandbox.skewClock(-60_000)
      const behind = yield* login(connection, sandbox)
      assert.strictEqual(behind.headers["date"], "Mon, 23 Sep 2024 08:32:10 GMT")
      assert.propertyVal(yield* behind.json, "refreshTokenExpiry", "2024-09-28T08:32:10.049+00:00")
      yield* TestClock.adjust("30 minutes")
      const api = `${connection.apiUrl}/v1/x`
      assert.strictEqual((yield* getWith(connection.client, api, "vaultspay-access-1-n0nce")).status, 401)
      assert.strictEqual((yield* sandbox.ledger)[0]?.at, seedTime)
    })
  )
})
