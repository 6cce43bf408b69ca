import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { Fault, Ledger, MemoryClient, SuSandbox, Wire } from "@latchkey/testing"
import type * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as Su from "../src/Su.ts"
import { connect, counts, lifetime, nonce, optionsOf, outcome, outcomes, setup } from "./support/fixture.ts"

/** A fault that makes the token one of the other environment. */
const liveToken = Fault.Patch({
  f: (json): unknown => JSON.parse(JSON.stringify(json).replace("sandbox_", "live_"))
})

const tokensOf = (accessToken: string, sentAt: number): TokenSet.TokenSet =>
  Either.getOrThrow(TokenSet.fromAnswer({ accessToken, lifetime, sentAt }))

describe("the life of a token", () => {
  it.scoped(
    "seed 002: a cold call logs in with the domain in base64, and sends the token with its prefix",
    () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup()
        assert.lengthOf(yield* sandbox.ledger, 0, "building the layer does no call")
        assert.strictEqual((yield* client.get("/SUAPI/jservice/rooms")).status, 200)
        const ledger = yield* sandbox.ledger
        assert.deepStrictEqual(
          ledger.map((entry) => entry._tag),
          ["Login", "Request"]
        )
        assert.deepStrictEqual(
          Ledger.entries(ledger, "Request").map(({ headers }) => headers["authorization"]),
          [`Bearer sandbox_su-access-1-${nonce}`]
        )
      })
  )

  it.scoped('seed 002: the string expire_in "3600" is an hour: two logins in two hours', () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup()
      assert.strictEqual((yield* manager.get).expiresAt, 3_600_000)
      for (let minutes = 0; minutes < 100; minutes += 10) {
        assert.strictEqual((yield* client.get("/")).status, 200)
        yield* TestClock.adjust("10 minutes")
      }
      const { mints, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([mints, rejections], [2, 0])
    })
  )

  for (const casing of ["seed", "capitalised"] as const) {
    for (const refusalStatus of [200, 401] as const) {
      it.scoped(
        `seed 002: refused with ${refusalStatus} (${casing}) is Unauthorized, asked once: 1,000 calls, 1 login`,
        () =>
          Effect.gen(function* () {
            const { client, sandbox } = yield* setup({ casing, refusalStatus })
            yield* client.get("/")
            yield* TestClock.adjust(lifetime)
            yield* sandbox.changeSecret(Redacted.make(`another-${nonce}`))
            assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { Unauthorized: 1_000 })
            assert.deepInclude(yield* counts(sandbox), { mints: 1, refusals: 1, requests: 1 })
          })
      )
    }
  }
})

