import { list, nameColumns, number, plural, wrap } from "./format.ts"
import type { Paint, Tone } from "./style.ts"
import type { Figures, Observed, Verdict } from "./summary.ts"
import { count, figures, reasons, total } from "./summary.ts"
import * as Timeline from "./timeline.ts"

/** The widest line of the demo, where the terminal is no narrower. */
export const maxColumns = 100 + Timeline.margin

/** What the opening tells. */
export interface Plan {
  readonly names: ReadonlyArray<string>
  readonly accessLifetime: number
  readonly latency: number
  readonly length: number
  readonly callers: number
  readonly every: number
}

/** What is about to happen. */
export const opening = (paint: Paint, plan: Plan, columns: number): string =>
  [
    paint("strong", "Latchkey keeps access tokens alive. Watch it do so."),
    "",
    ...wrap(
      `${list(plan.names)} run as sandboxes on this machine, with access tokens that live ${plan.accessLifetime / 1000} s and ` +
        `token endpoints that take ${plan.latency} ms. For ${plan.length / 1000} s, ${plan.callers} callers per provider ` +
        `send a request every ${plan.every} ms, all through one HttpClient. They know nothing of tokens. Meanwhile tokens ` +
        `are revoked, token endpoints answer 503, and refresh tokens expire. No call should fail.`,
      Math.min(columns, 100)
    ),
    ""
  ].join("\n")

interface Column {
  readonly title: string
  readonly cell: (figures: Figures) => string
  readonly tone?: (figures: Figures) => Tone
}

const millis = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

const columns: ReadonlyArray<Column> = [
  { title: "calls", cell: ({ calls }) => number(calls) },
  {
    title: "failed",
    cell: ({ failed }) => number(failed),
    tone: ({ failed }) => (failed > 0 ? "bad" : "good")
  },
  { title: "logins", cell: ({ logins }) => number(logins) },
  { title: "refreshes", cell: ({ refreshes }) => number(refreshes) },
  { title: "401s healed", cell: ({ healed }) => number(healed) },
  { title: "median", cell: ({ median }) => millis(median) },
  { title: "p99", cell: ({ p99 }) => millis(p99) },
  { title: "slowest", cell: ({ slowest }) => millis(slowest) }
]

/** The figures of all providers, one row each, as far apart as they fit. */
export const table = (
  paint: Paint,
  rows: ReadonlyArray<Figures>,
  maxWidth: number
): ReadonlyArray<string> => {
  const widths = columns.map(({ cell, title }) =>
    Math.max(title.length, ...rows.map((row) => cell(row).length))
  )
  const names = Math.max(nameColumns, ...rows.map(({ name }) => name.length))
  const least = names + widths.reduce((sum, width) => sum + width, 0)
  const gap = Math.min(4, Math.max(1, Math.floor((maxWidth - least) / columns.length)))
  const pad = (text: string, index: number): string => text.padStart((widths[index] ?? 0) + gap)
  return [
    paint("faint", `${" ".repeat(names)}${columns.map(({ title }, index) => pad(title, index)).join("")}`),
    ...rows.map((row) => {
      const cells = columns.map(({ cell, tone }, index) =>
        paint(tone?.(row) ?? "plain", pad(cell(row), index))
      )
      return `${paint("strong", row.name.padEnd(names))}${cells.join("")}`
    })
  ]
}

/** The marks of the charts and what they mean, in as many columns as fit. */
const legend = (
  paint: Paint,
  meanings: ReadonlyArray<Timeline.Meaning>,
  columns: number
): ReadonlyArray<string> => {
  const width = Math.max(...meanings.map(({ meaning }) => meaning.length)) + 6
  const perLine = Math.max(1, Math.floor((columns - 2) / width))
  const cells = meanings.map(
    ({ char, meaning, tone }) => `${paint(tone, char)}  ${meaning}${" ".repeat(width - 3 - meaning.length)}`
  )
  return cells
    .filter((_, index) => index % perLine === 0)
    .map((_, line) => `  ${cells.slice(line * perLine, (line + 1) * perLine).join("")}`.trimEnd())
}

/** How to read a chart. */
const caption =
  "Each chart is one provider from start to end. A new token takes over before the old one expires, on the other " +
  "of the two token lines; only a revoked token leaves a gap, and calls wait in it rather than fail."

const maxReasons = 5

/** What went wrong, line by line; nothing if nothing did. */
const complaints = (
  paint: Paint,
  observed: ReadonlyArray<Observed>,
  verdict: Verdict
): ReadonlyArray<string> => [
  ...observed.flatMap((one) =>
    reasons(one)
      .slice(0, maxReasons)
      .map(([reason, times]) =>
        paint("bad", `${one.name}: ${plural(times, "call", "calls")} failed: ${reason}`)
      )
  ),
  ...verdict.disagreements.map((text) => paint("bad", text))
]

/** How the run went, in one sentence. */
const closing = (paint: Paint, observed: ReadonlyArray<Observed>, verdict: Verdict): string => {
  if (verdict.passed) {
    const happenings = observed.flatMap(({ happenings }) => happenings)
    const faults = list([
      plural(count(happenings, "TokensRevoked"), "revocation", "revocations"),
      plural(count(happenings, "OutageBegan"), "outage", "outages"),
      plural(count(happenings, "RefreshTokenExpired"), "expired refresh token", "expired refresh tokens")
    ])
    return paint("good", `PASSED: all ${number(verdict.calls)} calls succeeded, through ${faults}.`)
  }
  if (verdict.calls === 0) {
    return paint("bad", "FAILED: no call was made.")
  }
  return paint(
    "bad",
    `FAILED: ${number(verdict.failed)} of ${plural(verdict.calls, "call", "calls")} failed` +
      (verdict.disagreements.length > 0 ? ", and what was counted disagrees." : ".")
  )
}

/** The figures, the charts and the verdict. */
export const report = (
  paint: Paint,
  axis: Timeline.Axis,
  observed: ReadonlyArray<Observed>,
  verdict: Verdict,
  columns: number
): string =>
  [
    "",
    ...table(paint, [...observed.map(figures), total(observed)], columns),
    "",
    ...wrap(caption, columns),
    "",
    ...observed.flatMap((one) => [...Timeline.chart(paint, axis, one), ""]),
    ...legend(paint, Timeline.legend(axis, observed), columns),
    "",
    ...complaints(paint, observed, verdict),
    closing(paint, observed, verdict)
  ].join("\n")

/** What an interrupted run came to. */
export const interrupted = ({ calls, failed }: Verdict): string =>
  `\nInterrupted: ${number(failed)} of ${plural(calls, "call", "calls")} had failed.`
