import { assert } from "@effect/vitest"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Options } from "../AuthFlowSuite.ts"
import type * as Fault from "../Fault.ts"
import * as Ledger from "../Ledger.ts"
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
  /** The tag of the error. */
  readonly tag: "InvalidResponse" | "Unavailable" | "Unauthorized" | "AccessDenied"
  /** Whether the provider minted behind it: a rotating refresh token is spent then. */
  readonly handled: boolean
  /** Whether it is asked for again within the flight, for it may be another a moment later. */
  readonly retried: boolean
  /** Whether the answer brings a refresh token all the same, which is kept (R7). */
  readonly keeps: boolean
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
}

/** What the flow asks for again: once it gets over that, except where it has spent the only refresh token (R8). */
const once = (capable: Capabilities, { endpoint, spends }: Entrance, { handled }: Case): Expected => {
  const { login, refusedRefreshToken } = capable
  const lost = spends && handled
  return {
    outcome: lost && !login ? refusedRefreshToken : "200",
    logins: lost ? (login ? 1 : 0) : endpoint === "login" ? (handled ? 2 : 1) : 0,
    reuses: lost ? 1 : 0,
    byHand: lost && !login
  }
}

/**
 * It goes on: what does not spend fails, and never logs in instead of a refresh (R6). What may have been
 * spent is tried once more, and then gives way to a login of the same account, where there is one (R8).
 * `refusal`: what the retry was answered with, where that can be seen.
 */
const always = (
  { loginInstead }: Capabilities,
  { endpoint, spends }: Entrance,
  { handled, tag }: Case,
  ledger: Ledger.Ledger
): Expected => {
  if (!spends) {
    return {
      outcome: tag,
      logins: endpoint === "login" && handled ? Ledger.count(ledger).faults : 0,
      reuses: 0,
      byHand: false
    }
  }
  // Whatever its body, the answer to the retry is a refusal; only a connection that is lost again hides it.
  const refusal = Option.filter(
    Option.map(Array.last(Ledger.entries(ledger, "Refused")), ({ status }) => byStatus(status)),
    () => tag === "InvalidResponse"
  )
  return {
    outcome: loginInstead ? "200" : Option.getOrElse(refusal, () => tag),
    logins: loginInstead ? 1 : 0,
    reuses: handled ? 1 : 0,
    byHand: handled && !loginInstead
  }
}

/** What a refusal is that says nothing but its status. */
export const byStatus = (status: number): Case["tag"] =>
  status === 401 ? "Unauthorized" : status === 403 ? "AccessDenied" : "InvalidResponse"

/**
 * What gets the same answer again: asked for once, and then the gate. A refresh gives way to a login of the
 * same account; else what it presented is sent again, or what the answer brought.
 */
const refused = (
  { loginInstead }: Capabilities,
  entrance: Entrance,
  { handled, keeps, tag }: Case
): Expected => {
  if (entrance.endpoint === "login") {
    return { outcome: tag, logins: handled ? 1 : 0, reuses: 0, byHand: false }
  }
  const lost = entrance.spends && handled && !keeps && !loginInstead
  return {
    outcome: loginInstead ? "200" : tag,
    logins: loginInstead ? 1 : 0,
    reuses: 0,
    byHand: lost
  }
}

/** Each case at every entrance: outcome, ledger, no secret, recovery. */
export const faults = <Id>(
  options: Options<Id>,
  world: World,
  rule: string,
  cases: ReadonlyArray<Case>,
  how: ReadonlyArray<"once" | "for ever"> = ["once", "for ever"]
): void => {
  const test = (kind: "once" | "for ever") => (how.includes(kind) ? it.scoped : () => {})
  const capable = capabilities(options)
  for (const entrance of capable.entrances) {
    for (const one of cases) {
      const title = `${rule}: ${one.name} to ${entrance.name}`

      test("once")(`${title}, once: ${(one.retried ? once : refused)(capable, entrance, one).outcome}`, () =>
        Effect.gen(function* () {
          const harness = yield* setUp(options, world)
          const { call, calls, counts, during, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          yield* sandbox.fault(entrance.endpoint, one.fault(now))
          const expected = (one.retried ? once : refused)(capable, entrance, one)
          const patience = one.retried ? "3 seconds" : 0
          const [outcome] = yield* during(patience, Effect.all([call, calls(2)], { concurrency: 2 }))
          const { logins, requests, reuses } = yield* counts
          assert.deepStrictEqual(
            { outcome: said(outcome), logins, reuses },
            { outcome: expected.outcome, logins: expected.logins, reuses: expected.reuses }
          )
          if (expected.outcome !== "200") {
            failed(outcome, expected.outcome)
            assert.strictEqual(requests, 0)
            yield* recovers(harness, expected.byHand)
          }
        })
      )

      test("for ever")(`${title}, for ever`, () =>
        Effect.gen(function* () {
          const harness = yield* setUp(options, world)
          const { call, calls, counts, during, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          yield* sandbox.fault(entrance.endpoint, one.fault(now), { times: Infinity })
          const patience = one.retried ? "3 seconds" : 0
          const [outcome] = yield* during(patience, Effect.all([call, calls(2)], { concurrency: 2 }))
          const expected = one.retried
            ? always(capable, entrance, one, yield* sandbox.ledger)
            : refused(capable, entrance, one)
          const { faults, logins, requests, reuses } = yield* counts
          assert.deepStrictEqual(
            { outcome: said(outcome), logins, reuses },
            { outcome: expected.outcome, logins: expected.logins, reuses: expected.reuses }
          )
          assert.isAtMost(faults, !one.retried ? 1 : entrance.spends ? 2 : 4)
          if (expected.outcome !== "200") {
            failed(outcome, expected.outcome)
            assert.strictEqual(requests, 0)
            if (!one.retried) {
              // R11: the gate is closed, and says why.
              assert.deepStrictEqual(yield* calls(30), Array.replicate(expected.outcome, 30))
              assert.strictEqual((yield* counts).faults, 1)
            }
            yield* recovers(harness, expected.byHand)
          }
        })
      )
    }
  }
}
