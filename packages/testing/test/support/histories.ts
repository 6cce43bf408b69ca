import * as Lifecycle from "@latchkey/testing/Lifecycle"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"

/** How many in all: 10,000 unless the environment says otherwise. Two files run half of them each. */
const half = Number(process.env["HISTORIES"] ?? 10_000) / 2
const batches = 10

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

/** Half of the histories, in batches. */
export const histories = (name: string): void => {
  describe(`the lifecycle of a token: ${name}`, () => {
    // A turn of the event loop: a worker that hears nothing of its runner for a minute takes it for dead.
    beforeEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

    for (let batch = 1; batch <= batches; batch++) {
      it(
        `R3-R13: every invariant holds in ${half} histories, ${batch}/${batches}`,
        { timeout: 120_000 },
        () => {
          assert.doesNotThrow(() =>
            withoutTraces(() => FastCheck.assert(property, { numRuns: Math.ceil(half / batches) }))
          )
        }
      )
    }
  })
}
