import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Ledger, MemoryClient, SuSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { su, suLogin } from "./support/drivers.ts"
import { type Connection, getWith, memory, worlds } from "./support/world.ts"

const refused = '{"success":false,"data":null,"message":"Authorization Required"}'
const rejected = '{"success":false,"message":"Authorization Required"}'

const validate = ({ client, tokenUrl }: Connection, token: string) =>
  getWith(client, `${tokenUrl}/SUAPI/jservice/auth/validate-access-token`, token)

describe.each(worlds)("Su $name", (world) => {
  it.scoped("seed 002: a login answers success, data and message, its lifetime a string", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const response = yield* suLogin(yield* world.connect(sandbox), sandbox)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "application/json")
      assert.strictEqual(
        yield* response.text,
        '{"success":true,"data":{"token_type":"Bearer","token":"sandbox_su-access-1-n0nce","expire_in":"3600"},' +
          '"message":"Access Token generated successfully"}'
      )
      assert.deepStrictEqual(yield* sandbox.ledger, [
        Ledger.Entry.Login({ at: 0, tokenNumber: 1, refreshTokenNumber: undefined })
      ])
    })
  )

  it.scoped("wrong credentials are 200 with success: false", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const connection = yield* world.connect(sandbox)
      for (const wrong of [{ "client-id": btoa("other.example") }, { "client-secret": "a guess" }]) {
        const response = yield* suLogin(connection, sandbox, wrong)
        assert.strictEqual(response.status, 200)
        assert.strictEqual(yield* response.text, refused)
      }
      assert.deepStrictEqual(
        yield* sandbox.ledger,
        [1, 2].map(() => Ledger.Entry.Refused({ at: 0, endpoint: "login", status: 200, why: "credentials" }))
      )
    })
  )

  it.scoped("seed 002: a validation succeeds, or says Authorization Required", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const connection = yield* world.connect(sandbox)
      yield* suLogin(connection, sandbox)
      const valid = yield* validate(connection, "sandbox_su-access-1-n0nce")
      assert.strictEqual(valid.status, 200)
      assert.strictEqual(yield* valid.text, '{"success":true,"data":{},"message":"Token is valid"}')
      const unknown = yield* validate(connection, "sandbox_guess")
      assert.strictEqual(unknown.status, 401)
      assert.strictEqual(yield* unknown.text, rejected)
      yield* TestClock.adjust("1 hour")
      const expired = yield* validate(connection, "sandbox_su-access-1-n0nce")
      assert.strictEqual(expired.status, 401)
      assert.strictEqual(yield* expired.text, rejected)
      assert.deepStrictEqual((yield* sandbox.ledger).slice(1), [
        Ledger.Entry.Validated({ at: 0, tokenNumber: 1 }),
        Ledger.Entry.Refused({ at: 0, endpoint: "validate", status: 401, why: "unknown" }),
        Ledger.Entry.Refused({ at: 3_600_000, endpoint: "validate", status: 401, why: "expired" })
      ])
    })
  )

  it.scoped("the API shares the origin, and rejects a token with Authorization Required", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const connection = yield* world.connect(sandbox)
      const { apiUrl, client } = connection
      yield* suLogin(connection, sandbox)
      const good = yield* getWith(client, `${apiUrl}/SUAPI/jservice/x`, "sandbox_su-access-1-n0nce")
      assert.strictEqual(good.status, 200)
      const bad = yield* client.get(`${apiUrl}/SUAPI/jservice/x`)
      assert.strictEqual(bad.status, 401)
      assert.strictEqual(yield* bad.text, rejected)
    })
  )
})

