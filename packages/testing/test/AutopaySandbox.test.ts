import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { AutopaySandbox, Ledger } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { autopay, autopayLogin, getWith, logInToAutopay, memory, postJson, worlds } from "./support/world.ts"

describe.each(worlds)("Autopay $name", (world) => {
  it.scoped("seed 004: a login answers access_token, scope, expires_in and token_type", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const response = yield* logInToAutopay(yield* world.connect(sandbox), sandbox)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(
        yield* response.text,
        '{"access_token":"autopay-access-1-n0nce","scope":"customer_club","expires_in":86400,"token_type":"Bearer"}'
      )
      assert.deepStrictEqual(yield* sandbox.ledger, [
        Ledger.Entry.Login({ at: 0, tokenNumber: 1, refreshTokenNumber: undefined })
      ])
    })
  )

  it.scoped("seed 004: wrong values in client_id or client_secret are 401 access_denied", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { client, tokenUrl } = yield* world.connect(sandbox)
      for (const wrong of [{ client_id: "someone else" }, { client_secret: "a guess" }]) {
        const response = yield* postJson(client, `${tokenUrl}/oauth/token`, {
          ...autopayLogin(sandbox),
          ...wrong
        })
        assert.strictEqual(response.status, 401)
        assert.strictEqual(
          yield* response.text,
          '{"error":"access_denied","error_description":"Unauthorized"}'
        )
      }
      assert.deepStrictEqual(
        yield* sandbox.ledger,
        [1, 2].map(() => Ledger.Entry.Refused({ at: 0, endpoint: "login", status: 401, why: "credentials" }))
      )
    })
  )

  it.scoped("the API takes the token and rejects any other with an invalid_token challenge", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const connection = yield* world.connect(sandbox)
      const { apiUrl, client } = connection
      yield* logInToAutopay(connection, sandbox)
      const good = yield* getWith(client, `${apiUrl}/v1/permits?page=2`, "autopay-access-1-n0nce")
      assert.strictEqual(good.status, 200)
      assert.deepStrictEqual(yield* good.json, { ok: true, method: "GET", path: "/v1/permits?page=2" })

      const bad = yield* getWith(client, `${apiUrl}/v1/permits`, "autopay-access-2-n0nce")
      assert.strictEqual(bad.status, 401)
      assert.strictEqual(bad.headers["www-authenticate"], 'Bearer error="invalid_token"')

      const none = yield* client.get(`${apiUrl}/v1/permits`)
      assert.strictEqual(none.status, 401)
      assert.strictEqual(none.headers["www-authenticate"], "Bearer")
    })
  )
})

describe("Autopay", () => {
  it.scoped("seed 004: all four parameters are mandatory, audience and grant_type have one value", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { client } = yield* memory.connect(sandbox)
      const right = autopayLogin(sandbox)
      const { audience: _audience, ...noAudience } = right
      const { client_id: _id, ...noId } = right
      const { client_secret: _secret, ...noSecret } = right
      const { grant_type: _grantType, ...noGrantType } = right
      const wrong = [
        noAudience,
        noId,
        noSecret,
        noGrantType,
        { ...right, client_id: 7 },
        { ...right, audience: "https://api.autopay.io/" },
        { ...right, grant_type: "password" },
        [right],
        null
      ]
      for (const body of wrong) {
        const response = yield* postJson(client, "https://api-auth.autopay.io/oauth/token", body)
        assert.strictEqual(response.status, 400)
        assert.propertyVal(yield* response.json, "error", "invalid_request")
      }
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).refusals, wrong.length)
    })
  )

  it.scoped("seed 004: the body must be JSON and say so", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { client } = yield* memory.connect(sandbox)
      const request = HttpClientRequest.post("https://api-auth.autopay.io/oauth/token")
      const form = yield* client.execute(HttpClientRequest.bodyUrlParams(request, autopayLogin(sandbox)))
      const text = yield* client.execute(
        HttpClientRequest.bodyText(request, JSON.stringify(autopayLogin(sandbox)), "text/plain")
      )
      const broken = yield* client.execute(HttpClientRequest.bodyText(request, "{", "application/json"))
      const charset = yield* client.execute(
        HttpClientRequest.bodyText(
          request,
          JSON.stringify(autopayLogin(sandbox)),
          "application/json; charset=utf-8"
        )
      )
      assert.deepStrictEqual([form.status, text.status, broken.status, charset.status], [400, 400, 400, 200])
    })
  )

  it.scoped("its token endpoint takes POST only, and its two hosts serve different things", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { client } = yield* memory.connect(sandbox)
      const get = yield* client.get("https://api-auth.autopay.io/oauth/token")
      assert.strictEqual(get.status, 405)
      assert.strictEqual(get.headers["allow"], "POST")
      const lost = yield* client.get("https://api-auth.autopay.io/v1/permits")
      assert.strictEqual(lost.status, 404)
      const onApi = yield* postJson(client, "https://api.autopay.io/oauth/token", autopayLogin(sandbox))
      assert.strictEqual(onApi.status, 401)
      assert.deepStrictEqual(
        (yield* sandbox.ledger).map((entry) => entry._tag),
        ["Refused", "NotFound", "Request"]
      )
    })
  )

  it.scoped("a token ends after its lifetime, which the answer names in whole seconds", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({ accessLifetime: "90500 millis" })
      const connection = yield* memory.connect(sandbox)
      const { client } = connection
      const login = yield* logInToAutopay(connection, sandbox)
      assert.propertyVal(yield* login.json, "expires_in", 90)
      const token = `autopay-access-1-${sandbox.credentials.clientId.slice("autopay-client-".length)}`
      yield* TestClock.adjust("90499 millis")
      assert.strictEqual((yield* getWith(client, "https://api.autopay.io/", token)).status, 200)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* getWith(client, "https://api.autopay.io/", token)).status, 401)
      const [, , last] = yield* sandbox.ledger
      assert.propertyVal(last, "tokenNumber", 1)
      assert.propertyVal(last, "accepted", false)
    })
  )

  it.scoped("options: credentials, scope, origins", () =>
    Effect.gen(function* () {
      const sandbox = yield* AutopaySandbox.make({
        clientId: "me",
        clientSecret: Redacted.make("autopay-secret-mine"),
        scope: "parking",
        tokenOrigin: "https://auth.example",
        apiOrigin: "https://api.example"
      })
      assert.deepStrictEqual(sandbox.origins, ["https://auth.example", "https://api.example"])
      const response = yield* postJson(
        (yield* memory.connect(sandbox)).client,
        "https://auth.example/oauth/token",
        {
          client_id: "me",
          client_secret: "autopay-secret-mine",
          audience: "https://api.autopay.io",
          grant_type: "client_credentials"
        }
      )
      assert.propertyVal(yield* response.json, "scope", "parking")
    })
  )
})
