import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import * as Ledger from "../Ledger.ts"
import { capabilities, failed, said, setUp } from "./flowHarness.ts"
import type { World } from "./worlds.ts"

/** In milliseconds. No verdict depends on it being kept: a busy machine is only later. */
const lifetime = 2_000

/** R3, R4: one life by the real clock, whose timers fire one after the other, and late. */
export const live = <Id>(options: Options<Id>, world: World): void => {
  const { entrances } = capabilities(options)
  const renewal = entrances.at(-1)

  it.scopedLive("R3, R4: by the real clock: a mint that hangs ends, and the next one succeeds", () =>
    Effect.gen(function* () {
      const { call, sandbox } = yield* setUp(options, world, {
        accessLifetime: lifetime,
        policy: { mintDeadline: "3 seconds" }
      })
      assert.strictEqual(said(yield* call), "200")
      yield* Effect.sleep(lifetime + 100)
      yield* sandbox.clearLedger
      yield* sandbox.fault(renewal?.endpoint ?? "login", Fault.Hang())
      failed(yield* call, "Unavailable")
      assert.strictEqual(said(yield* call), "200")
      const { faults, mints, rejections, reuses } = Ledger.count(yield* sandbox.ledger)
      assert.deepStrictEqual(
        { faults, mints, rejections, reuses },
        { faults: 1, mints: 1, rejections: 0, reuses: 0 }
      )
    })
  )
}
