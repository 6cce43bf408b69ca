import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenStore from "@latchkey/core/TokenStore"
import { Fault, Ledger, MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import * as PaymentsGate from "../src/PaymentsGate.ts"
import {
  accountOf,
  connect,
  counts,
  lifetime,
  makeSandbox,
  nonce,
  outcome,
  pairOf
} from "./support/fixture.ts"

const bearer = (number: number) => `Bearer paymentsgate-access-${number}-${nonce}`

describe("the life of a token", () => {
  it.scoped("seed 003: a refresh carries the access token of its pair as Bearer, though it has expired", () =>
    Effect.gen(function* () {
      const { arrived, sandbox } = yield* makeSandbox
      const { client } = yield* connect(sandbox, accountOf(sandbox))
      for (let hour = 0; hour < 3; hour++) {
        assert.strictEqual((yield* client.get("/deals")).status, 200)
        yield* TestClock.adjust(lifetime)
      }
      assert.deepStrictEqual(arrived, [
        ["POST /auth/token", undefined],
        ["GET /deals", bearer(1)],
        ["POST /auth/token/refresh", bearer(1)],
        ["GET /deals", bearer(2)],
        ["POST /auth/token/refresh", bearer(2)],
        ["GET /deals", bearer(3)]
      ])
      assert.deepInclude(yield* counts(sandbox), { logins: 1, refreshes: 2, refusals: 0, reuses: 0 })
    })
  )

  it.scoped("seed 003: a revoked access token still pays for its refresh", () =>
    Effect.gen(function* () {
      const { arrived, sandbox } = yield* makeSandbox
      const { client } = yield* connect(sandbox, accountOf(sandbox))
      yield* client.get("/deals")
      yield* sandbox.revokeAccessTokens
      assert.strictEqual((yield* client.get("/deals")).status, 200)
      assert.deepStrictEqual(arrived.slice(2), [
        ["GET /deals", bearer(1)],
        ["POST /auth/token/refresh", bearer(1)],
        ["GET /deals", bearer(2)]
      ])
      assert.deepInclude(yield* counts(sandbox), { logins: 1, refreshes: 1, refusals: 0 })
    })
  )

  it.scoped(
    "seed 003: starts from a configured pair: its access token is sent along, whatever became of it",
    () =>
      Effect.gen(function* () {
        const { arrived, sandbox } = yield* makeSandbox
        const pair = pairOf(yield* sandbox.issue)
        yield* TestClock.adjust("7 days")
        const { client } = yield* connect(sandbox, pair)
        assert.strictEqual((yield* client.get("/deals")).status, 200)
        assert.deepStrictEqual(arrived, [
          ["POST /auth/token/refresh", bearer(1)],
          ["GET /deals", bearer(2)]
        ])
      })
  )

  it.scoped("R5: with a pair and an account it refreshes first, and logs in when the pair is dead", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const pair = pairOf(yield* sandbox.issue)
      const { client } = yield* connect(sandbox, { ...accountOf(sandbox), ...pair })
      yield* client.get("/")
      assert.deepInclude(yield* counts(sandbox), { logins: 0, refreshes: 1 })
      yield* TestClock.adjust(lifetime)
      yield* sandbox.revokeRefreshTokens
      assert.strictEqual(yield* outcome(client.get("/")), "success")
      assert.deepInclude(yield* counts(sandbox), { logins: 1, refreshes: 1, refusals: 1, reuses: 0 })
    })
  )

  it.scoped("seed 003: an answer without a new refresh token is not taken for a pair", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const { client } = yield* connect(sandbox, pairOf(yield* sandbox.issue))
      yield* sandbox.fault(
        "refresh",
        Fault.Patch({ f: (json) => Object.assign({}, json, { refresh_token: undefined }) })
      )
      assert.strictEqual(yield* outcome(client.get("/")), "InvalidResponse")
      assert.deepInclude(yield* counts(sandbox), { refreshes: 1, reuses: 0, requests: 0 })
      // R8: sent once more, after the gate; the provider takes it for a reuse.
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(client.get("/")), "Unauthorized")
      assert.deepInclude(yield* counts(sandbox), { refreshes: 1, reuses: 1, requests: 0 })
    })
  )
})

