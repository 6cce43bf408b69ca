import { assert, describe, it } from "@effect/vitest"
import { runFleet, violations } from "../../src/fleet.ts"
import type { Options } from "../../src/fleet.ts"
import type { Kind } from "../../src/place.ts"
import { available } from "@latchkey/servers/provided"

/** How large a fleet is, and what must happen to it. */
export interface Numbers extends Omit<Options, "store" | "tell"> {
  readonly atLeast: NonNullable<Options["atLeast"]>
}

/** A fleet over each of these stores, side by side: most of the time they wait. */
export const fleets = (kinds: ReadonlyArray<Kind>, numbers: Numbers): void => {
  const stores = available()

  describe.concurrent("a fleet", () => {
    for (const store of kinds) {
      it.skipIf(!stores[store])(
        `R7, R13: over ${store}: killed, cut off and replaced: no call fails, no refresh token is spent twice`,
        { timeout: 900_000 },
        async () => {
          const outcome = await runFleet({ ...numbers, store })
          assert.deepStrictEqual(violations(outcome), [])
          assert.isAtLeast(outcome.kills, numbers.atLeast.kills)
          // The aimed ones are there, so the excuse for a reuse is not an empty one.
          assert.isAtLeast(outcome.killsWithinMint, 1)
          assert.isAtLeast(outcome.calls, numbers.atLeast.calls)
        }
      )
    }
  })
}
