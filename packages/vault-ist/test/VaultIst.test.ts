import * as TokenStore from "@latchkey/core/TokenStore"
import { Ledger, MemoryClient, VaultIstSandbox, Wire } from "@latchkey/testing"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as VaultIst from "../src/VaultIst.ts"
import {
  connect,
  counts,
  lifetime,
  nonce,
  outcome,
  outcomes,
  refreshTokenOf,
  setup
} from "./support/fixture.ts"

/** A store as a process finds it after a restart: another object over the same records. */
const reopened = Effect.map(
  Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory),
  (records) => Effect.provideService(TokenStore.makeKeyValueStore, KeyValueStore.KeyValueStore, records)
)

/** As `Redacted.make(process.env.X!)` is without the variable. */
const unset: Redacted.Redacted<string> = Redacted.make(JSON.parse("null"))

/** Which refresh token paid for which mint, by number. */
const presented = (ledger: Ledger.Ledger) =>
  Ledger.entries(ledger, "Refresh").map(({ presented }) => presented)

describe("the life of a token", () => {
  it.scoped("seed 001: a cold call refreshes the configured token, and sends what it brought", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup()
      yield* sandbox.clearLedger
      assert.strictEqual((yield* client.get("/v2.0/accounts")).status, 200)
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        ledger.map((entry) => entry._tag),
        ["Refresh", "Request"]
      )
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ headers }) => headers["authorization"]),
        [`Bearer vault-ist-access-2-${nonce}`]
      )
    })
  )

  it.scoped("seed 001: 24 hours a token: a month of calls is 30 refreshes, each token spent once", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup()
      for (let hour = 0; hour < 30 * 24; hour += 3) {
        assert.strictEqual((yield* client.get("/")).status, 200)
        yield* TestClock.adjust("3 hours")
      }
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        presented(ledger),
        Array.from({ length: 30 }, (_, index) => index + 1)
      )
      assert.deepInclude(Ledger.count(ledger), { reuses: 0, refusals: 0, rejections: 0 })
    })
  )

  it.scoped("seed 001: a provider that brings no new refresh token has its old one kept", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup({ keepRefreshToken: true })
      for (let day = 0; day < 5; day++) {
        assert.strictEqual((yield* client.get("/")).status, 200)
        yield* TestClock.adjust(lifetime)
      }
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(presented(ledger), [1, 1, 1, 1, 1])
      assert.deepInclude(Ledger.count(ledger), { reuses: 0, refusals: 0 })
    })
  )
})

describe("the refresh token", () => {
  it.effect(
    "seed 001, R7: after a restart on a persistent store the rotated token wins over the configured one",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime })
        const refreshToken = refreshTokenOf(yield* sandbox.issue)
        const store = yield* reopened
        /** A process: it starts with the same configuration, makes a call, and ends. */
        const run = Effect.scoped(
          Effect.gen(function* () {
            const { client } = yield* connect(sandbox, { refreshToken }, yield* store)
            return (yield* client.get("/")).status
          })
        )
        for (let day = 0; day < 5; day++) {
          assert.strictEqual(yield* run, 200)
          assert.strictEqual(yield* run, 200)
          yield* TestClock.adjust(lifetime)
        }
        const ledger = yield* sandbox.ledger
        assert.deepStrictEqual(presented(ledger), [1, 2, 3, 4, 5])
        assert.deepInclude(Ledger.count(ledger), { reuses: 0, refusals: 0, requests: 10 })
      })
  )

  it.effect("seed 001, R7: a chain that died is not started anew from the token that it began with", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime })
      const refreshToken = refreshTokenOf(yield* sandbox.issue)
      const store = yield* reopened
      const run = Effect.scoped(
        Effect.gen(function* () {
          const { client } = yield* connect(sandbox, { refreshToken }, yield* store)
          return yield* outcome(client.get("/"))
        })
      )
      assert.strictEqual(yield* run, "success")
      yield* TestClock.adjust(lifetime)
      yield* sandbox.revokeRefreshTokens
      assert.strictEqual(yield* run, "Expired")
      assert.strictEqual(yield* run, "Expired")
      assert.strictEqual((yield* counts(sandbox)).reuses, 0)
    })
  )

  it.scoped(
    "seed 001: an expired one is Expired with the moment that the message names: 1,000 calls, 1 refresh",
    () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup()
        yield* TestClock.setTime(Date.UTC(2025, 0, 1))
        yield* sandbox.expireRefreshTokens
        yield* TestClock.adjust("1 day")
        const error = yield* Effect.flip(client.get("/"))
        if (error._tag !== "Expired") {
          assert.fail(error._tag)
        }
        assert.strictEqual(error.credential, "refresh_token")
        assert.isDefined(error.expiredAt)
        assert.isAtMost(error.expiredAt ? DateTime.toEpochMillis(error.expiredAt) : NaN, Date.UTC(2025, 0, 1))
        assert.notInclude(inspect(error), nonce)
        assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { Expired: 1_000 })
        assert.deepInclude(yield* counts(sandbox), { refusals: 1, mints: 0, requests: 0 })
      })
  )

  it.scoped("R16: another one that is configured is picked up without a restart", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime })
      const secret = yield* Ref.make(refreshTokenOf(yield* sandbox.issue))
      const { client } = yield* connect(sandbox, { refreshToken: Ref.get(secret) })
      yield* client.get("/")
      yield* TestClock.adjust(lifetime)
      yield* sandbox.revokeRefreshTokens
      assert.strictEqual(yield* outcome(client.get("/")), "Expired")
      yield* Ref.set(secret, refreshTokenOf(yield* sandbox.issue))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(client.get("/")), "success")
    })
  )

  // Left failing: `new RefreshToken` in core's AuthFlow.refreshGrant throws a ParseError, and the caller dies.
  it.scoped("an empty one, as an empty variable of the environment is, is a typed error and no defect", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce })
      const exit = yield* Effect.exit(
        Effect.flatMap(connect(sandbox, { refreshToken: Redacted.make("") }), ({ manager }) => manager.get)
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.isFailType(exit.cause), inspect(exit, { depth: 3 }))
      assert.strictEqual((yield* counts(sandbox)).refusals, 0)
    })
  )
})