describe("the two environments", () => {
  it.scoped(
    "seed 002: a live_ token minted in sandbox is AccessDenied, is never sent, and is asked for once",
    () =>
      Effect.gen(function* () {
        const { client, sandbox } = yield* setup()
        yield* sandbox.fault("login", liveToken, { times: Infinity })
        const error = yield* Effect.flip(client.get("/"))
        assert.strictEqual(error._tag, "AccessDenied")
        assert.notInclude(inspect(error), nonce)
        assert.deepStrictEqual(yield* outcomes(1_000, client.get("/")), { AccessDenied: 1_000 })
        assert.deepInclude(yield* counts(sandbox), { mints: 1, requests: 0 })
        yield* sandbox.clearFaults
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* outcome(client.get("/")), "success")
      })
  )

  it.scoped("seed 002: a sandbox_ token minted in live is AccessDenied", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const { client } = yield* connect(sandbox, { environment: "live", baseUrl: sandbox.apiOrigin })
      assert.strictEqual(yield* outcome(client.get("/")), "AccessDenied")
      assert.strictEqual((yield* counts(sandbox)).requests, 0)
    })
  )

  it.scoped("seed 002: a live_ token loaded from a store is not sent; a token of its own replaces it", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const store = yield* TokenStore.makeMemory
      const { client, manager } = yield* connect(sandbox, {}, {}, store)
      const now = yield* Clock.currentTimeMillis
      yield* store.save(manager.flow.key, tokensOf(`live_su-access-1-${nonce}`, now), 0)
      assert.strictEqual((yield* client.get("/")).status, 200)
      assert.deepStrictEqual(
        Ledger.entries(yield* sandbox.ledger, "Request").map(({ headers }) => headers["authorization"]),
        [`Bearer sandbox_su-access-1-${nonce}`]
      )
      const record = Option.getOrThrow(yield* store.load(manager.flow.key))
      assert.strictEqual(Redacted.value(record.tokens.accessToken), `sandbox_su-access-1-${nonce}`)
    })
  )

  it.scoped("seed 002: a live_ token loaded from a store is AccessDenied where no other can be had", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const store = yield* TokenStore.makeMemory
      const { client, manager } = yield* connect(sandbox, {}, {}, store)
      yield* store.save(manager.flow.key, tokensOf(`live_su-access-1-${nonce}`, 0), 0)
      yield* sandbox.fault("login", liveToken, { times: Infinity })
      assert.strictEqual(yield* outcome(client.get("/")), "AccessDenied")
      assert.strictEqual((yield* counts(sandbox)).requests, 0)
    })
  )

  it.scoped("seed 002: a live_ token is AccessDenied when validated, and does not leave", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup()
      const validate = Option.getOrThrow(manager.flow.validate)
      const error = yield* Effect.flip(validate(Redacted.make(`live_su-access-1-${nonce}`)))
      assert.strictEqual(error._tag, "AccessDenied")
      assert.strictEqual(error.operation, "validate")
      assert.notInclude(inspect(error), nonce)
      assert.lengthOf(yield* sandbox.ledger, 0)
    })
  )

  it.effect("seed 002: tokens of the two environments never share a record of a store", () =>
    Effect.gen(function* () {
      const flow = (options: Partial<Su.Options>) =>
        Effect.provide(
          Su.make({
            environment: "sandbox",
            domain: "hotel.example",
            clientSecret: Redacted.make("s"),
            ...options
          }),
          MemoryClient.layer([])
        )
      const keys = yield* Effect.forEach(
        [
          {},
          { environment: "live" as const },
          { environment: "live" as const, baseUrl: "https://connect-sandbox.su-api.com" },
          { domain: "other.example" }
        ],
        (options) => Effect.map(flow(options), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      const { key } = yield* flow({ clientSecret: Redacted.make("rotated") })
      assert.strictEqual(key, keys[0], "a rotated secret keeps the tokens")
    })
  )
})

describe("the secret", () => {
  for (const part of ["\u200b", "\u2019", "\n", "\r\nx-evil: 1", "\u0000"]) {
    it.scoped(
      `R14: one with ${JSON.stringify(part)} cannot stand in its header: Unauthorized, nothing is sent`,
      () =>
        Effect.gen(function* () {
          const sandbox = yield* SuSandbox.make({ nonce })
          const { manager } = yield* connect(sandbox, {
            clientSecret: Redacted.make(`se${part}cret-${nonce}`)
          })
          const error = yield* Effect.flip(manager.get)
          assert.strictEqual(error._tag, "Unauthorized")
          assert.include(error.message, '"clientSecret" has characters that no header can carry')
          assert.notInclude(inspect(error), nonce)
          assert.deepStrictEqual(yield* sandbox.ledger, [])
        })
    )
  }

  it.scoped(
    "R16: is read at each login, and one that cannot be read is Unavailable, without the reason",
    () =>
      Effect.gen(function* () {
        const sandbox = yield* SuSandbox.make({ nonce, accessLifetime: lifetime })
        const secret = yield* Ref.make(sandbox.credentials.clientSecret)
        const { manager } = yield* connect(sandbox, { clientSecret: Ref.get(secret) })
        yield* manager.get
        const next = Redacted.make(`next-${nonce}`)
        yield* sandbox.changeSecret(next)
        yield* Ref.set(secret, next)
        yield* TestClock.adjust(lifetime)
        assert.strictEqual(yield* outcome(manager.get), "success")
        const away = yield* connect(sandbox, { clientSecret: Effect.fail(nonce) })
        const fiber = yield* Effect.fork(Effect.flip(away.manager.get))
        yield* TestClock.adjust("20 seconds")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "Unavailable")
        assert.notInclude(inspect(error), nonce)
      })
  )
})

