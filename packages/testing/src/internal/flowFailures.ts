import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import { type Case, faults } from "./flowFaults.ts"
import { approach, capabilities, failed, lifetime, recovers, said, setUp } from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

const resets: ReadonlyArray<Case> = [
  {
    name: "a connection lost before the request arrived",
    tag: "Unavailable",
    handled: false,
    retried: true,
    keeps: false,
    fault: () => Fault.ResetBefore()
  },
  {
    name: "a connection lost after the token was minted",
    tag: "Unavailable",
    handled: true,
    retried: true,
    keeps: false,
    fault: () => Fault.ResetAfter()
  }
]

/** R3, R4, R8, R11: the provider or the way to it fails. */
export const failures = <Id>(options: Options<Id>, world: World): void => {
  const capable = capabilities(options)
  const { entrances, login, refusedRefreshToken } = capable
  const start = setUp(options, world)
  faults(options, world, "R8", resets)

  for (const entrance of entrances) {
    const { endpoint, name, spends } = entrance

    it.scoped(`R11: 503 to ${name}, three times: retried, and no caller sees it`, () =>
      Effect.gen(function* () {
        const harness = yield* start
        const { calls, counts, during, sandbox } = harness
        yield* approach(harness, capable, entrance)
        yield* sandbox.fault(endpoint, Fault.Status({ status: 503 }), { times: 3 })
        assert.deepStrictEqual(yield* during("2 seconds", calls(3)), ["200", "200", "200"])
        assert.deepInclude(yield* counts, { faults: 3, mints: 1, reuses: 0, rejections: 0 })
      })
    )

    it.scoped(`R6: 503 to ${name}, for ever: Unavailable, no login instead, and then recovery`, () =>
      Effect.gen(function* () {
        const harness = yield* start
        const { call, counts, during, sandbox } = harness
        yield* approach(harness, capable, entrance)
        yield* sandbox.fault(endpoint, Fault.Status({ status: 503 }), { times: Infinity })
        failed(yield* during("3 seconds", call), "Unavailable")
        assert.deepInclude(yield* counts, { faults: 4, mints: 0, requests: 0 })
        yield* recovers(harness, false)
      })
    )

    it.scoped(`R4: ${name} that is never answered ends with the deadline, and the next one succeeds`, () =>
      Effect.gen(function* () {
        const harness = yield* start
        const { calls, counts, during, sandbox } = harness
        yield* approach(harness, capable, entrance)
        yield* sandbox.fault(endpoint, Fault.Hang())
        assert.deepStrictEqual(yield* during("20 seconds", calls(3)), [
          "Unavailable",
          "Unavailable",
          "Unavailable"
        ])
        assert.deepStrictEqual(yield* during("1 second", calls(3)), ["200", "200", "200"])
        assert.deepInclude(yield* counts, { faults: 1, mints: 1, reuses: 0, refusals: 0, requests: 3 })
      })
    )

    it.scoped(`R8: an answer to ${name} that comes after the deadline is lost`, () =>
      Effect.gen(function* () {
        const harness = yield* start
        const { call, counts, during, sandbox } = harness
        yield* approach(harness, capable, entrance)
        yield* sandbox.fault(endpoint, Fault.Latency({ duration: "30 seconds" }))
        failed(yield* during("20 seconds", call), "Unavailable")
        const next = yield* during("1 second", call)
        // The one retry of a refresh token that was spent, and then a login, where there is one.
        assert.strictEqual(said(next), spends && !login ? refusedRefreshToken : "200")
        assert.deepInclude(yield* counts, {
          mints: spends && !login ? 1 : 2,
          reuses: spends ? 1 : 0,
          requests: spends && !login ? 0 : 1
        })
        if (spends && !login) {
          yield* recovers(harness, true)
        }
      })
    )
  }

  it.scoped("R3: while no mint succeeds a token is served up to its end, and not beyond", () =>
    Effect.gen(function* () {
      const harness = yield* start
      const { call, counts, during, pass, sandbox } = harness
      yield* call
      yield* sandbox.clearLedger
      yield* pass(lifetime - 10_000)
      const down = Fault.Status({ status: 503 })
      yield* sandbox.fault("login", down, { times: Infinity })
      yield* sandbox.fault("refresh", down, { times: Infinity })
      assert.strictEqual(said(yield* during("4 seconds", call)), "200")
      assert.strictEqual(said(yield* during("4 seconds", call)), "200")
      yield* pass("2 seconds")
      assert.notStrictEqual(said(yield* during("4 seconds", call)), "200")
      assert.deepInclude(yield* counts, { mints: 0, requests: 2, rejections: 0 })
      yield* recovers(harness, false)
    })
  )
}