describe("the login (unverified)", () => {
  /** A token endpoint that logs in, whatever comes: the sandbox has no login. */
  const recorded = Effect.fnUntraced(function* (options: VaultIst.LayerOptions) {
    const bodies = yield* Ref.make<ReadonlyArray<unknown>>([])
    const sandbox = yield* VaultIstSandbox.make({ nonce })
    const { manager } = yield* connect(
      sandbox,
      { ...options, tokenUrl: "https://login.example/token" },
      undefined,
      {
        elsewhere: (request) =>
          Effect.as(
            Ref.update(bodies, (seen) => [...seen, Option.getOrUndefined(Wire.parseJson(request))]),
            Wire.json(200, { access_token: "a", refresh_token: "r", expires_in: 60 })
          )
      }
    )
    yield* manager.get
    yield* TestClock.adjust("1 minute")
    yield* manager.get
    return yield* Ref.get(bodies)
  })

  const again = { grant_type: "refresh_token", refresh_token: "r" }

  it.scoped("client_credentials: logs in, and then refreshes", () =>
    Effect.gen(function* () {
      const login: VaultIst.Login = {
        grantType: "client_credentials",
        clientId: "me",
        clientSecret: Redacted.make("s")
      }
      assert.deepStrictEqual(yield* recorded({ login }), [
        { grant_type: "client_credentials", client_id: "me", client_secret: "s" },
        again
      ])
    })
  )

  it.scoped("password: logs in, and then refreshes", () =>
    Effect.gen(function* () {
      const login: VaultIst.Login = { grantType: "password", username: "ada", password: Redacted.make("s") }
      assert.deepStrictEqual(yield* recorded({ login }), [
        { grant_type: "password", username: "ada", password: "s" },
        again
      ])
    })
  )

  it.scoped(
    "R6: a configured refresh token that is refused is followed by a login, with the login's own secret",
    () =>
      Effect.gen(function* () {
        const bodies: Array<unknown> = []
        const sandbox = yield* VaultIstSandbox.make({ nonce })
        const { manager } = yield* connect(
          sandbox,
          {
            refreshToken: Redacted.make("configured"),
            login: { grantType: "client_credentials", clientId: "me", clientSecret: Redacted.make("s") },
            tokenUrl: "https://login.example/token"
          },
          undefined,
          {
            elsewhere: (request) =>
              Effect.sync(() => {
                bodies.push(Option.getOrUndefined(Wire.parseJson(request)))
                return bodies.length === 1
                  ? Wire.json(400, { error: "invalid_grant" })
                  : Wire.json(200, { access_token: "a", expires_in: 60 })
              })
          }
        )
        yield* manager.get
        assert.deepStrictEqual(bodies, [
          { grant_type: "refresh_token", refresh_token: "configured" },
          { grant_type: "client_credentials", client_id: "me", client_secret: "s" }
        ])
      })
  )

  it.scoped("R5: a configured refresh token goes before the login", () =>
    Effect.gen(function* () {
      const bodies = yield* recorded({
        refreshToken: Redacted.make("configured"),
        login: { grantType: "client_credentials", clientId: "me", clientSecret: Redacted.make("s") }
      })
      assert.deepStrictEqual(bodies, [{ grant_type: "refresh_token", refresh_token: "configured" }, again])
    })
  )
})