describe("Su.validate", () => {
  it.scoped("seed 002: asks about the token that is served, minting one if there is none", () =>
    Effect.gen(function* () {
      const { sandbox, validate } = yield* setup()
      yield* validate
      yield* validate
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        ledger.map((entry) => entry._tag),
        ["Login", "Validated", "Validated"]
      )
    })
  )

  for (const casing of ["seed", "capitalised"] as const) {
    it.scoped(`seed 002: "Authorization Required" is Unauthorized (${casing}), and costs no login`, () =>
      Effect.gen(function* () {
        const { manager, sandbox, validate } = yield* setup({ casing })
        yield* manager.get
        yield* sandbox.revokeAccessTokens
        const error = yield* Effect.flip(validate)
        assert.strictEqual(error._tag, "Unauthorized")
        assert.strictEqual(error.operation, "validate")
        assert.notInclude(inspect(error), nonce)
        assert.strictEqual((yield* counts(sandbox)).mints, 1)
      })
    )
  }

  it.scoped("seed 002: a valid token is an explicit success, in the other spelling too", () =>
    Effect.gen(function* () {
      const { sandbox, validate } = yield* setup({ casing: "capitalised" })
      yield* validate
      assert.deepStrictEqual(
        (yield* sandbox.ledger).map((entry) => entry._tag),
        ["Login", "Validated"]
      )
    })
  )

  it.scoped("a portal's page, half an answer and an empty one are InvalidResponse, and the token stays", () =>
    Effect.gen(function* () {
      const { manager, sandbox, validate } = yield* setup()
      yield* manager.get
      const faults = [
        Fault.Html(),
        Fault.Truncated(),
        Fault.EmptyBody(),
        Fault.Body({ body: '{"success":"false"}' }),
        Fault.Status({ status: 204 })
      ]
      for (const fault of faults) {
        yield* sandbox.fault("validate", fault)
        assert.strictEqual(yield* outcome(validate), "InvalidResponse")
      }
      assert.strictEqual(yield* outcome(validate), "success")
      assert.strictEqual((yield* counts(sandbox)).mints, 1)
    })
  )

  it.scoped("an outage of the validation is Unavailable, and the token stays", () =>
    Effect.gen(function* () {
      const { manager, sandbox, validate } = yield* setup()
      yield* manager.get
      yield* sandbox.fault("validate", Fault.Status({ status: 503 }))
      yield* sandbox.fault("validate", Fault.ResetBefore())
      assert.strictEqual(yield* outcome(validate), "Unavailable")
      assert.strictEqual(yield* outcome(validate), "Unavailable")
      assert.strictEqual(yield* outcome(validate), "success")
      assert.strictEqual((yield* counts(sandbox)).mints, 1)
    })
  )

  it.scoped("asks where it is told to", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const elsewhere = yield* MemoryClient.recorder
      const { validate } = yield* connect(
        sandbox,
        { validateUrl: "https://su.example/validate" },
        {
          elsewhere: (request) => Effect.as(elsewhere.handle(request), Wire.json(200, { success: true }))
        }
      )
      yield* validate
      assert.deepStrictEqual(
        (yield* elsewhere.requests).map(({ headers, method, url }) => [
          method,
          url.href,
          headers["authorization"]
        ]),
        [["GET", "https://su.example/validate", `Bearer sandbox_su-access-1-${nonce}`]]
      )
    })
  )

  it.scoped("R14: the token follows no redirect", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const elsewhere = yield* MemoryClient.recorder
      const { validate } = yield* connect(sandbox, {}, { elsewhere: elsewhere.handle })
      yield* sandbox.fault("validate", Fault.Redirect({ location: "https://evil.example/" }))
      assert.strictEqual(yield* outcome(validate), "InvalidResponse")
      assert.lengthOf(yield* elsewhere.requests, 0)
    })
  )
})

