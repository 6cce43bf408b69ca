import { redisUrl } from "@latchkey/servers/provided"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import * as RedisTokenStore from "../src/RedisTokenStore.ts"

const redis = redisUrl()

const client = Effect.acquireRelease(
  Effect.sync(() => new Redis(redis)),
  (client) => Effect.sync(() => client.disconnect())
)

/** Lets a lease end as much earlier: as if the clock of Redis were set forward. */
const forward = `
local left = redis.call('pttl', KEYS[1])
if left > 0 then redis.call('pexpire', KEYS[1], left - ARGV[1]) end
return left`

describe.skipIf(redis === "")("over a real server", () => {
  TokenStoreSuite.describe("Redis", {
    place: Effect.map(client, (client) => {
      const prefix = `test-${crypto.randomUUID()}`
      return {
        layer: RedisTokenStore.layer({ url: Redacted.make(redis), prefix, timeout: "5 minutes" }),
        forward: (millis: number) =>
          Effect.promise(() => client.eval(forward, 1, `${prefix}:{k}:lease`, millis))
      }
    }),
    clock: "set",
    shared: true,
    durable: true
  })
})
