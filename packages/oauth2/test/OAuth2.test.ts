import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenStore from "@latchkey/core/TokenStore"
import { Ledger, MemoryClient, OAuth2Sandbox } from "@latchkey/testing"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { generateKeyPairSync } from "node:crypto"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as OAuth2 from "../src/OAuth2.ts"
import {
  apiUrl,
  connect,
  issuer,
  nonce,
  options,
  optionsOf,
  outcome,
  refreshTokenOf,
  tokenUrl
} from "./support/fixture.ts"

class Acme extends OAuth2.Tag("@app/Acme")<Acme>() {}
class AcmeClient extends OAuth2.ClientTag("@app/AcmeClient")<AcmeClient>() {
  static readonly layer = OAuth2.clientLayer(AcmeClient, Acme)
}

const flow = (options: OAuth2.Options) => Effect.provide(OAuth2.make(options), MemoryClient.layer([]))

describe("several servers in one application", () => {
  it.scoped("each has a tag, a token and a client of its own, and one HttpClient serves them all", () =>
    Effect.gen(function* () {
      const one = yield* OAuth2Sandbox.make({ nonce: "one" })
      const other = yield* OAuth2Sandbox.make({
        nonce: "other",
        tokenOrigin: "https://login.acme.example",
        apiOrigin: "https://api.acme.example"
      })
      const network = MemoryClient.layer([one, other])
      const managers = Layer.merge(OAuth2.layer(optionsOf(one)), OAuth2.layer(Acme, optionsOf(other)))
      const Live = Layer.mergeAll(
        OAuth2.Client.layer,
        AcmeClient.layer,
        AuthHttpClient.layer([OAuth2.OAuth2, Acme])
      ).pipe(Layer.provideMerge(managers), Layer.provide(network))
      const context = yield* Layer.build(Live)
      for (const [client, path] of [
        [Context.get(context, OAuth2.Client), "/v1/x"],
        [Context.get(context, AcmeClient), "/v1/x"],
        [Context.get(context, HttpClient.HttpClient), `${apiUrl}/v1/x`],
        [Context.get(context, HttpClient.HttpClient), "https://api.acme.example/v1/x"]
      ] as const) {
        assert.strictEqual((yield* client.get(path)).status, 200)
      }
      for (const sandbox of [one, other]) {
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { mints: 1, requests: 2, rejections: 0 })
      }
      assert.strictEqual(Context.get(context, OAuth2.OAuth2).flow.provider, "oauth2")
      assert.strictEqual(Context.get(context, Acme).flow.provider, "acme")
    })
  )

  it.scoped("R14: two that claim one origin fail the layer, and both are named", () =>
    Effect.gen(function* () {
      const error = yield* AuthHttpClient.layer([OAuth2.OAuth2, Acme]).pipe(
        Layer.provide(OAuth2.layer(options)),
        Layer.provide(OAuth2.layer(Acme, options)),
        Layer.provide(MemoryClient.layer([])),
        Layer.build,
        Effect.flip
      )
      assert.deepInclude(error, { _tag: "OriginConflict", providers: ["oauth2", "acme"] })
    })
  )

  it.scoped("Client.layer is made afresh: two tenants in one application do not share a client", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce })
      const memo = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const tenant = (clientId: string) =>
        OAuth2.Client.layer.pipe(
          Layer.provide(OAuth2.layer({ ...optionsOf(sandbox), clientId })),
          Layer.provide(MemoryClient.layer([sandbox])),
          Layer.buildWithMemoMap(memo, scope),
          Effect.map(Context.get(OAuth2.Client))
        )
      const good = yield* tenant(sandbox.credentials.clientId)
      const wrong = yield* tenant("somebody")
      assert.strictEqual(yield* outcome(good.get("/")), "success")
      assert.strictEqual(yield* outcome(wrong.get("/")), "Unauthorized")
    })
  )
})

