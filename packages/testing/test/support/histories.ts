import * as Lifecycle from "@latchkey/testing/Lifecycle"
import { describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"

/** How many in all: 10,000 unless the environment says otherwise. Two files run half of them each. */
const total = Number(process.env["HISTORIES"] ?? 10_000)
const batches = 10

/** Half of the histories, in batches: between two of them the runner hears that the worker is alive. */
export const histories = (name: string): void => {
  describe(`the lifecycle of a token: ${name}`, () => {
    for (let batch = 1; batch <= batches; batch++) {
      it(
        `R3-R13: every invariant holds in ${total / 2} histories, ${batch}/${batches}`,
        {
          timeout: 120_000
        },
        () => {
          // The traces of errors that nobody reads are a third of the time.
          const { stackTraceLimit } = Error
          Error.stackTraceLimit = 0
          try {
            FastCheck.assert(
              FastCheck.property(Lifecycle.arbitrary, ([setup, history]) => {
                const { violations } = Lifecycle.run(setup, history)
                if (violations.length > 0) {
                  throw new Error(violations.join("\n"))
                }
              }),
              { numRuns: Math.ceil(total / 2 / batches) }
            )
          } finally {
            Error.stackTraceLimit = stackTraceLimit
          }
        }
      )
    }
  })
}
