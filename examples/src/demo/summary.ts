import * as Ledger from "@latchkey/testing/Ledger"
import * as Array from "effect/Array"
import * as Order from "effect/Order"
import type { Call, Happening, Pages } from "./journal.ts"

/** One provider after the run: what its callers saw, what its manager said, what its sandbox saw. */
export interface Observed extends Pages {
  readonly name: string
  readonly ledger: Ledger.Ledger
}

/** The figures of one provider. Logins, refreshes and rejections are the sandbox's. */
export interface Figures {
  readonly name: string
  readonly calls: number
  readonly failed: number
  readonly logins: number
  readonly refreshes: number
  /** Calls that the API answered with 401, and that succeeded with another token. */
  readonly healed: number
  /** Milliseconds of a call. */
  readonly median: number
  readonly p99: number
  readonly slowest: number
}

/** How the run went as a whole. */
export interface Verdict {
  readonly passed: boolean
  readonly calls: number
  readonly failed: number
  /** Where a manager and a sandbox count differently. */
  readonly disagreements: ReadonlyArray<string>
}

/** The value that so large a part of the sorted values does not exceed (nearest rank); 0 of none. */
export const percentile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0

/** How often each of these happened. */
export const count = (
  happenings: ReadonlyArray<Happening>,
  ...tags: ReadonlyArray<Happening["_tag"]>
): number => happenings.filter(({ _tag }) => tags.includes(_tag)).length

/** Why calls failed, call by call. */
const failures = (calls: ReadonlyArray<Call>): ReadonlyArray<string> =>
  Array.getSomes(calls.map(({ failure }) => failure))

/** Each call has a path of its own: the one that was answered with 401 and then accepted is healed. */
const healed = (ledger: Ledger.Ledger): number => {
  const requests = Ledger.entries(ledger, "Request")
  const accepted = new Set(requests.filter((_) => _.accepted).map((_) => _.path))
  const rejected = new Set(requests.filter((_) => !_.accepted && _.status === 401).map((_) => _.path))
  return [...rejected].filter((path) => accepted.has(path)).length
}

export const figures = ({ calls, ledger, name }: Observed): Figures => {
  const { logins, refreshes } = Ledger.count(ledger)
  const sorted = Array.sort(
    calls.map(({ millis }) => millis),
    Order.number
  )
  return {
    name,
    calls: calls.length,
    failed: failures(calls).length,
    logins,
    refreshes,
    healed: healed(ledger),
    median: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    slowest: percentile(sorted, 1)
  }
}

/** The figures of all providers together. */
export const total = (observed: ReadonlyArray<Observed>): Figures => ({
  ...figures({
    name: "together",
    calls: observed.flatMap(({ calls }) => calls),
    happenings: [],
    ledger: observed.flatMap(({ ledger }) => ledger)
  }),
  // Paths tell the calls of one provider apart, not those of all.
  healed: observed.reduce((sum, { ledger }) => sum + healed(ledger), 0)
})

/** Managers and sandboxes count the same things, each on its side of the wire: they must agree. */
const disagreements = ({ happenings, ledger, name }: Observed): ReadonlyArray<string> => {
  const { logins, refreshes } = Ledger.count(ledger)
  return [
    { what: "logins", sandbox: logins, manager: count(happenings, "Minted") },
    { what: "refreshes", sandbox: refreshes, manager: count(happenings, "Refreshed", "Rotated") }
  ]
    .filter(({ manager, sandbox }) => manager !== sandbox)
    .map(
      ({ manager, sandbox, what }) =>
        `${name}: its sandbox counts ${sandbox} ${what}, the events of its manager ${manager}`
    )
}

/** A run without calls proves nothing, and has not passed. */
export const verdict = (observed: ReadonlyArray<Observed>): Verdict => {
  const calls = observed.reduce((sum, { calls }) => sum + calls.length, 0)
  const failed = observed.reduce((sum, { calls }) => sum + failures(calls).length, 0)
  const disagree = observed.flatMap(disagreements)
  return {
    passed:
      calls > 0 && observed.every(({ calls }) => calls.length > 0) && failed === 0 && disagree.length === 0,
    calls,
    failed,
    disagreements: disagree
  }
}

/** What the program exits with. */
export const exitCode = ({ passed }: Verdict): number => (passed ? 0 : 1)

/** Why calls failed, and how often: the most frequent reasons first. */
export const reasons = ({ calls }: Pages): ReadonlyArray<readonly [reason: string, times: number]> =>
  Object.entries(Array.groupBy(failures(calls), (reason) => reason))
    .map(([reason, group]) => [reason, group.length] as const)
    .sort(([, a], [, b]) => b - a)
