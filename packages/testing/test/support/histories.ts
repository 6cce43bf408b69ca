import * as Lifecycle from "@latchkey/testing/Lifecycle"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"

/** A worker that hears nothing of its runner for a minute takes it for dead: so many take a slow machine less. */
const batchSize = 250

const property = FastCheck.property(Lifecycle.arbitrary, ([setup, history]) => {
  assert.strictEqual(Lifecycle.run(setup, history).violations.join("\n"), "")
})

/** The traces of errors that nobody reads would be a third of the time. */
const withoutTraces = (run: () => void): void => {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** So many random histories, or as many as the environment's `HISTORIES` says, in batches. */
export const histories = (count: number): void => {
  const total = Number(process.env["HISTORIES"] ?? count)
  const batches = Math.ceil(total / batchSize)
  describe("the lifecycle of a token", () => {
    // A turn of the event loop between two of them.
    beforeEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

    for (let batch = 1; batch <= batches; batch++) {
      it(
        `R3-R13: every invariant holds in ${total} histories, ${batch}/${batches}`,
        { timeout: 300_000 },
        () => {
          assert.doesNotThrow(() =>
            withoutTraces(() => FastCheck.assert(property, { numRuns: Math.ceil(total / batches) }))
          )
        }
      )
    }
  })
}
