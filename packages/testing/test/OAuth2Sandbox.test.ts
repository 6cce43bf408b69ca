import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Ledger, OAuth2Sandbox, type Sandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { getWith, memory, type World, worlds } from "./support/world.ts"

const nonce = "n0nce"
const make = (options: OAuth2Sandbox.Options = {}) => OAuth2Sandbox.make({ nonce, ...options })

type Fields = Record<string, string> | ReadonlyArray<readonly [string, string]>

const connect = Effect.fnUntraced(function* (sandbox: Sandbox.Sandbox, world: World = memory) {
  const connection = yield* world.connect(sandbox)
  const secret = Redacted.value(sandbox.credentials.clientSecret)
  const { clientId } = sandbox.credentials
  const post = (path: string, fields: Fields, basic = `${clientId}:${secret}`) => {
    const request = HttpClientRequest.post(`${connection.tokenUrl}${path}`).pipe(
      HttpClientRequest.bodyUrlParams(fields)
    )
    return connection.client.execute(
      basic === "" ? request : HttpClientRequest.setHeader(request, "authorization", `Basic ${btoa(basic)}`)
    )
  }
  const token = (fields: Fields, basic?: string) => post(OAuth2Sandbox.tokenPath, fields, basic)
  return { ...connection, clientId, secret, post, token }
})

const login = { grant_type: "client_credentials" }
const refresh = (refresh_token: string) => ({ grant_type: "refresh_token", refresh_token })

for (const world of worlds) {
  describe(`a standard server, ${world.name}`, () => {
    it.scoped("RFC 8414: its metadata names the endpoints that it has, at the origin that was asked", () =>
      Effect.gen(function* () {
        const { client, tokenUrl } = yield* connect(yield* make(), world)
        for (const name of ["oauth-authorization-server", "openid-configuration"]) {
          const response = yield* client.get(`${tokenUrl}/.well-known/${name}`)
          assert.deepInclude(yield* response.json, {
            issuer: tokenUrl,
            token_endpoint: `${tokenUrl}/oauth2/token`,
            revocation_endpoint: `${tokenUrl}/oauth2/revoke`
          })
        }
      })
    )

    it.scoped(
      "RFC 6749: client credentials, a refresh that rotates, and a reuse that revokes the grant",
      () =>
        Effect.gen(function* () {
          const sandbox = yield* make({ refreshTokens: "rotates" })
          const { apiUrl, client, token } = yield* connect(sandbox, world)
          assert.deepStrictEqual(
            yield* Effect.flatMap(token({ ...login, scope: "read" }), ({ json }) => json),
            {
              access_token: `oauth2-access-1-${nonce}`,
              token_type: "Bearer",
              expires_in: 3600,
              refresh_token: `oauth2-refresh-1-${nonce}`,
              scope: "read"
            }
          )
          const spent = refresh(`oauth2-refresh-1-${nonce}`)
          assert.strictEqual((yield* token(spent)).status, 200)
          assert.strictEqual((yield* getWith(client, `${apiUrl}/x`, `oauth2-access-2-${nonce}`)).status, 200)
          const reused = yield* token(spent)
          assert.strictEqual(reused.status, 400)
          assert.propertyVal(yield* reused.json, "error", "invalid_grant")
          assert.strictEqual((yield* getWith(client, `${apiUrl}/x`, `oauth2-access-2-${nonce}`)).status, 401)
          assert.deepInclude(Ledger.count(yield* sandbox.ledger), { logins: 1, refreshes: 1, reuses: 1 })
        })
    )
  })
}

