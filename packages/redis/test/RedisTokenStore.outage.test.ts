import { redisUrl } from "@latchkey/servers/provided"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { inspect } from "node:util"
import * as RedisTokenStore from "../src/RedisTokenStore.ts"
import { makeRedis } from "@latchkey/servers/redis"
import { numbered, versionOf } from "./support/tokens.ts"

const server = Effect.acquireRelease(
  Effect.promise(() => makeRedis()),
  (server) => Effect.promise(() => server.remove())
)

/** Of an operation, by the clock of the test. */
const timeout = "2 minutes"

const open = (url: string) =>
  Effect.map(
    Layer.build(RedisTokenStore.layer({ url: Redacted.make(url), timeout })),
    Context.get(TokenStore.TokenStore)
  )

/** Runs what ends once its own time is over, and no later; the clock stands still but for that. */
const inTime = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(operation)
    yield* Effect.yieldNow()
    yield* TestClock.adjust(timeout)
    return yield* Fiber.join(fiber)
  })

/** Runs what ends while no time passes. */
const atOnce = <A, E, R>(operation: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => operation

const assertAway = (
  store: TokenStore.Service,
  fails: <A, E, R>(operation: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
) =>
  Effect.forEach(
    [store.load("k"), store.save("k", numbered(9), 1), store.remove("k"), store.lease("k", "10 seconds")],
    (operation) =>
      Effect.gen(function* () {
        const error = yield* fails(Effect.flip<unknown, TokenStore.StoreError, never>(operation))
        assert.strictEqual(error.reason, "unreachable")
        const text = inspect(error, { depth: 9, showHidden: true }) + String(error.stack)
        assert.notMatch(text, /secret-|127\.0\.0\.1/)
      }),
    { discard: true }
  )

/** As long as it takes a server to be back. */
const back = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  TestServices.provideLive(Effect.retry(operation, Schedule.spaced("100 millis")))

describe.skipIf(redisUrl() === "")("RedisTokenStore: Redis is away", () => {
  it.scoped(
    "R13: killed and started again: operations fail at once, and work again without a restart of ours",
    () =>
      Effect.gen(function* () {
        const redis = yield* server
        const store = yield* open(redis.url)
        assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")
        yield* Effect.promise(() => redis.kill())
        yield* assertAway(store, atOnce)
        yield* Effect.promise(() => redis.start())
        assert.strictEqual(versionOf(yield* back(store.load("k"))), 1)
        assert.strictEqual((yield* store.save("k", numbered(2), 1))._tag, "Written")
        // Nor is a lease lost that was asked for in vain.
        assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
      })
  )

  it.scoped("R13: frozen: operations give up in time; what they left behind is found or made good", () =>
    Effect.gen(function* () {
      const redis = yield* server
      const store = yield* open(redis.url)
      yield* store.save("k", numbered(1), 0)
      yield* Effect.sync(() => redis.freeze())
      yield* Effect.ensuring(
        assertAway(store, inTime),
        Effect.sync(() => redis.thaw())
      )
      const record = yield* back(store.load("k"))
      const saved = yield* store.save("k", numbered(2), versionOf(record))
      assert.include(["Written", "Conflict"], saved._tag)
      assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
    })
  )

  it.scoped("Stores: down at the start: the layer is built all the same, and works once Redis is there", () =>
    Effect.gen(function* () {
      const redis = yield* server
      yield* Effect.promise(() => redis.kill())
      const store = yield* open(redis.url)
      yield* assertAway(store, atOnce)
      yield* Effect.promise(() => redis.start())
      assert.strictEqual(versionOf(yield* back(store.load("k"))), 0)
    })
  )
})
