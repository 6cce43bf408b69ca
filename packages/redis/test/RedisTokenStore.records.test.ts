import { redisUrl } from "@latchkey/servers/provided"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import { Ledger, MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { inspect } from "node:util"
import * as RedisTokenStore from "../src/RedisTokenStore.ts"
import { numbered } from "./support/tokens.ts"

const url = redisUrl()

const client = Effect.acquireRelease(
  Effect.sync(() => new Redis(url)),
  (client) => Effect.sync(() => client.disconnect())
)

const opened = Effect.gen(function* () {
  const prefix = `test-${crypto.randomUUID()}`
  const redis = yield* client
  return { prefix, redis, store: RedisTokenStore.make(redis, { prefix, timeout: "5 minutes" }) }
})

describe.skipIf(url === "")("RedisTokenStore", () => {
  it.scopedLive("Stores: a record that cannot be read is corrupt, and stays as it is", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* opened
      const key = `${prefix}:{k}:record`
      yield* store.save("k", numbered(1), 0)
      const good = yield* Effect.promise(() => redis.hgetall(key))
      const secret = "secret-of-another"
      const records: ReadonlyArray<Record<string, string>> = [
        { ...good, tokens: secret },
        { ...good, tokens: `{"accessToken":"${secret}"}` },
        { ...good, tokens: "" },
        { ...good, version: "0" },
        { ...good, version: "01" },
        { ...good, version: "1.5" },
        { ...good, version: secret },
        { tokens: good["tokens"] ?? "" }
      ]
      for (const fields of records) {
        yield* Effect.promise(() => redis.multi().del(key).hset(key, fields).exec())
        yield* assertCorrupt(store, secret)
        assert.deepStrictEqual({ ...(yield* Effect.promise(() => redis.hgetall(key))) }, { ...fields })
      }
      yield* Effect.promise(() => redis.multi().del(key).set(key, secret).exec())
      yield* assertCorrupt(store, secret)
      assert.strictEqual(yield* Effect.promise(() => redis.get(key)), secret)
    })
  )

  const assertCorrupt = (store: TokenStore.Service, secret: string) =>
    Effect.forEach(
      [store.load("k"), store.save("k", numbered(2), 0), store.save("k", numbered(2), 1), store.remove("k")],
      (operation) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip<unknown, TokenStore.StoreError, never>(operation)
          assert.strictEqual(error.reason, "corrupt")
          assert.notInclude(inspect(error, { depth: 9, showHidden: true }), secret)
        }),
      { discard: true }
    )

  it.scopedLive("Stores: a removed record leaves its version behind, and no token; nor does a save", () =>
    Effect.gen(function* () {
      const { prefix, redis, store } = yield* opened
      yield* store.save("k", numbered(1), 0)
      yield* store.save("k", numbered(2), 0)
      yield* store.remove("k")
      const keys = yield* Effect.promise(() => redis.keys(`${prefix}:*`))
      assert.deepStrictEqual(keys, [`${prefix}:{k}:record`])
      const record = yield* Effect.promise(() => redis.hgetall(`${prefix}:{k}:record`))
      assert.deepStrictEqual({ ...record }, { version: "1" })
    })
  )

  it.scopedLive("R15: what ioredis tells tracers holds no token", () =>
    Effect.gen(function* () {
      const { store } = yield* opened
      const seen: Array<string> = []
      const listener = (message: unknown) => seen.push(inspect(message, { depth: 9 }))
      const channel = "tracing:ioredis:command:start"
      yield* Effect.acquireRelease(
        Effect.sync(() => subscribe(channel, listener)),
        () => Effect.sync(() => unsubscribe(channel, listener))
      )
      yield* store.save("k", numbered(1), 0)
      yield* store.save("k", numbered(2), 1)
      assert.include(seen.join("\n"), "eval")
      assert.notMatch(seen.join("\n"), /secret-(?:access|refresh)/)
    })
  )

  it.scopedLive("Stores: a URL that is none fails the layer, and is not repeated", () =>
    Effect.gen(function* () {
      for (const wrong of ["hunter2", "http://:hunter2@localhost", "redis://:hunter2@host:port"]) {
        const error = yield* Effect.flip(Layer.build(RedisTokenStore.layer({ url: Redacted.make(wrong) })))
        assert.strictEqual(error._tag, "InvalidUrl")
        assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "hunter2")
      }
      const missing = yield* Effect.flip(
        Effect.withConfigProvider(
          Layer.build(RedisTokenStore.layerConfig()),
          ConfigProvider.fromMap(new Map())
        )
      )
      assert.include(inspect(missing), "REDIS_URL")
    })
  )

  it.scopedLive("Stores: layerConfig reads REDIS_URL", () =>
    Effect.gen(function* () {
      const context = yield* Effect.withConfigProvider(
        Layer.build(RedisTokenStore.layerConfig({ prefix: `test-${crypto.randomUUID()}` })),
        ConfigProvider.fromMap(new Map([["REDIS_URL", url]]))
      )
      const store = Context.get(context, TokenStore.TokenStore)
      assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")
    })
  )

  it.scopedLive("R13: managers of three processes make 1 mint", () =>
    Effect.gen(function* () {
      const prefix = `test-${crypto.randomUUID()}`
      const sandbox = yield* PaymentsGateSandbox.make()
      const { clientId, clientSecret } = sandbox.credentials
      const flow = yield* Effect.provide(
        PaymentsGate.make({ accountId: clientId, publicKey: clientSecret }),
        MemoryClient.layer([sandbox])
      )
      const managed = Effect.gen(function* () {
        const store = RedisTokenStore.layer({ url: Redacted.make(url), prefix })
        const manager = yield* Effect.provide(TokenManager.make(flow), yield* Layer.build(Layer.fresh(store)))
        return Redacted.value((yield* manager.get).value)
      })
      const tokens = yield* Effect.all([managed, managed, managed], { concurrency: "unbounded" })
      assert.strictEqual(new Set(tokens).size, 1)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).mints, 1)
    })
  )
})