describe("a standard server", () => {
  it.scoped("RFC 7009: a refresh token takes its grant along, an unknown token is none any more", () =>
    Effect.gen(function* () {
      const sandbox = yield* make({ refreshTokens: "kept" })
      const { apiUrl, client, post, token } = yield* connect(sandbox)
      yield* token(login)
      yield* token(login)
      const revoke = (token: string, basic?: string) =>
        Effect.map(post(OAuth2Sandbox.revocationPath, { token }, basic), ({ status }) => status)
      const call = (number: number) =>
        Effect.map(getWith(client, `${apiUrl}/x`, `oauth2-access-${number}-${nonce}`), ({ status }) => status)
      assert.strictEqual(yield* revoke(`oauth2-refresh-1-${nonce}`, "oauth2-client:wrong"), 401)
      assert.strictEqual(yield* call(1), 200)
      assert.strictEqual(yield* revoke(`oauth2-refresh-1-${nonce}`), 200)
      assert.deepStrictEqual([yield* call(1), yield* call(2)], [401, 200])
      assert.strictEqual(yield* revoke(`oauth2-access-2-${nonce}`), 200)
      assert.strictEqual(yield* call(2), 401)
      assert.strictEqual((yield* token(refresh(`oauth2-refresh-2-${nonce}`))).status, 200)
      assert.strictEqual(yield* revoke("guess"), 200)
      assert.deepStrictEqual(
        Ledger.entries(yield* sandbox.ledger, "Revoked").map(({ kind, number }) => [kind, number]),
        [
          ["refresh", 1],
          ["access", 2],
          [undefined, undefined]
        ]
      )
    })
  )

  it.scoped("RFC 6749, 2.3: the client authenticates at a refresh as at a login, by one method", () =>
    Effect.gen(function* () {
      const sandbox = yield* make({ refreshTokens: "kept" })
      const { clientId, secret, token } = yield* connect(sandbox)
      yield* sandbox.issue
      const posted = { client_id: clientId, client_secret: secret }
      for (const fields of [login, refresh(`oauth2-refresh-1-${nonce}`)]) {
        assert.strictEqual((yield* token(fields)).status, 200)
        assert.strictEqual((yield* token({ ...fields, ...posted }, "")).status, 200)
        const wrong = yield* token(fields, `${clientId}:wrong`)
        assert.strictEqual(wrong.status, 401)
        assert.match(wrong.headers["www-authenticate"] ?? "", /^Basic /)
        assert.propertyVal(yield* wrong.json, "error", "invalid_client")
        assert.strictEqual((yield* token(fields, "")).status, 401)
        assert.strictEqual((yield* token({ ...fields, ...posted })).status, 400)
      }
    })
  )

  it.scoped("authMethods: another one is not accepted", () =>
    Effect.gen(function* () {
      const { clientId, secret, token } = yield* connect(yield* make({ authMethods: ["client_secret_post"] }))
      const posted = { client_id: clientId, client_secret: secret }
      assert.strictEqual((yield* token(login)).status, 401)
      assert.strictEqual((yield* token({ ...login, ...posted }, "")).status, 200)
    })
  )

  it.scoped("publicClient: refreshes without a secret, and cannot log in", () =>
    Effect.gen(function* () {
      const sandbox = yield* make({ publicClient: true, refreshTokens: "rotates" })
      const { clientId, token } = yield* connect(sandbox)
      yield* sandbox.issue
      const named = { client_id: clientId }
      const response = yield* token({ ...refresh(`oauth2-refresh-1-${nonce}`), ...named }, "")
      assert.strictEqual(response.status, 200)
      const refused = yield* token({ ...login, ...named }, "")
      assert.propertyVal(yield* refused.json, "error", "unauthorized_client")
    })
  )

  it.scoped("RFC 6749, 3.2: a form, no parameter twice, a grant that it knows", () =>
    Effect.gen(function* () {
      const sandbox = yield* make()
      const { client, token, tokenUrl } = yield* connect(sandbox)
      const json = yield* HttpClientRequest.post(`${tokenUrl}/oauth2/token`).pipe(
        HttpClientRequest.bodyUnsafeJson(login),
        client.execute
      )
      assert.strictEqual(json.status, 400)
      const twice = yield* token([
        ["grant_type", "client_credentials"],
        ["scope", "a"],
        ["scope", "b"]
      ])
      assert.propertyVal(yield* twice.json, "error", "invalid_request")
      const resources = yield* token([
        ["grant_type", "client_credentials"],
        ["resource", "https://a"],
        ["resource", "https://b"]
      ])
      assert.strictEqual(resources.status, 200)
      const password = yield* token({ grant_type: "password" })
      assert.propertyVal(yield* password.json, "error", "unsupported_grant_type")
      assert.strictEqual((yield* token(refresh("none here"))).status, 400)
      assert.strictEqual((yield* client.get(`${tokenUrl}/oauth2/token`)).status, 405)
    })
  )
})