describe("the store", () => {
  /** A store that tells what it was given, in numbers: the access token's and the refresh token's. */
  const recording = Effect.map(TokenStore.makeMemory, (memory) => {
    const saved: Array<readonly [accessToken: string, refreshToken: string]> = []
    const number = (token: Redacted.Redacted<string>) =>
      Redacted.value(token).replace(/^\w+-\w+-(\d+)-.*$/, "$1")
    const store: TokenStore.Service = {
      ...memory,
      save: (key, tokens, version) => {
        saved.push([
          number(tokens.accessToken),
          Option.match(tokens.refreshToken, { onNone: () => "none", onSome: ({ value }) => number(value) })
        ])
        return memory.save(key, tokens, version)
      }
    }
    return { store, saved }
  })

  it.scoped("seed 003, R7: the new pair is stored together, and before its access token is used", () =>
    Effect.gen(function* () {
      const { arrived, sandbox } = yield* makeSandbox
      const { saved, store } = yield* recording
      const { client } = yield* connect(sandbox, accountOf(sandbox), store)
      for (let hour = 1; hour <= 3; hour++) {
        const before = arrived.length
        yield* client.get("/")
        assert.deepStrictEqual(
          saved,
          Array.from({ length: hour }, (_, index) => [String(index + 1), String(index + 1)] as const)
        )
        assert.deepStrictEqual(arrived.slice(before + 1), [["GET /", bearer(hour)]])
        yield* TestClock.adjust(lifetime)
      }
    })
  )

  it.scoped("R7: no request leaves with a new access token whose pair is not stored yet", () =>
    Effect.gen(function* () {
      const { arrived, sandbox } = yield* makeSandbox
      const memory = yield* TokenStore.makeMemory
      const slow: TokenStore.Service = {
        ...memory,
        save: (key, tokens, version) => Effect.delay(memory.save(key, tokens, version), "1 second")
      }
      const { client } = yield* connect(sandbox, accountOf(sandbox), slow)
      const call = yield* Effect.fork(client.get("/"))
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(arrived, [["POST /auth/token", undefined]])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* call).status, 200)
    })
  )

  it.effect(
    "seed 003, R7: after a restart the stored pair wins over the configured one, both halves of it",
    () =>
      Effect.gen(function* () {
        const { arrived, sandbox } = yield* makeSandbox
        const pair = pairOf(yield* sandbox.issue)
        const records = yield* Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)
        const store = Effect.provideService(
          TokenStore.makeKeyValueStore,
          KeyValueStore.KeyValueStore,
          records
        )
        const run = Effect.scoped(
          Effect.gen(function* () {
            const { client } = yield* connect(sandbox, pair, yield* store)
            return (yield* client.get("/")).status
          })
        )
        for (let hour = 0; hour < 4; hour++) {
          assert.strictEqual(yield* run, 200)
          yield* TestClock.adjust(lifetime)
        }
        assert.deepStrictEqual(
          arrived.filter(([request]) => request !== "GET /"),
          [1, 2, 3, 4].map((number) => ["POST /auth/token/refresh", bearer(number)] as const)
        )
        assert.deepInclude(yield* counts(sandbox), { refreshes: 4, reuses: 0, refusals: 0 })
      })
  )
})