describe("Su", () => {
  it.scoped("seed 002: client-id is the base64 of the domain, and both headers are required", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ domain: "a.io" })
      const connection = yield* memory.connect(sandbox)
      assert.strictEqual(sandbox.credentials.clientId, "a.io")
      const secret = { "client-secret": Redacted.value(sandbox.credentials.clientSecret) }
      const get = (headers: Readonly<Record<string, string>>) =>
        HttpClientRequest.get(`${sandbox.tokenOrigin}/SUAPI/jservice/auth/generate-access-token`).pipe(
          HttpClientRequest.setHeaders(headers),
          connection.client.execute,
          Effect.flatMap((response) => response.text)
        )
      const wrong = [
        {},
        secret,
        { "client-id": "YS5pbw==" },
        ...["a.io", "YS5pbw", "YS5pbx==", btoa("https://a.io"), ""].map((id) =>
          Object.assign({ "client-id": id }, secret)
        )
      ]
      for (const headers of wrong) {
        assert.strictEqual(yield* get(headers), refused)
      }
      assert.include(yield* get({ ...secret, "client-id": "YS5pbw==" }), '"success":true')
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { mints: 1, refusals: wrong.length })
    })
  )

  it.scoped("seed 002: Bearer, not Basic", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const connection = yield* memory.connect(sandbox)
      const { accessToken } = yield* sandbox.issue
      const basic = yield* HttpClientRequest.get(
        `${connection.tokenUrl}/SUAPI/jservice/auth/validate-access-token`
      ).pipe(
        HttpClientRequest.setHeader("Authorization", `Basic ${accessToken.value}`),
        connection.client.execute
      )
      assert.strictEqual(basic.status, 401)
      assert.strictEqual((yield* validate(connection, accessToken.value)).status, 200)
    })
  )

  it.scoped("seed 002: tokens of the two environments cannot be used interchangeably", () =>
    Effect.gen(function* () {
      const sandbox = yield* su
      const live = yield* SuSandbox.make({ nonce: "n0nce", environment: "live" })
      assert.deepStrictEqual(
        [...sandbox.origins, ...live.origins],
        ["https://connect-sandbox.su-api.com", "https://connect.su-api.com"]
      )
      const client = MemoryClient.client([sandbox, live])
      const use = (origin: string, token: string) =>
        Effect.map(getWith(client, `${origin}/SUAPI/jservice/x`, token), ({ status }) => status)
      const own = yield* sandbox.issue
      const others = yield* live.issue
      assert.deepStrictEqual(
        [own.accessToken.value, others.accessToken.value],
        ["sandbox_su-access-1-n0nce", "live_su-access-1-n0nce"]
      )
      assert.strictEqual(yield* use(sandbox.apiOrigin, own.accessToken.value), 200)
      assert.strictEqual(yield* use(sandbox.apiOrigin, others.accessToken.value), 401)
      assert.strictEqual(yield* use(live.apiOrigin, own.accessToken.value), 401)
      // The prefix is part of the token.
      assert.strictEqual(yield* use(sandbox.apiOrigin, "su-access-1-n0nce"), 401)
      const connection = { client, tokenUrl: live.tokenOrigin, apiUrl: live.apiOrigin }
      assert.strictEqual((yield* validate(connection, own.accessToken.value)).status, 401)
      assert.strictEqual((yield* validate(connection, others.accessToken.value)).status, 200)
    })
  )

  it.scoped("casing: capitalised spells every answer in the other way", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce: "n0nce", casing: "capitalised", accessLifetime: 20_500 })
      const connection = yield* memory.connect(sandbox)
      const text = (called: ReturnType<typeof suLogin>) => Effect.flatMap(called, (response) => response.text)
      assert.strictEqual(
        yield* text(suLogin(connection, sandbox)),
        '{"Status":"Success","Data":{"token_type":"Bearer","token":"sandbox_su-access-1-n0nce","expireIn":"20"},' +
          '"Message":"Access Token generated successfully"}'
      )
      assert.strictEqual(
        yield* text(suLogin(connection, sandbox, { "client-secret": "guess" })),
        '{"Status":"Failed","Data":null,"Message":"Authorization Required"}'
      )
      assert.strictEqual(
        yield* text(validate(connection, "sandbox_su-access-1-n0nce")),
        '{"Status":"Success","Data":{},"Message":"Token is valid"}'
      )
      assert.strictEqual(
        yield* text(validate(connection, "guess")),
        '{"Status":"Failed","Message":"Authorization Required"}'
      )
    })
  )

  it.scoped("refusalStatus: 401 comes with the same body", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ refusalStatus: 401 })
      const connection = yield* memory.connect(sandbox)
      const response = yield* suLogin(connection, sandbox, { "client-secret": "a guess" })
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* response.text, refused)
    })
  )

  it.scoped("takes GET only, has no refresh tokens, and can be anywhere", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ origin: "https://su.example" })
      const { client } = yield* memory.connect(sandbox)
      const response = yield* client.post("https://su.example/SUAPI/jservice/auth/generate-access-token")
      assert.strictEqual(response.status, 405)
      const { refreshToken } = yield* sandbox.issue
      assert.strictEqual(refreshToken._tag, "None")
    })
  )
})
