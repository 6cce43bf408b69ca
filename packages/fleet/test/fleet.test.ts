import { assert, describe, it } from "@effect/vitest"
import { runFleet, violations } from "../src/fleet.ts"
import { available } from "../src/servers/provided.ts"
import { kinds } from "../src/place.ts"

const stores = available()

describe("a fleet", () => {
  for (const store of kinds) {
    it.skipIf(!stores[store])(
      `R7, R13: over ${store}: killed, cut off and replaced: no call fails, no refresh token is spent twice`,
      { timeout: 180_000 },
      async () => {
        const outcome = await runFleet({
          store,
          processes: 8,
          seconds: Number(process.env["FLEET_SECONDS"] ?? 24),
          killEvery: 3,
          cut: 3
        })
        assert.deepStrictEqual(violations(outcome), [])
        assert.isAtLeast(outcome.kills, 6)
        // The aimed ones are there, so the excuse for a reuse is not an empty one.
        assert.isAtLeast(outcome.killsWithinMint, 1)
        assert.isAbove(outcome.calls, 100)
      }
    )
  }
})