describe("the flow", () => {
  const flow = (options: VaultIst.Options) => Effect.provide(VaultIst.make(options), MemoryClient.layer([]))
  const options = { refreshToken: Redacted.make(`refresh-${nonce}`) }

  it.effect("seed 001: refreshes, rotates, has no login, and starts at https://api.vault.ist", () =>
    Effect.gen(function* () {
      const { apiUrl, initialGrant, login, origins, provider, refresh, rotates } = yield* flow(options)
      assert.strictEqual(provider, "vault-ist")
      assert.isTrue(Option.isNone(login))
      assert.isTrue(Option.isSome(refresh) && Option.isSome(initialGrant))
      assert.isTrue(rotates)
      assert.strictEqual(apiUrl, "https://api.vault.ist")
      assert.deepStrictEqual(origins, ["https://api.vault.ist"])
    })
  )

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const login = {
        grantType: "client_credentials",
        clientId: "me",
        clientSecret: Redacted.make("s")
      } as const
      const keys = yield* Effect.forEach(
        [
          options,
          { refreshToken: Redacted.make("another") },
          { ...options, tokenUrl: "https://tenant.vault.ist/token" },
          { ...options, account: "acme" },
          { login },
          { login: { ...login, clientId: "you" } },
          { login: { grantType: "password", username: "me", password: Redacted.make("s") } },
          { login, account: "acme" },
          { login: { grantType: "password", username: "me", password: Redacted.make("s") }, account: "acme" }
        ] as const,
        (one) => Effect.map(flow(one), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      const renamed = yield* flow({ refreshToken: Redacted.make("another"), account: "acme" })
      assert.strictEqual(renamed.key, keys[3], "an account with a name keeps its tokens")
      assert.strictEqual(
        (yield* flow({ ...options, login })).key,
        keys[0],
        "a login beside it changes nothing"
      )
      const elsewhere = { ...login, clientId: "you", clientSecret: Redacted.make("rotated") }
      assert.strictEqual((yield* flow({ ...options, login: elsewhere })).key, keys[0])
      assert.notInclude(keys.join(), nonce)
    })
  )

  it.scoped("Keys: two people behind one login never share a record", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime })
      const store = yield* TokenStore.makeMemory
      const login = {
        grantType: "client_credentials",
        clientId: "the-app",
        clientSecret: Redacted.make("s")
      } as const
      const people = yield* Effect.forEach([1, 2], () =>
        Effect.flatMap(sandbox.issue, (issued) =>
          connect(sandbox, { login, refreshToken: refreshTokenOf(issued) }, store)
        )
      )
      for (let day = 0; day < 3; day++) {
        const tokens = yield* Effect.forEach(people, ({ manager }) =>
          Effect.map(manager.get, ({ value }) => Redacted.value(value))
        )
        assert.lengthOf([...new Set(tokens)], 2)
        yield* TestClock.adjust(lifetime)
      }
      assert.deepInclude(yield* counts(sandbox), { refreshes: 6, reuses: 0, refusals: 0 })
    })
  )

  it.effect(
    "Options: a secret manager that is away when the layer is built is Unavailable, and may be tried again",
    () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(flow({ refreshToken: Effect.fail(nonce) }))
        assert.strictEqual(error._tag, "Unavailable")
        assert.notInclude(inspect(error), nonce)
        // With a name of the account there is nothing to read yet.
        assert.strictEqual(
          (yield* flow({ refreshToken: Effect.fail(nonce), account: "ada" })).provider,
          "vault-ist"
        )
      })
  )

  const password = { grantType: "password", username: "ada", password: Redacted.make("s") } as const
  const application = {
    grantType: "client_credentials",
    clientId: "me",
    clientSecret: Redacted.make("s")
  } as const
  for (const [option, given] of [
    ["account", { ...options, account: "" }],
    ["account", { ...options, account: " " }],
    ["account", { login: password, account: "" }],
    ["username", { login: { ...password, username: "" } }],
    ["username", { ...options, login: { ...password, username: " ada" } }],
    ["clientId", { login: { ...application, clientId: "" } }],
    ["clientId", { ...options, login: { ...application, clientId: " " } }],
    ["refreshToken", { refreshToken: Redacted.make("") }],
    ["refreshToken", { refreshToken: Redacted.make(" ") }],
    ["refreshToken", { login: password, refreshToken: Effect.succeed(Redacted.make("")) }]
  ] as const) {
    it.effect(
      `Options: ${option} that is empty fails the layer with InvalidOptions (${Object.keys(given).join()})`,
      () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(flow(given))
          assert.deepInclude(error, { _tag: "InvalidOptions", provider: "vault-ist", option })
        })
    )
  }

  for (const [option, given] of [
    ["clientSecret", { login: { ...application, clientSecret: unset } }],
    ["password", { login: { ...password, password: unset } }],
    ["password", { login: { ...password, password: Redacted.make(" ") } }],
    ["refreshToken", { account: "ada", refreshToken: unset }],
    ["refreshToken", { account: "ada", refreshToken: Redacted.make("\n") }]
  ] as const) {
    it.scoped(
      `Options: ${option} that is missing is Unauthorized that names it, and nothing is sent, ever`,
      () =>
        Effect.gen(function* () {
          const sandbox = yield* VaultIstSandbox.make({ nonce })
          const elsewhere = yield* MemoryClient.recorder
          const { manager } = yield* connect(sandbox, given, undefined, { elsewhere: elsewhere.handle })
          for (let round = 0; round < 20; round++) {
            const error = yield* Effect.flip(manager.get)
            assert.strictEqual(error._tag, "Unauthorized")
            assert.include(error.message, `"${option}" is missing or empty`)
            yield* TestClock.adjust("1 minute")
          }
          assert.deepStrictEqual(yield* sandbox.ledger, [])
          assert.deepStrictEqual(yield* elsewhere.requests, [])
        })
    )
  }

  it.effect("R14: clear text is for loopback, or for those who ask for it by an ugly name", () =>
    Effect.gen(function* () {
      const tokenUrl = "http://127.0.0.1:8080/token"
      yield* flow({ ...options, tokenUrl, apiUrl: "http://localhost:8080" })
      for (const more of [
        { tokenUrl: "http://gateway.internal/token" },
        { apiUrl: "http://gateway.internal" }
      ]) {
        const insecure = { ...options, ...more }
        assert.strictEqual(yield* outcome(flow(insecure)), "InvalidOptions")
        yield* flow({ ...insecure, dangerouslyAllowInsecureHttp: true })
      }
    })
  )

  it.effect("neither a refresh token nor a login fails the layer with InvalidOptions", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(flow({}))
      assert.deepInclude(error, { _tag: "InvalidOptions", provider: "vault-ist", option: "refreshToken" })
    })
  )

  for (const [option, value] of [
    ["tokenUrl", ""],
    ["tokenUrl", "/token"],
    ["tokenUrl", "http://api.vault.ist/token"],
    ["tokenUrl", "https://me:secret@api.vault.ist/token"],
    ["apiUrl", "api.vault.ist"],
    ["apiUrl", "http://api.vault.ist"],
    ["apiUrl", "https://api.vault.ist#secret"]
  ] as const) {
    it.effect(`R14: ${option} ${JSON.stringify(value)} fails the layer with InvalidOptions`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(flow({ ...options, [option]: value }))
        assert.deepInclude(error, { _tag: "InvalidOptions", provider: "vault-ist", option })
        assert.notInclude(inspect(error), "secret@")
        assert.notInclude(inspect(error), "#secret")
      })
    )
  }
})

