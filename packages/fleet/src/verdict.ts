import { violations } from "./fleet.ts"
import type { Outcome } from "./fleet.ts"

const columns: ReadonlyArray<readonly [title: string, cell: (outcome: Outcome) => string | number]> = [
  ["", ({ store }) => store],
  ["calls", ({ calls }) => calls.toLocaleString("en")],
  ["failed", ({ failures }) => failures.length],
  ["mints", ({ mints }) => mints],
  ["optimum", ({ optimum }) => optimum],
  ["kills", ({ kills }) => kills],
  ["in mint", ({ killsWithinMint }) => killsWithinMint],
  ["reuses", ({ reuses }) => reuses],
  ["lost grants", ({ grantsLost }) => grantsLost],
  ["slowest", ({ slowest }) => `${slowest.toLocaleString("en")} ms`]
]

/** The figures of each store under their titles, as wide as they are and no wider. */
export const table = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const rows = [
    columns.map(([title]) => title),
    ...outcomes.map((one) => columns.map(([, cell]) => String(cell(one))))
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((text, index) =>
        index === 0 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0)
      )
      .join(" ")
  )
}

/** Why a store was not run. */
export interface Skipped {
  readonly store: string
  readonly reason: string
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

/** What the columns "reuses" and "lost grants" say of a run that passed, and why it has passed all the same. */
const explanation = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, one) => total + of(one), 0)
  const reuses = sum((one) => one.reuses)
  const lost = sum((one) => one.grantsLost)
  const within = sum((one) => one.killsWithinMint)
  if (reuses === 0 && lost === 0) {
    return [
      "No refresh token was used twice (reuses), so the server took back no permission",
      "to refresh (lost grants)."
    ]
  }
  return [
    `${plural(reuses, "reuse")}, ${plural(lost, "lost grant")}: no more than ${plural(within, "kill")} within a mint may cost.`,
    "A process that is killed after the server has sent a new refresh token, and",
    "before it has stored it, takes the only copy with it. The store still has the",
    "spent one. The next process sends that, once: a reuse. The server takes it for",
    "theft and takes back the permission that all refresh tokens come from: a lost",
    "grant. The process goes on with the refresh token that is configured next, and",
    "no call fails. No client can do better: nobody else has the new token. A reuse",
    "or a lost grant that no such kill explains is FAILED."
  ]
}

/** Whether all that was run held, the reasons if not, and what the figures mean if so. */
export const verdict = (
  outcomes: ReadonlyArray<Outcome>,
  skipped: ReadonlyArray<Skipped>
): { readonly passed: boolean; readonly lines: ReadonlyArray<string> } => {
  const notRun = skipped.map(({ reason, store }) => `NOT RUN: ${store}: ${reason}`)
  if (outcomes.length === 0) {
    return { passed: false, lines: [...notRun, "FAILED: no store was run."] }
  }
  const broken = outcomes.flatMap((outcome) => violations(outcome).map((what) => `${outcome.store}: ${what}`))
  if (broken.length > 0) {
    return { passed: false, lines: [...notRun, "FAILED:", ...broken] }
  }
  const calls = outcomes.reduce((total, one) => total + one.calls, 0).toLocaleString("en")
  const stores = outcomes.map(({ store }) => store).join(", ")
  return {
    passed: true,
    lines: [...notRun, `PASSED: none of ${calls} calls failed (${stores}).`, ...explanation(outcomes)]
  }
}
