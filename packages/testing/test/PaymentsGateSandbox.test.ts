import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { Ledger, PaymentsGateSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { paymentsGate, paymentsGateLogin, paymentsGateRefresh, refreshTokenOf } from "./support/drivers.ts"
import { getWith, memory, worlds } from "./support/world.ts"

const unauthorized = '{"statusCode":401,"message":"Unauthorized"}'

describe.each(worlds)("PaymentsGate $name", (world) => {
  it.scoped("a login answers a pair and its validity, and no token_type", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const response = yield* paymentsGateLogin(yield* world.connect(sandbox), sandbox)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(
        yield* response.text,
        '{"access_token":"paymentsgate-access-1-n0nce","refresh_token":"paymentsgate-refresh-1-n0nce","expires_in":3600}'
      )
      assert.deepStrictEqual(yield* sandbox.ledger, [
        Ledger.Entry.Login({ at: 0, tokenNumber: 1, refreshTokenNumber: 1 })
      ])
    })
  )

  it.scoped("seed 003: a refresh takes the pair, access token expired, and gives a new one", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const connection = yield* world.connect(sandbox)
      yield* paymentsGateLogin(connection, sandbox)
      yield* TestClock.adjust("2 hours")
      const response = yield* paymentsGateRefresh(
        connection,
        "paymentsgate-refresh-1-n0nce",
        "Bearer paymentsgate-access-1-n0nce"
      )
      assert.strictEqual(response.status, 200)
      assert.strictEqual(
        yield* response.text,
        '{"access_token":"paymentsgate-access-2-n0nce","refresh_token":"paymentsgate-refresh-2-n0nce","expires_in":3600}'
      )
      assert.deepStrictEqual((yield* sandbox.ledger).slice(1), [
        Ledger.Entry.Refresh({ at: 7_200_000, presented: 1, tokenNumber: 2, refreshTokenNumber: 2 })
      ])
    })
  )

  it.scoped("wrong credentials and bad tokens are 401 alike", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const connection = yield* world.connect(sandbox)
      const { accessToken } = yield* sandbox.issue
      const refusals = yield* Effect.all([
        paymentsGateLogin(connection, sandbox, { account_id: "another" }),
        paymentsGateLogin(connection, sandbox, { public_key: "a guess" }),
        paymentsGateRefresh(connection, "guess", `Bearer ${accessToken.value}`),
        getWith(connection.client, `${connection.apiUrl}/v1/x`, "guess"),
        connection.client.get(`${connection.apiUrl}/v1/x`)
      ])
      for (const response of refusals) {
        assert.strictEqual(response.status, 401)
        assert.strictEqual(yield* response.text, unauthorized)
      }
      const good = yield* getWith(connection.client, `${connection.apiUrl}/v1/x`, accessToken.value)
      assert.strictEqual(good.status, 200)
    })
  )
})

describe("PaymentsGate", () => {
  it.scoped("seed 003: a refresh wants the access token of the pair, and spends nothing without", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const connection = yield* memory.connect(sandbox)
      const refresh = (authorization?: string) =>
        Effect.map(
          paymentsGateRefresh(connection, "paymentsgate-refresh-3-n0nce", authorization),
          ({ status }) => status
        )
      yield* sandbox.issue
      yield* sandbox.issue
      // The pair 3 descends from the pair 2; 1 is of another grant.
      yield* paymentsGateRefresh(
        connection,
        "paymentsgate-refresh-2-n0nce",
        "Bearer paymentsgate-access-2-n0nce"
      )
      yield* sandbox.clearLedger
      const wrong = [
        undefined,
        "Basic paymentsgate-access-3-n0nce",
        "Bearer guess",
        "Bearer paymentsgate-refresh-3-n0nce",
        "Bearer paymentsgate-access-1-n0nce",
        "Bearer paymentsgate-access-2-n0nce"
      ]
      for (const authorization of wrong) {
        assert.strictEqual(yield* refresh(authorization), 401)
      }
      assert.deepStrictEqual(
        yield* sandbox.ledger,
        wrong.map(() =>
          Ledger.Entry.Refused({ at: 0, endpoint: "refresh", status: 401, why: "access token" })
        )
      )
      assert.strictEqual(yield* refresh("Bearer paymentsgate-access-3-n0nce"), 200)
    })
  )

  it.scoped("an access token that was revoked still goes with its refresh token", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const issued = yield* sandbox.issue
      yield* sandbox.revokeAccessTokens
      const response = yield* paymentsGateRefresh(
        yield* memory.connect(sandbox),
        refreshTokenOf(issued),
        `Bearer ${issued.accessToken.value}`
      )
      assert.strictEqual(response.status, 200)
    })
  )

  it.scoped("a reuse is a reuse, whatever access token comes along", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const connection = yield* memory.connect(sandbox)
      yield* sandbox.issue
      yield* paymentsGateRefresh(
        connection,
        "paymentsgate-refresh-1-n0nce",
        "Bearer paymentsgate-access-1-n0nce"
      )
      yield* paymentsGateRefresh(connection, "paymentsgate-refresh-1-n0nce")
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, reuses: 1, refusals: 1 })
      const api = yield* getWith(
        connection.client,
        `${connection.apiUrl}/v1/x`,
        "paymentsgate-access-2-n0nce"
      )
      assert.strictEqual(api.status, 401)
    })
  )

  it.scoped("malformed requests are 400", () =>
    Effect.gen(function* () {
      const sandbox = yield* paymentsGate
      const connection = yield* memory.connect(sandbox)
      const responses = yield* Effect.all([
        paymentsGateLogin(connection, sandbox, { account_id: undefined }),
        paymentsGateLogin(connection, sandbox, { public_key: 7 }),
        paymentsGateRefresh(connection, undefined, "Bearer x"),
        connection.client.post(`${connection.tokenUrl}/auth/token/refresh`)
      ])
      for (const response of responses) {
        assert.strictEqual(response.status, 400)
        assert.propertyVal(yield* response.json, "statusCode", 400)
      }
    })
  )

  it.scoped("options: credentials, lifetimes, origin", () =>
    Effect.gen(function* () {
      const sandbox = yield* PaymentsGateSandbox.make({
        clientId: "00000000-0000-4000-0000-000000000000",
        accessLifetime: "5 minutes",
        refreshLifetime: "1 hour",
        origin: "https://secure.paymentsgate.example"
      })
      assert.deepStrictEqual(sandbox.origins, ["https://secure.paymentsgate.example"])
      const connection = yield* memory.connect(sandbox)
      const login = yield* paymentsGateLogin(connection, sandbox)
      assert.propertyVal(yield* login.json, "expires_in", 300)
      const issued = yield* sandbox.issue
      yield* TestClock.adjust("1 hour")
      const late = yield* paymentsGateRefresh(
        connection,
        refreshTokenOf(issued),
        `Bearer ${issued.accessToken.value}`
      )
      assert.strictEqual(late.status, 401)
      const [refused] = Ledger.entries(yield* sandbox.ledger, "Refused")
      assert.propertyVal(refused, "why", "expired")
    })
  )
})
