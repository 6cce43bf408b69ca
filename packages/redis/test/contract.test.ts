import { redisUrl } from "@latchkey/fleet/servers/provided"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as RedisTokenStore from "../src/RedisTokenStore.ts"

const redis = redisUrl()

describe.skipIf(redis === "")("over a real server", () => {
  TokenStoreSuite.describe("Redis", {
    place: Effect.sync(() => ({
      layer: RedisTokenStore.layer({ url: Redacted.make(redis), prefix: `test-${crypto.randomUUID()}` })
    })),
    clock: "own",
    shared: true,
    durable: true
  })
})
