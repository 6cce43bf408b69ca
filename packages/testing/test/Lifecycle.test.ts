import * as Lifecycle from "@latchkey/testing/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"

describe("the lifecycle of a token", () => {
  it("R3-R13: every invariant holds in 10,000 histories", { timeout: 120_000 }, () => {
    FastCheck.assert(
      FastCheck.property(Lifecycle.arbitrary, ([setup, history]) => {
        assert.strictEqual(Lifecycle.run(setup, history).violations.join("\n"), "")
      }),
      { numRuns: Number(process.env["HISTORIES"] ?? 10_000) }
    )
  })
})