describe("the flow", () => {
  it.effect("logs in and refreshes; with a refresh token it has no login, and rotates", () =>
    Effect.gen(function* () {
      const login = yield* flow(options)
      assert.isTrue(Option.isSome(login.login) && Option.isSome(login.refresh))
      assert.isTrue(Option.isNone(login.initialGrant) && Option.isNone(login.revoke))
      assert.isFalse(login.rotates)
      const granted = yield* flow({ ...options, refreshToken: Redacted.make("r") })
      assert.isTrue(Option.isNone(granted.login) && Option.isSome(granted.initialGrant))
      assert.isTrue(granted.rotates)
      assert.isFalse((yield* flow({ ...options, refreshToken: Redacted.make("r"), rotates: false })).rotates)
      assert.isTrue(Option.isSome((yield* flow({ ...options, revocationUrl: `${issuer}/revoke` })).revoke))
    })
  )

  it.effect("R14: the token goes to the origin of apiUrl, or to those that are named", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* flow(options)).origins, [apiUrl])
      const origins = ["https://a.example/", "https://b.example:8443"]
      assert.deepStrictEqual((yield* flow({ ...options, origins })).origins, [
        "https://a.example",
        "https://b.example:8443"
      ])
    })
  )

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const refreshToken = Redacted.make(`refresh-${nonce}`)
      const variants: ReadonlyArray<Partial<OAuth2.Options>> = [
        {},
        { issuer },
        { tokenUrl: `${tokenUrl}/other` },
        { clientId: "you" },
        { scope: "read" },
        { scope: ["read", "write"] },
        { audience: "https://a" },
        { resource: "https://a" },
        { resource: ["https://a", "https://b"] },
        { parameters: { tenant: "a" } },
        { refreshToken },
        { refreshToken: Redacted.make("another") },
        { refreshToken, account: "ada" },
        { refreshToken, clientId: "you" },
        { account: "ada" },
        { name: "acme" }
      ]
      const keys = yield* Effect.forEach(variants, (more) =>
        Effect.map(flow({ ...options, ...more }), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], variants.length)
      assert.notInclude(keys.join(), nonce)
      const again = yield* flow({ ...options, clientSecret: Redacted.make("rotated"), scope: ["read", ""] })
      assert.strictEqual(again.key, keys[4])
      const beside = yield* flow({ ...options, refreshToken, login: true })
      assert.strictEqual(beside.key, keys[10], "a login beside it changes nothing")
    })
  )

  it.scoped("RFC 6749, 5.1: the granted scope is kept, as the server names it", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce, scope: "read write" })
      const made = yield* Effect.provide(OAuth2.make(optionsOf(sandbox)), MemoryClient.layer([sandbox]))
      const tokens = yield* Effect.flatMap(made.credential, Option.getOrThrow(made.login))
      assert.strictEqual(Option.getOrUndefined(tokens.scope), "read write")
    })
  )

  it.scoped("R16: another refresh token opens the gate, with the same client secret", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce, refreshTokens: "rotates" })
      const dead = refreshTokenOf(yield* sandbox.issue)
      yield* sandbox.revokeRefreshTokens
      const current = yield* Ref.make(dead)
      const { manager } = yield* connect(MemoryClient.client([sandbox]), {
        ...optionsOf(sandbox),
        refreshToken: Ref.get(current)
      })
      for (let round = 0; round < 4; round++) {
        assert.strictEqual(yield* outcome(manager.get), "Expired")
        yield* TestClock.adjust("5 minutes")
      }
      assert.strictEqual(yield* outcome(manager.get), "Expired")
      // The gate is closed for longer than the second after which the credential is looked at.
      yield* Ref.set(current, refreshTokenOf(yield* sandbox.issue))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(manager.get), "success")
    })
  )

  it.scoped("Keys: two people behind one client never share a record, with a login beside it too", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      for (const login of [true, false]) {
        const sandbox = yield* OAuth2Sandbox.make({
          nonce,
          refreshTokens: "rotates",
          accessLifetime: "1 hour"
        })
        const network = MemoryClient.client([sandbox])
        const people = yield* Effect.forEach([1, 2], () =>
          Effect.flatMap(sandbox.issue, (issued) =>
            connect(
              network,
              { ...optionsOf(sandbox), name: `${login}`, login, refreshToken: refreshTokenOf(issued) },
              store
            )
          )
        )
        for (let hour = 0; hour < 3; hour++) {
          const tokens = yield* Effect.forEach(people, ({ manager }) =>
            Effect.map(manager.get, ({ value }) => Redacted.value(value))
          )
          assert.lengthOf([...new Set(tokens)], 2)
          yield* TestClock.adjust("1 hour")
        }
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 6, logins: 0, reuses: 0 })
      }
    })
  )

  it.effect(
    "a secret manager that is away when the layer is built is Unavailable; with an account it is not asked",
    () =>
      Effect.gen(function* () {
        const refreshToken = Effect.fail(nonce)
        const error = yield* Effect.flip(flow({ ...options, refreshToken }))
        assert.strictEqual(error._tag, "Unavailable")
        assert.notInclude(inspect(error), nonce)
        yield* flow({ ...options, refreshToken, account: "ada" })
        yield* flow({ ...options, clientSecret: Effect.fail(nonce) })
      })
  )

  it.effect("R15: shows no secret, however it is looked at", () =>
    Effect.gen(function* () {
      const made = yield* flow({ ...options, refreshToken: Redacted.make(`refresh-${nonce}`) })
      const credential = yield* made.credential
      for (const value of [made, credential, options]) {
        assert.notInclude(inspect(value, { depth: 20, showHidden: true }), nonce)
        assert.notInclude(JSON.stringify(value), nonce)
      }
    })
  )
})

