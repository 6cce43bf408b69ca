import { redisUrl } from "@latchkey/fleet/servers/provided"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { inspect } from "node:util"
import * as RedisTokenStore from "../src/RedisTokenStore.ts"
import { makeRedis } from "@latchkey/fleet/servers/redis"
import { numbered, versionOf } from "./support/tokens.ts"

const server = Effect.acquireRelease(
  Effect.promise(() => makeRedis()),
  (server) => Effect.promise(() => server.remove())
)

const open = (url: string) =>
  Effect.map(
    Layer.build(RedisTokenStore.layer({ url: Redacted.make(url), timeout: "1 second" })),
    Context.get(TokenStore.TokenStore)
  )

const assertAway = (store: TokenStore.Service, within: number) =>
  Effect.forEach(
    [store.load("k"), store.save("k", numbered(9), 1), store.remove("k"), store.lease("k", "10 seconds")],
    (operation) =>
      Effect.gen(function* () {
        const [took, error] = yield* Effect.timed(
          Effect.flip<unknown, TokenStore.StoreError, never>(operation)
        )
        assert.strictEqual(error.reason, "unreachable")
        const text = inspect(error, { depth: 9, showHidden: true }) + String(error.stack)
        assert.notMatch(text, /secret-|127\.0\.0\.1/)
        assert.isBelow(Duration.toMillis(took), within)
      }),
    { discard: true }
  )

const soon = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(100))

describe.skipIf(redisUrl() === "")("RedisTokenStore: Redis is away", () => {
  it.scopedLive(
    "R13: killed and started again: operations fail at once, and work again without a restart of ours",
    () =>
      Effect.gen(function* () {
        const redis = yield* server
        const store = yield* open(redis.url)
        assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")
        yield* Effect.promise(() => redis.kill())
        yield* assertAway(store, 900)
        yield* Effect.promise(() => redis.start())
        assert.strictEqual(versionOf(yield* Effect.retry(store.load("k"), soon)), 1)
        assert.strictEqual((yield* store.save("k", numbered(2), 1))._tag, "Written")
        // Nor is a lease lost that was asked for in vain.
        assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
      }),
    60_000
  )

  it.scopedLive(
    "R13: frozen: operations give up in time; what they left behind is found or made good",
    () =>
      Effect.gen(function* () {
        const redis = yield* server
        const store = yield* open(redis.url)
        yield* store.save("k", numbered(1), 0)
        yield* Effect.sync(() => redis.freeze())
        yield* Effect.ensuring(
          assertAway(store, 2_000),
          Effect.sync(() => redis.thaw())
        )
        const record = yield* Effect.retry(store.load("k"), soon)
        const saved = yield* store.save("k", numbered(2), versionOf(record))
        assert.include(["Written", "Conflict"], saved._tag)
        assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
      }),
    60_000
  )

  it.scopedLive(
    "Stores: down at the start: the layer is built all the same, and works once Redis is there",
    () =>
      Effect.gen(function* () {
        const redis = yield* server
        yield* Effect.promise(() => redis.kill())
        const store = yield* open(redis.url)
        yield* assertAway(store, 900)
        yield* Effect.promise(() => redis.start())
        assert.strictEqual(versionOf(yield* Effect.retry(store.load("k"), soon)), 0)
      }),
    60_000
  )
})