describe("layerConfig", () => {
  const build = (
    variables: ReadonlyArray<readonly [string, string]>,
    client: Layer.Layer<HttpClient.HttpClient>,
    config?: VaultIst.LayerConfig
  ) =>
    Layer.build(Layer.provide(VaultIst.layerConfig(config), client)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(variables)))
    )

  it.scoped("reads VAULT_IST_REFRESH_TOKEN; the URLs have defaults", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce })
      const refreshToken = Redacted.value(refreshTokenOf(yield* sandbox.issue))
      const context = yield* build([["VAULT_IST_REFRESH_TOKEN", refreshToken]], MemoryClient.layer([sandbox]))
      const manager = yield* Effect.provide(VaultIst.VaultIst, context)
      assert.strictEqual(Redacted.value((yield* manager.get).value), `vault-ist-access-2-${nonce}`)
    })
  )

  it.scoped("reads VAULT_IST_TOKEN_URL and VAULT_IST_API_URL: real ones differ per tenant", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce, origin: "https://acme.vault.ist" })
      const refreshToken = Redacted.value(refreshTokenOf(yield* sandbox.issue))
      const context = yield* build(
        [
          ["VAULT_IST_REFRESH_TOKEN", refreshToken],
          ["VAULT_IST_TOKEN_URL", "https://acme.vault.ist/v2.0/reference/gettoken"],
          ["VAULT_IST_API_URL", "https://acme.vault.ist/"]
        ],
        MemoryClient.layer([sandbox])
      )
      const manager = yield* Effect.provide(VaultIst.VaultIst, context)
      yield* manager.get
      assert.deepStrictEqual(manager.flow.origins, ["https://acme.vault.ist"])
    })
  )

  it.scoped("reads other names where told so", () =>
    Effect.gen(function* () {
      const context = yield* build([["TOKEN", "t"]], MemoryClient.layer([]), {
        refreshToken: Config.redacted("TOKEN"),
        tokenUrl: Config.succeed("https://acme.example/token"),
        apiUrl: Config.succeed("https://acme.example")
      })
      const manager = yield* Effect.provide(VaultIst.VaultIst, context)
      assert.strictEqual(manager.flow.apiUrl, "https://acme.example")
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime })
      const policy = { staleWindow: "1 hour", jitter: 0 } as const
      const [one, other] = [refreshTokenOf(yield* sandbox.issue), refreshTokenOf(yield* sandbox.issue)]
      const context = yield* build(
        [["VAULT_IST_REFRESH_TOKEN", Redacted.value(one)]],
        MemoryClient.layer([sandbox]),
        { policy }
      )
      const configured = yield* Effect.provide(VaultIst.VaultIst, context)
      const { manager } = yield* connect(sandbox, { refreshToken: other, policy })
      for (const { get, status } of [configured, manager]) {
        yield* get
        assert.strictEqual(Option.getOrUndefined((yield* status).staleAt), lifetime - 3_600_000)
      }
    })
  )

  it.scoped("without VAULT_IST_REFRESH_TOKEN it fails with InvalidOptions that names it", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(build([], MemoryClient.layer([])))
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
      assert.strictEqual(error?._tag, "InvalidOptions")
      assert.include(inspect(error, { depth: 20 }), "VAULT_IST_REFRESH_TOKEN")
    })
  )
})

