import { afterAll, assert, beforeAll, beforeEach, describe } from "@effect/vitest"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { settledNetwork } from "../../testing/src/internal/settledNetwork.ts"
import { it } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import { assertNoSecret, connect, outcome } from "./support/fixture.ts"
import { type Client, type OidcProvider, startOidcProvider } from "@latchkey/servers/oidcProvider"

const ttl = 300
let server: OidcProvider

beforeAll(async () => {
  server = await startOidcProvider({ accessTokenTtl: ttl })
})
beforeEach(() => server.clearCounts())
afterAll(() => server.close())

const credentialsOf = ({ authMethod, clientId, clientSecret, privateKey }: Client) => ({
  clientId,
  authMethod,
  clientSecret: clientSecret === undefined ? undefined : Redacted.make(clientSecret),
  privateKey: privateKey === undefined ? undefined : Redacted.make(JSON.stringify(privateKey))
})

/** A process of the application. Its clock is the test's, and begins with the server's. */
const process = (options: Partial<OAuth2.LayerOptions> = {}, store?: TokenStore.Service) =>
  Effect.flatMap(settledNetwork, ({ client }) =>
    connect(
      client,
      {
        issuer: server.issuer,
        apiUrl: server.apiUrl,
        ...credentialsOf(server.clients.basic),
        ...options
      },
      store
    )
  )

const now = Effect.suspend(() => TestClock.setTime(Date.now()))

const granted = (client: Client = server.clients.basic) =>
  Effect.promise(() => server.newRefreshToken(client.clientId)).pipe(Effect.map(Redacted.make))

describe("oidc-provider", () => {
  for (const name of ["basic", "post", "jwt"] as const) {
    it.scoped(`client_credentials, authenticated by ${name}: logs in, and again after expiry`, () =>
      Effect.gen(function* () {
        yield* now
        const { status } = yield* process({
          ...credentialsOf(server.clients[name]),
          scope: ["api:read", "api:write"]
        })
        assert.strictEqual(yield* status, 200)
        assert.strictEqual(yield* status, 200)
        assert.deepInclude(server.counts(), { logins: 1, refreshes: 0, accepted: 2, rejected: 0 })
        // No more: the assertion's time is the test's, and the server would find it in the future.
        if (name !== "jwt") {
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual(yield* status, 200)
          assert.deepInclude(server.counts(), { logins: 2, refusals: {} })
        }
      })
    )
  }

  for (const name of ["basic", "post", "public"] as const) {
    it.scoped(`R7: a refresh token of ${name} rotates, and each is spent once`, () =>
      Effect.gen(function* () {
        yield* now
        const refreshToken = yield* granted(server.clients[name])
        const { status } = yield* process({ ...credentialsOf(server.clients[name]), refreshToken })
        for (let expiry = 0; expiry < 5; expiry++) {
          const all = yield* Effect.replicateEffect(status, 10, { concurrency: "unbounded" })
          assert.deepStrictEqual([...new Set(all)], [200])
          yield* TestClock.adjust(`${ttl} seconds`)
        }
        assert.deepInclude(server.counts(), {
          logins: 0,
          refreshes: 5,
          reuses: 0,
          grantsRevoked: 0,
          accepted: 50,
          rejected: 0,
          refusals: {}
        })
      })
    )
  }

  it.scoped("R13: two processes over one store spend each refresh token once", () =>
    Effect.gen(function* () {
      yield* now
      const refreshToken = yield* granted()
      const store = yield* TokenStore.makeMemory
      const one = yield* process({ refreshToken }, store)
      const other = yield* process({ refreshToken }, store)
      for (let expiry = 0; expiry < 3; expiry++) {
        assert.strictEqual(yield* one.status, 200)
        assert.strictEqual(yield* other.status, 200)
        yield* TestClock.adjust(`${ttl} seconds`)
      }
      assert.deepInclude(server.counts(), { refreshes: 3, reuses: 0, rejected: 0 })
    })
  )

  it.scoped("R6: without a common store the reuse is detected and the grant revoked: Expired, for both", () =>
    Effect.gen(function* () {
      yield* now
      const refreshToken = yield* granted()
      const one = yield* process({ refreshToken })
      const other = yield* process({ refreshToken })
      assert.strictEqual(yield* one.status, 200)
      const error = yield* Effect.flip(other.manager.get)
      assert.deepInclude(error, { _tag: "Expired", credential: "refresh_token", code: "invalid_grant" })
      assert.deepInclude(server.counts(), { reuses: 1, grantsRevoked: 1 })
      assert.strictEqual(yield* outcome(one.status), "Expired")
      assert.strictEqual(yield* outcome(one.status), "Expired")
      assert.deepInclude(server.counts(), { refreshes: 1, reuses: 1, rejected: 1 })
    })
  )

  it.effect("R18: revokeOnRelease revokes the token that was minted, and its grant", () =>
    Effect.gen(function* () {
      yield* now
      const token = yield* Effect.scoped(
        Effect.gen(function* () {
          const refreshToken = yield* granted()
          const { manager } = yield* process({ refreshToken, policy: { revokeOnRelease: true } })
          return yield* manager.get
        })
      )
      assert.deepInclude(server.counts(), { revocations: 2, grantsRevoked: 1 })
      const answer = yield* Effect.promise(() =>
        fetch(`${server.apiUrl}/x`, { headers: { authorization: Redacted.value(token.authorization) } })
      )
      assert.strictEqual(answer.status, 401)
    })
  )

  it.effect("R18: with private_key_jwt too, and an access token alone", () =>
    Effect.gen(function* () {
      yield* now
      yield* Effect.scoped(
        Effect.flatMap(
          process({ ...credentialsOf(server.clients.jwt), policy: { revokeOnRelease: true } }),
          ({ manager }) => manager.get
        )
      )
      assert.deepInclude(server.counts(), { revocations: 1, refusals: {} })
    })
  )

  for (const [name, options, expected] of [
    [
      "a wrong secret",
      { clientSecret: Redacted.make("n0nce".repeat(8)) },
      { _tag: "Unauthorized", status: 401, code: "invalid_client" }
    ],
    [
      "an unknown client",
      { clientId: "nobody" },
      { _tag: "Unauthorized", status: 401, code: "invalid_client" }
    ],
    [
      "a scope that it has not",
      { scope: "admin" },
      { _tag: "AccessDenied", status: 400, code: "invalid_scope" }
    ],
    [
      "a wrong refresh token",
      { refreshToken: Redacted.make("n0nce") },
      { _tag: "Expired", status: 400, code: "invalid_grant", credential: "refresh_token" }
    ]
  ] as const) {
    it.scoped(`R11: ${name} is ${expected._tag}, asked once`, () =>
      Effect.gen(function* () {
        yield* now
        const { manager } = yield* process(options)
        const error = yield* Effect.flip(manager.get)
        assert.deepInclude(error, expected)
        assertNoSecret(error)
        assert.deepStrictEqual(yield* Effect.flip(manager.get), error)
        assert.deepInclude(server.counts(), { mints: 0, refusals: { [expected.code]: 1 } })
      })
    )
  }

  it.scoped("a token URL does without discovery", () =>
    Effect.gen(function* () {
      yield* now
      const { status } = yield* process({ issuer: undefined, tokenUrl: `${server.issuer}/token` })
      assert.strictEqual(yield* status, 200)
    })
  )
})