describe("layerConfig", () => {
  const build = <Id>(
    layer: Layer.Layer<Id, unknown, HttpClient.HttpClient>,
    variables: Readonly<Record<string, string>>,
    network: Layer.Layer<HttpClient.HttpClient> = MemoryClient.layer([])
  ) =>
    Layer.build(Layer.provide(layer, network)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )

  it.scoped("reads OAUTH2_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SCOPE, _AUDIENCE and _API_URL", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce })
      const context = yield* build(
        OAuth2.layerConfig(),
        {
          OAUTH2_ISSUER: issuer,
          OAUTH2_CLIENT_ID: sandbox.credentials.clientId,
          OAUTH2_CLIENT_SECRET: Redacted.value(sandbox.credentials.clientSecret),
          OAUTH2_TOKEN_URL: "",
          OAUTH2_SCOPE: "read",
          OAUTH2_AUDIENCE: "https://a",
          OAUTH2_API_URL: apiUrl
        },
        MemoryClient.layer([sandbox])
      )
      const manager = Context.get(context, OAuth2.OAuth2)
      yield* manager.get
      const same = yield* flow({ ...optionsOf(sandbox), scope: "read", audience: "https://a" })
      assert.strictEqual(manager.flow.key, same.key)
    })
  )

  it.scoped(
    "reads another prefix for another tag, and OAUTH2_TOKEN_URL, _REFRESH_TOKEN and _PRIVATE_KEY",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* OAuth2Sandbox.make({ nonce, refreshTokens: "kept", publicClient: true })
        const context = yield* build(
          OAuth2.layerConfig(Acme, { prefix: "ACME" }),
          {
            ACME_TOKEN_URL: tokenUrl,
            ACME_CLIENT_ID: "me",
            ACME_REFRESH_TOKEN: Redacted.value(refreshTokenOf(yield* sandbox.issue)),
            ACME_API_URL: apiUrl
          },
          MemoryClient.layer([sandbox])
        )
        const manager = Context.get(context, Acme)
        yield* manager.get
        assert.strictEqual(manager.flow.provider, "acme")

        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
        const keyed = yield* build(OAuth2.layerConfig(), {
          OAUTH2_TOKEN_URL: tokenUrl,
          OAUTH2_CLIENT_ID: "me",
          OAUTH2_PRIVATE_KEY: JSON.stringify(privateKey.export({ format: "jwk" })),
          OAUTH2_API_URL: apiUrl
        })
        assert.isTrue(Option.isSome(Context.get(keyed, OAuth2.OAuth2).flow.login))
      })
  )

  it.scoped("other configs replace variables, and the rest are options", () =>
    Effect.gen(function* () {
      const context = yield* build(
        OAuth2.layerConfig({
          tokenUrl: Config.succeed(tokenUrl),
          clientId: Config.succeed("me"),
          clientSecret: Config.redacted("MY_SECRET"),
          apiUrl: Config.succeed(apiUrl),
          origins: ["https://a.example"],
          name: "mine"
        }),
        { MY_SECRET: nonce }
      )
      const { flow } = Context.get(context, OAuth2.OAuth2)
      assert.deepStrictEqual([flow.provider, flow.origins], ["mine", ["https://a.example"]])
      assert.strictEqual(Redacted.value(yield* flow.credential), nonce)
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce, accessLifetime: "1 hour" })
      const policy = { staleWindow: "10 minutes", jitter: 0 } as const
      const context = yield* build(
        OAuth2.layerConfig({ policy }),
        {
          OAUTH2_ISSUER: issuer,
          OAUTH2_CLIENT_ID: sandbox.credentials.clientId,
          OAUTH2_CLIENT_SECRET: Redacted.value(sandbox.credentials.clientSecret),
          OAUTH2_API_URL: apiUrl
        },
        MemoryClient.layer([sandbox])
      )
      const layer = Layer.provide(
        OAuth2.layer({ ...optionsOf(sandbox), policy }),
        MemoryClient.layer([sandbox])
      )
      for (const manager of [context, yield* Layer.build(layer)].map(Context.get(OAuth2.OAuth2))) {
        yield* manager.get
        assert.strictEqual(Option.getOrUndefined((yield* manager.status).staleAt), 3_600_000 - 600_000)
      }
    })
  )

  for (const [missing, variables] of [
    ["OAUTH2_CLIENT_ID", { OAUTH2_API_URL: apiUrl, OAUTH2_ISSUER: issuer }],
    ["OAUTH2_API_URL", { OAUTH2_CLIENT_ID: "me", OAUTH2_ISSUER: issuer }],
    ['OAUTH2_API_URL ("apiUrl"), OAUTH2_CLIENT_ID ("clientId")', { OAUTH2_ISSUER: issuer }]
  ] as const) {
    it.scoped(`without ${missing} the layer fails, and says so`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(build(OAuth2.layerConfig(), variables))
        assert.include(inspect(error), missing)
        assert.include(inspect(error), "oauth2: ")
      })
    )
  }
})