describe("Client", () => {
  it.scoped("R14: is made afresh wherever it is provided: no tenant gets another's", () =>
    Effect.gen(function* () {
      const memo = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const tenants = yield* Effect.forEach(["acme", "globex"], (tenant) =>
        Effect.gen(function* () {
          const sandbox = yield* VaultIstSandbox.make({ nonce: tenant, origin: `https://${tenant}.example` })
          const layer = VaultIst.layer({
            refreshToken: refreshTokenOf(yield* sandbox.issue),
            tokenUrl: `${sandbox.tokenOrigin}/v2.0/reference/gettoken`,
            apiUrl: sandbox.apiOrigin
          })
          const context = yield* VaultIst.Client.layer.pipe(
            Layer.provide(layer),
            Layer.provide(MemoryClient.layer([sandbox])),
            Layer.buildWithMemoMap(memo, scope)
          )
          return { sandbox, client: Context.get(context, VaultIst.Client) }
        })
      )
      for (const { client } of tenants) {
        assert.strictEqual((yield* client.get("/")).status, 200)
      }
      for (const { sandbox } of tenants) {
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { mints: 1, requests: 1, rejections: 0 })
      }
    })
  )

  it.scoped("relative URLs start at the API's base URL, and every client shares the tag's token", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup()
      yield* manager.get
      for (const path of ["/accounts", "accounts", "https://api.vault.ist/accounts"]) {
        yield* client.get(path)
      }
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ path, status }) => [path, status]),
        Array.from({ length: 3 }, () => ["/accounts", 200])
      )
      assert.strictEqual(Ledger.count(ledger).refreshes, 1)
    })
  )
})