describe("the flow", () => {
  const options: Su.Options = {
    environment: "sandbox",
    domain: "hotel.example",
    clientSecret: Redacted.make(`secret-${nonce}`)
  }
  const flow = (options: Su.Options) => Effect.provide(Su.make(options), MemoryClient.layer([]))

  it.effect("logs in, cannot refresh, and starts at the environment's URL", () =>
    Effect.gen(function* () {
      for (const [environment, origin] of [
        ["sandbox", "https://connect-sandbox.su-api.com"],
        ["live", "https://connect.su-api.com"]
      ] as const) {
        const made = yield* flow({ ...options, environment })
        assert.strictEqual(made.provider, "su")
        assert.isTrue(Option.isSome(made.login))
        assert.isTrue(Option.isNone(made.refresh))
        assert.isFalse(made.rotates)
        assert.strictEqual(made.apiUrl, origin)
        assert.deepStrictEqual(made.origins, [origin])
        assert.notInclude(made.key, nonce)
      }
    })
  )

  for (const [option, value] of [
    ["domain", ""],
    ["domain", "https://hotel.example"],
    ["domain", "hotel.example/"],
    ["domain", "hotel.example:443"],
    ["domain", "aG90ZWwuZXhhbXBsZQ=="],
    ["domain", "hotel example"],
    ["domain", "hotel"],
    ["domain", "-hotel.example"],
    ["domain", "hotel..example"],
    ["baseUrl", "connect.su-api.com"],
    ["baseUrl", "http://connect.su-api.com"],
    ["baseUrl", "https://me:secret@connect.su-api.com"],
    ["validateUrl", "/validate"],
    ["validateUrl", "https://connect.su-api.com/validate?key=secret"]
  ] as const) {
    it.effect(`seed 002, R14: ${option} ${JSON.stringify(value)} fails the layer with InvalidOptions`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Effect.scoped(
            Layer.build(Layer.provide(Su.layer({ ...options, [option]: value }), MemoryClient.layer([])))
          )
        )
        assert.strictEqual(error._tag, "InvalidOptions")
        assert.strictEqual(error.option, option)
        assert.strictEqual(error.provider, "su")
        assert.notInclude(inspect(error), "secret@")
        assert.notInclude(inspect(error), "=secret")
      })
    )
  }

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const given = {
        environment: "sandbox",
        domain: "hotel.example",
        clientSecret: Redacted.make(nonce)
      } as const
      const keys = yield* Effect.forEach(
        [
          given,
          { ...given, environment: "live", baseUrl: "https://connect-sandbox.su-api.com" } as const,
          { ...given, domain: "inn.example" },
          { ...given, baseUrl: "https://su.example" }
        ],
        (one) => Effect.map(flow(one), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      const rotated = yield* flow({ ...given, clientSecret: Redacted.make("rotated") })
      assert.strictEqual(rotated.key, keys[0], "a rotated secret keeps the tokens")
      assert.notInclude(keys.join(), nonce)
    })
  )

  it.effect("R14: clear text is for loopback, or for those who ask for it by an ugly name", () =>
    Effect.gen(function* () {
      yield* flow({ ...options, baseUrl: "http://127.0.0.1:8080" })
      const insecure = { ...options, baseUrl: "http://gateway.internal" }
      assert.strictEqual(yield* outcome(flow(insecure)), "InvalidOptions")
      yield* flow({ ...insecure, dangerouslyAllowInsecureHttp: true })
    })
  )
})