describe("the flow", () => {
  const flow = (options: PaymentsGate.Options) =>
    Effect.provide(PaymentsGate.make(options), MemoryClient.layer([]))
  const account = { accountId: "acc-1", publicKey: Redacted.make(`key-${nonce}`) }
  const pair = {
    accessToken: Redacted.make(`access-${nonce}`),
    refreshToken: Redacted.make(`refresh-${nonce}`)
  }

  it.effect(
    "seed 003: refreshes, rotates, logs in where there is an account, and starts at the sandbox",
    () =>
      Effect.gen(function* () {
        for (const [options, logsIn, starts] of [
          [account, true, false],
          [pair, false, true],
          [{ ...account, ...pair }, true, true]
        ] as const) {
          const made = yield* flow(options)
          assert.strictEqual(made.provider, "paymentsgate")
          assert.isTrue(made.rotates && Option.isSome(made.refresh))
          assert.strictEqual(Option.isSome(made.login), logsIn)
          assert.strictEqual(Option.isSome(made.initialGrant), starts)
          assert.deepStrictEqual(made.origins, ["https://secure.sandbox.paymentsgate.io"])
        }
      })
  )

  it.effect("its store key tells credentials apart and holds none", () =>
    Effect.gen(function* () {
      const keys = yield* Effect.forEach(
        [
          account,
          { ...account, accountId: "acc-2" },
          { ...account, baseUrl: "https://secure.paymentsgate.io" },
          pair,
          { ...pair, refreshToken: Redacted.make("another") }
        ],
        (options) => Effect.map(flow(options), ({ key }) => key)
      )
      assert.lengthOf([...new Set(keys)], keys.length)
      assert.strictEqual(
        (yield* flow({ ...account, ...pair })).key,
        keys[3],
        "an account beside it changes nothing"
      )
      const fingerprint = yield* AuthFlow.fingerprint("paymentsgate", "refreshToken", pair.refreshToken)
      const named = yield* flow({ ...account, accountId: fingerprint })
      assert.notStrictEqual(named.key, keys[3], "the kind of credential tells two apart that have one name")
      const { key } = yield* flow({ ...account, publicKey: Redacted.make("rotated") })
      assert.strictEqual(key, keys[0], "a rotated key keeps the tokens")
      assert.notInclude(keys.join(), nonce)
    })
  )

  /** As a program without types calls it. */
  const untyped = (options: unknown): ReturnType<typeof flow> => Reflect.apply(flow, undefined, [options])
  it.effect("R14: clear text is for loopback, or for those who ask for it by an ugly name", () =>
    Effect.gen(function* () {
      yield* flow({ ...account, baseUrl: "http://127.0.0.1:8080" })
      const insecure = { ...account, baseUrl: "http://gateway.internal" }
      assert.strictEqual(yield* outcome(flow(insecure)), "InvalidOptions")
      yield* flow({ ...insecure, dangerouslyAllowInsecureHttp: true })
    })
  )

  const secret = Redacted.make("s")
  for (const [option, given] of [
    ["publicKey", { accountId: "acc-1" }],
    ["accountId", { publicKey: secret }],
    ["refreshToken", { accessToken: secret }],
    ["accessToken", { refreshToken: secret }],
    ["refreshToken", { ...account, accessToken: secret }],
    ["accessToken", { ...account, refreshToken: secret }],
    ["accountId", { ...pair, publicKey: secret }],
    ["publicKey", { ...pair, accountId: "acc-1" }],
    ["publicKey", { accountId: "acc-1", refreshToken: secret }],
    ["accountId", {}],
    ["refreshToken", { ...pair, refreshToken: Redacted.make(" ") }]
  ] as const) {
    it.effect(
      `Options: half of them is refused, and ${option} is named (${Object.keys(given).join() || "nothing"})`,
      () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(untyped(given))
          assert.deepInclude(error, { _tag: "InvalidOptions", provider: "paymentsgate", option })
          assert.include(error.message, `"${option}"`)
        })
    )
  }

  it("Options: half of an account, and half of a pair, do not compile", () => {
    const check = (options: PaymentsGate.Options): PaymentsGate.Options => options
    check(account)
    check(pair)
    check({ ...account, ...pair })
    check({ ...account, accessToken: undefined, refreshToken: undefined })
    // @ts-expect-error There is no publicKey.
    check({ accountId: "acc-1" })
    // @ts-expect-error There is no accountId.
    check({ publicKey: secret })
    // @ts-expect-error There is no refreshToken.
    check({ accessToken: secret })
    // @ts-expect-error There is no accessToken.
    check({ refreshToken: secret })
    // @ts-expect-error There is no refreshToken.
    check({ ...account, accessToken: secret })
    // @ts-expect-error There is no accountId.
    check({ ...pair, publicKey: secret })
    // @ts-expect-error There is half of each.
    check({ accountId: "acc-1", refreshToken: secret })
    // @ts-expect-error There is nothing.
    check({})
  })

  it.effect("Options: a secret manager that is away when the layer is built is Unavailable", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(flow({ ...pair, refreshToken: Effect.fail(nonce) }))
      assert.strictEqual(error._tag, "Unavailable")
      assert.notInclude(inspect(error), nonce)
      // What names no account is read when it is needed.
      yield* flow({ ...pair, accessToken: Effect.fail(nonce) })
      yield* flow({ ...account, publicKey: Effect.fail(nonce) })
    })
  )

  /** As `Redacted.make(process.env.X!)` is without the variable. */
  const unset: Redacted.Redacted<string> = Redacted.make(JSON.parse("null"))
  for (const [option, given, says] of [
    ["publicKey", { ...account, publicKey: unset }, "is missing"],
    ["publicKey", { ...account, publicKey: Redacted.make(" ") }, "is missing"],
    ["accessToken", { ...pair, accessToken: unset }, "is missing"],
    ["accessToken", { ...pair, accessToken: Redacted.make("a\u200bb") }, "no header can carry"],
    ["accessToken", { ...pair, accessToken: Redacted.make("a\r\nx-evil: 1") }, "no header can carry"],
    ["accessToken", { ...pair, accessToken: Redacted.make("a b") }, "no header can carry"]
  ] as const) {
    it.scoped(`Options: ${option} that ${says} is Unauthorized that says so, and nothing is sent, ever`, () =>
      Effect.gen(function* () {
        const { arrived, sandbox } = yield* makeSandbox
        const { manager } = yield* connect(sandbox, given)
        for (let round = 0; round < 20; round++) {
          const error = yield* Effect.flip(manager.get)
          assert.strictEqual(error._tag, "Unauthorized")
          assert.include(error.message, `"${option}" `)
          assert.include(error.message, says)
          yield* TestClock.adjust("1 minute")
        }
        assert.deepStrictEqual(arrived, [])
      })
    )
  }

  // Left failing: `"refreshToken" in options` in PaymentsGate.ts takes a field that is undefined for a pair.
  it.scoped("a token pair that is left undefined is none: the account logs in", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const options = { ...accountOf(sandbox), accessToken: undefined, refreshToken: undefined }
      const { client } = yield* connect(sandbox, options)
      assert.strictEqual(yield* outcome(client.get("/")), "success")
    })
  )

  // Left failing: `new RefreshToken` in core's AuthFlow.refreshGrant throws a ParseError, and the caller dies.
  it.scoped("an empty refresh token is a typed error and no defect", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const exit = yield* Effect.exit(
        Effect.flatMap(
          connect(sandbox, { ...pair, refreshToken: Redacted.make("") }),
          ({ manager }) => manager.get
        )
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.isFailType(exit.cause), inspect(exit, { depth: 3 }))
    })
  )

  for (const [option, value] of [
    ["accountId", ""],
    ["accountId", "  "],
    ["baseUrl", "secure.paymentsgate.io"],
    ["baseUrl", "http://secure.paymentsgate.io"],
    ["baseUrl", "https://me:secret@secure.paymentsgate.io"],
    ["baseUrl", "https://secure.paymentsgate.io?key=secret"]
  ] as const) {
    it.effect(`R14: ${option} ${JSON.stringify(value)} fails the layer with InvalidOptions`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(flow({ ...account, [option]: value }))
        assert.deepInclude(error, { _tag: "InvalidOptions", provider: "paymentsgate", option })
        assert.notInclude(inspect(error), "secret@")
        assert.notInclude(inspect(error), "=secret")
      })
    )
  }
})

