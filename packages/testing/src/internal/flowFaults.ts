import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Options } from "../AuthFlowSuite.ts"
import type * as Fault from "../Fault.ts"
import {
  approach,
  type Capabilities,
  capabilities,
  type Entrance,
  failed,
  recovers,
  said,
  setUp
} from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

/** A mint that brings no token, in one way. */
export interface Case {
  readonly name: string
  /** The tag of the error, where no retry helps. */
  readonly tag: "InvalidResponse" | "Unavailable"
  /** Whether the provider minted behind it: a rotating refresh token is spent then. */
  readonly handled: boolean
  readonly fault: (now: number) => Fault.Fault
}

/** What a fault comes to at an entrance. */
interface Expected {
  /** The status of the call, or the tag of its error. */
  readonly outcome: string
  readonly logins: number
  readonly reuses: number
  /** Whether a person has to configure something before calls succeed again. */
  readonly byHand: boolean
  /** Whether a refresh token was spent and is still in doubt: the next flight finds out (R8). */
  readonly doubtful: boolean
}

/**
 * One fault: the flight gets over it, except where it has spent the only refresh token (R8): the one
 * retry shows that, and without a login there is nothing left.
 */
const once = ({ login }: Capabilities, { endpoint, spends }: Entrance, { handled }: Case): Expected => {
  const lost = spends && handled
  return {
    outcome: lost && !login ? "Expired" : "200",
    logins: lost ? (login ? 1 : 0) : endpoint === "login" ? (handled ? 2 : 1) : 0,
    reuses: lost ? 1 : 0,
    byHand: lost && !login,
    doubtful: false
  }
}

/**
 * The fault goes on: what does not spend fails, and never logs in instead of a refresh (R6). What may
 * have been spent is tried once more, and then gives way to a login, where there is one (R8).
 */
const always = (
  { entrances, login }: Capabilities,
  entrance: Entrance,
  { handled, tag }: Case,
  tries: number
): Expected => {
  const { endpoint, spends } = entrance
  if (!spends) {
    return {
      outcome: tag,
      logins: endpoint === "login" && handled ? tries : 0,
      reuses: 0,
      byHand: false,
      doubtful: false
    }
  }
  // The answer to the retry is a refusal whatever its body; only a connection that is lost again hides it.
  const refused = handled && tag === "InvalidResponse"
  return {
    outcome: login ? "200" : refused ? "Expired" : tag,
    logins: login ? 1 : 0,
    reuses: handled ? 1 : 0,
    byHand: handled && !login,
    // Another one that is configured takes the place of a configured one, not of one that was minted.
    doubtful: handled && !login && !refused && entrance !== entrances[0]
  }
}

/** Each case once and for ever, at every entrance: outcome, ledger, no secret, recovery. */
export const faults = <Id>(
  options: Options<Id>,
  world: World,
  rule: string,
  cases: ReadonlyArray<Case>
): void => {
  const capable = capabilities(options)
  for (const entrance of capable.entrances) {
    for (const one of cases) {
      it.scoped(
        `${rule}: ${one.name} to ${entrance.name}, once: ${once(capable, entrance, one).outcome}`,
        () =>
          Effect.gen(function* () {
            const harness = yield* setUp(options, world)
            const { call, calls, counts, during, sandbox } = harness
            const now = yield* approach(harness, capable, entrance)
            yield* sandbox.fault(entrance.endpoint, one.fault(now))
            const expected = once(capable, entrance, one)
            const [outcome] = yield* during("3 seconds", Effect.all([call, calls(2)], { concurrency: 2 }))
            const { logins, requests, reuses } = yield* counts
            assert.deepStrictEqual(
              { outcome: said(outcome), logins, reuses },
              { outcome: expected.outcome, logins: expected.logins, reuses: expected.reuses }
            )
            if (expected.byHand) {
              failed(outcome, expected.outcome)
              assert.strictEqual(requests, 0)
              yield* recovers(harness, true)
            }
          })
      )

      it.scoped(`${rule}: ${one.name} to ${entrance.name}, for ever`, () =>
        Effect.gen(function* () {
          const harness = yield* setUp(options, world)
          const { call, calls, counts, during, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          yield* sandbox.fault(entrance.endpoint, one.fault(now), { times: Infinity })
          const [outcome] = yield* during("3 seconds", Effect.all([call, calls(2)], { concurrency: 2 }))
          const { faults, logins, requests, reuses } = yield* counts
          const expected = always(capable, entrance, one, faults)
          assert.deepStrictEqual(
            { outcome: said(outcome), logins, reuses },
            { outcome: expected.outcome, logins: expected.logins, reuses: expected.reuses }
          )
          assert.isAtMost(faults, entrance.spends ? 2 : 4)
          if (expected.outcome !== "200") {
            failed(outcome, expected.outcome)
            assert.strictEqual(requests, 0)
            yield* recovers(harness, expected.byHand, expected.doubtful ? 1 : 0)
          }
        })
      )
    }
  }
}