describe("layerConfig", () => {
  const environment = (sandbox: { readonly domain: string; readonly secret: string }) =>
    new Map([
      ["SU_ENVIRONMENT", "sandbox"],
      ["SU_DOMAIN", sandbox.domain],
      ["SU_CLIENT_SECRET", sandbox.secret]
    ])

  const build = (
    variables: Map<string, string>,
    client: Layer.Layer<HttpClient.HttpClient>,
    config?: Su.LayerConfig
  ) =>
    Layer.build(Layer.provide(Su.layerConfig(config), client)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(variables))
    )

  it.scoped("reads SU_ENVIRONMENT, SU_DOMAIN and SU_CLIENT_SECRET", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce })
      const { clientSecret, domain } = optionsOf(sandbox)
      const secret = Redacted.isRedacted(clientSecret) ? Redacted.value(clientSecret) : ""
      const context = yield* build(environment({ domain, secret }), MemoryClient.layer([sandbox]))
      const manager = yield* Effect.provide(Su.Su, context)
      assert.strictEqual(Redacted.value((yield* manager.get).value), `sandbox_su-access-1-${nonce}`)
    })
  )

  it.scoped("reads other names where told so, URLs included", () =>
    Effect.gen(function* () {
      const context = yield* build(
        new Map([
          ["DOMAIN", "hotel.example"],
          ["SECRET", "s"],
          ["BASE_URL", "https://su.example/"]
        ]),
        MemoryClient.layer([]),
        {
          environment: Config.succeed("live"),
          domain: Config.string("DOMAIN"),
          clientSecret: Config.redacted("SECRET"),
          baseUrl: Config.string("BASE_URL"),
          validateUrl: Config.succeed("https://su.example/validate")
        }
      )
      const manager = yield* Effect.provide(Su.Su, context)
      assert.deepStrictEqual(manager.flow.origins, ["https://su.example"])
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const sandbox = yield* SuSandbox.make({ nonce, accessLifetime: lifetime })
      const policy = { staleWindow: "10 minutes", jitter: 0 } as const
      const { clientId, clientSecret } = sandbox.credentials
      const context = yield* build(
        environment({ domain: clientId, secret: Redacted.value(clientSecret) }),
        MemoryClient.layer([sandbox]),
        { policy }
      )
      const configured = yield* Effect.provide(Su.Su, context)
      const { manager } = yield* connect(sandbox, { policy })
      for (const { get, status } of [configured, manager]) {
        yield* get
        assert.strictEqual(Option.getOrUndefined((yield* status).staleAt), lifetime - 600_000)
      }
    })
  )

  for (const [variable, value] of [
    ["SU_ENVIRONMENT", undefined],
    ["SU_ENVIRONMENT", "production"],
    ["SU_DOMAIN", undefined],
    ["SU_CLIENT_SECRET", undefined]
  ] as const) {
    it.scoped(
      `${variable} ${value ?? "left out"} fails with InvalidOptions that names it and holds no secret`,
      () =>
        Effect.gen(function* () {
          const variables = environment({ domain: "hotel.example", secret: `secret-${nonce}` })
          if (value === undefined) {
            variables.delete(variable)
          } else {
            variables.set(variable, value)
          }
          const exit = yield* Effect.exit(build(variables, MemoryClient.layer([])))
          const error = Exit.isFailure(exit)
            ? Option.getOrUndefined(Cause.failureOption(exit.cause))
            : undefined
          assert.strictEqual(error?._tag, "InvalidOptions")
          assert.include(inspect(error, { depth: 20 }), variable)
          assert.notInclude(inspect(exit, { depth: 20 }), nonce)
        })
    )
  }
})

describe("Client", () => {
  it.scoped("relative URLs start at the base URL, and every client shares the tag's token", () =>
    Effect.gen(function* () {
      const { client, manager, sandbox } = yield* setup()
      yield* manager.get
      yield* client.get("/rooms")
      yield* client.get("rooms")
      yield* client.get("https://connect-sandbox.su-api.com/rooms")
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ path, status }) => [path, status]),
        Array.from({ length: 3 }, () => ["/rooms", 200])
      )
      assert.strictEqual(Ledger.count(ledger).mints, 1)
    })
  )

  it.scoped("R14: is made afresh wherever it is provided: no tenant gets another's", () =>
    Effect.gen(function* () {
      const memo = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const tenants = yield* Effect.forEach(["acme", "globex"], (tenant) =>
        Effect.gen(function* () {
          const sandbox = yield* SuSandbox.make({
            nonce: tenant,
            domain: `${tenant}.example`,
            origin: `https://${tenant}.example`
          })
          const layer = Su.layer({ ...optionsOf(sandbox), baseUrl: sandbox.apiOrigin })
          const context = yield* Su.Client.layer.pipe(
            Layer.provide(layer),
            Layer.provide(MemoryClient.layer([sandbox])),
            Layer.buildWithMemoMap(memo, scope)
          )
          return { sandbox, client: Context.get(context, Su.Client) }
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
})
