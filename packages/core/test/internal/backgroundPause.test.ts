import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { backgroundPause } from "../../src/internal/backgroundPause.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const hour = 3_600_000

describe("backgroundPause", () => {
  it("R3: 500 ms, doubling to 30 s", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 100, 1e9].map((failures) => backgroundPause(failures, hour)),
      [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]
    )
  })

  it.prop(
    "R3: never more than a quarter of what is left of the token, and never negative",
    {
      failures: FastCheck.integer({ min: 1, max: 10_000 }),
      remaining: FastCheck.oneof(
        FastCheck.integer({ min: -hour, max: 24 * hour }),
        FastCheck.integer({ min: 0, max: 5_000 })
      )
    },
    ({ failures, remaining }) => {
      const pause = backgroundPause(failures, remaining)
      assert.isAtLeast(pause, 0)
      assert.isAtMost(pause, Math.max(0, remaining / 4))
      assert.isAtMost(pause, 30_000)
      assert.isAtLeast(pause, Math.min(500, Math.max(0, remaining / 4)))
    },
    runs
  )

  it.prop(
    "R3: it does not shrink with failures, so the provider gets time to recover",
    {
      failures: FastCheck.integer({ min: 1, max: 10_000 }),
      remaining: FastCheck.integer({ min: 0, max: 24 * hour })
    },
    ({ failures, remaining }) =>
      assert.isAtLeast(backgroundPause(failures + 1, remaining), backgroundPause(failures, remaining)),
    runs
  )

  it("R3: a token with time left is tried again before its end, however often that failed", () => {
    for (const failures of [1, 5, 50]) {
      let now = 0
      let tries = 0
      while (now < hour - 1_000 && tries < 10_000) {
        now += Math.max(1, backgroundPause(failures, hour - now))
        tries += 1
      }
      assert.isAtLeast(tries, 20)
    }
  })
})