describe("layerConfig", () => {
  const build = (
    variables: ReadonlyArray<readonly [string, string]>,
    client: Layer.Layer<HttpClient.HttpClient>,
    config?: PaymentsGate.LayerConfig
  ) =>
    Layer.build(Layer.provide(PaymentsGate.layerConfig(config), client)).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(variables)))
    )

  const variables = (accountId: string, publicKey: string) =>
    [
      ["PAYMENTSGATE_ACCOUNT_ID", accountId],
      ["PAYMENTSGATE_PUBLIC_KEY", publicKey]
    ] as const

  for (const origin of [undefined, "https://secure.paymentsgate.io"]) {
    it.scoped(
      `reads PAYMENTSGATE_ACCOUNT_ID and _PUBLIC_KEY, and _BASE_URL (${origin ?? "the default"})`,
      () =>
        Effect.gen(function* () {
          const sandbox = yield* PaymentsGateSandbox.make({ nonce, origin })
          const { clientId, clientSecret } = sandbox.credentials
          const context = yield* build(
            [
              ...variables(clientId, Redacted.value(clientSecret)),
              ...(origin === undefined ? [] : [["PAYMENTSGATE_BASE_URL", origin] as const])
            ],
            MemoryClient.layer([sandbox])
          )
          const manager = yield* Effect.provide(PaymentsGate.PaymentsGate, context)
          assert.strictEqual(Redacted.value((yield* manager.get).value), `paymentsgate-access-1-${nonce}`)
        })
    )
  }

  it.scoped("reads other names where told so", () =>
    Effect.gen(function* () {
      const context = yield* build([["ID", "acc-1"]], MemoryClient.layer([]), {
        accountId: Config.string("ID"),
        publicKey: Config.succeed(Redacted.make("key")),
        baseUrl: Config.succeed("https://gate.example/")
      })
      const manager = yield* Effect.provide(PaymentsGate.PaymentsGate, context)
      assert.deepStrictEqual(manager.flow.origins, ["https://gate.example"])
    })
  )

  it.scoped("takes a policy, as layer does", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const policy = { staleWindow: "10 minutes", jitter: 0 } as const
      const { clientId, clientSecret } = sandbox.credentials
      const context = yield* build(
        variables(clientId, Redacted.value(clientSecret)),
        MemoryClient.layer([sandbox]),
        { policy }
      )
      const configured = yield* Effect.provide(PaymentsGate.PaymentsGate, context)
      const { manager } = yield* connect(sandbox, { ...accountOf(sandbox), policy })
      for (const { get, status } of [configured, manager]) {
        yield* get
        assert.strictEqual(Option.getOrUndefined((yield* status).staleAt), lifetime - 600_000)
      }
    })
  )

  for (const missing of ["PAYMENTSGATE_ACCOUNT_ID", "PAYMENTSGATE_PUBLIC_KEY"]) {
    it.scoped(`without ${missing} it fails with InvalidOptions that names it and holds no secret`, () =>
      Effect.gen(function* () {
        const rest = variables("acc-1", `key-${nonce}`).filter(([name]) => name !== missing)
        const exit = yield* Effect.exit(build(rest, MemoryClient.layer([])))
        const error = Exit.isFailure(exit)
          ? Option.getOrUndefined(Cause.failureOption(exit.cause))
          : undefined
        assert.strictEqual(error?._tag, "InvalidOptions")
        assert.include(inspect(error, { depth: 20 }), missing)
        assert.notInclude(inspect(exit, { depth: 20 }), nonce)
      })
    )
  }
})

describe("Client", () => {
  it.scoped("relative URLs start at the base URL, and every client shares the tag's token", () =>
    Effect.gen(function* () {
      const { sandbox } = yield* makeSandbox
      const { client, manager } = yield* connect(sandbox, accountOf(sandbox))
      yield* manager.get
      yield* client.get("/deals")
      yield* client.get("deals")
      yield* client.get("https://secure.sandbox.paymentsgate.io/deals")
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(
        Ledger.entries(ledger, "Request").map(({ path, status }) => [path, status]),
        Array.from({ length: 3 }, () => ["/deals", 200])
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
          const sandbox = yield* PaymentsGateSandbox.make({
            nonce: tenant,
            origin: `https://${tenant}.example`
          })
          const layer = PaymentsGate.layer({ ...accountOf(sandbox), baseUrl: sandbox.apiOrigin })
          const context = yield* PaymentsGate.Client.layer.pipe(
            Layer.provide(layer),
            Layer.provide(MemoryClient.layer([sandbox])),
            Layer.buildWithMemoMap(memo, scope)
          )
          return { sandbox, client: Context.get(context, PaymentsGate.Client) }
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
