import { list, nameColumns, number, plural, wrap } from "./format.ts"
import { fit } from "./layout.ts"
import type { Size } from "./layout.ts"
import type { Paint, Tone } from "./style.ts"
import type { Figures, Observed, Verdict } from "./summary.ts"
import { count, figures, reasons, total } from "./summary.ts"
import * as Timeline from "./timeline.ts"

/** Of a file or a pipe: as many as it takes for a column to be a tenth of a second. No line is left out. */
export const unbounded: Size = { columns: 90 + Timeline.margin, rows: Number.POSITIVE_INFINITY }

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

const allColumns: ReadonlyArray<Column> = [
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

/** What is left out where the columns do not suffice, the first one first. */
const dispensable = ["median", "p99", "401s healed", "refreshes", "logins"]

/** The figures of all providers, one row each, as far apart as they fit. */
export const table = (
  paint: Paint,
  rows: ReadonlyArray<Figures>,
  maxWidth: number
): ReadonlyArray<string> => {
  const widthOf = ({ cell, title }: Column) => Math.max(title.length, ...rows.map((row) => cell(row).length))
  const names = Math.max(nameColumns, ...rows.map(({ name }) => name.length))
  const leastOf = (shown: ReadonlyArray<Column>) =>
    shown.reduce((sum, column) => sum + widthOf(column), names)
  let columns = allColumns
  for (const title of dispensable) {
    if (leastOf(columns) + columns.length <= maxWidth) {
      break
    }
    columns = columns.filter((column) => column.title !== title)
  }
  const widths = columns.map(widthOf)
  const least = leastOf(columns)
  const gap = Math.min(8, Math.max(1, Math.floor((maxWidth - least) / columns.length)))
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

/** How to read a chart. */
const caption = (where: string): string =>
  `Each chart is one provider from start to end. A new token takes over before the old one expires${where}; only a ` +
  "revoked token leaves a gap, and calls wait in it rather than fail."

const maxReasons = 5

/** What went wrong, line by line; nothing if nothing did. */
const complaints = (
  paint: Paint,
  observed: ReadonlyArray<Observed>,
  verdict: Verdict,
  columns: number
): ReadonlyArray<string> =>
  [
    ...observed.flatMap((one) =>
      reasons(one)
        .slice(0, maxReasons)
        .map(([reason, times]) => `${one.name}: ${plural(times, "call", "calls")} failed: ${reason}`)
    ),
    ...verdict.disagreements
  ]
    .flatMap((text) => wrap(text, columns))
    .map((line) => paint("bad", line))

/** How the run went, in one sentence. */
const closing = (observed: ReadonlyArray<Observed>, verdict: Verdict): string => {
  if (verdict.passed) {
    const happenings = observed.flatMap(({ happenings }) => happenings)
    const faults = list([
      plural(count(happenings, "TokensRevoked"), "revocation", "revocations"),
      plural(count(happenings, "OutageBegan"), "outage", "outages"),
      plural(count(happenings, "RefreshTokenExpired"), "expired refresh token", "expired refresh tokens")
    ])
    return `PASSED: all ${number(verdict.calls)} calls succeeded, through ${faults}.`
  }
  if (verdict.calls === 0) {
    return "FAILED: no call was made."
  }
  return (
    `FAILED: ${number(verdict.failed)} of ${plural(verdict.calls, "call", "calls")} failed` +
    (verdict.disagreements.length > 0 ? ", and what was counted disagrees." : ".")
  )
}

/** A run after its end. */
export interface Ended {
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** How long it was to last, in milliseconds. */
  readonly length: number
  readonly observed: ReadonlyArray<Observed>
  readonly verdict: Verdict
}

/**
 * What the marks mean, the charts, the figures and the verdict: whole in so many columns and rows. It leaves
 * the last row to the shell, which asks for the next command there. What failed is never left out.
 */
export const report = (paint: Paint, ended: Ended, size: Size): string => {
  const { length, observed, startedAt, verdict } = ended
  const { columns, rows: available } = size
  const axis = Timeline.axis(startedAt, length, columns - Timeline.margin, observed)
  const marks = Timeline.occurring(axis, observed)
  const rows = observed.map(figures)
  const all = table(paint, [...rows, total(observed)], columns)
  const end = [
    ...complaints(paint, observed, verdict, columns),
    ...wrap(closing(observed, verdict), columns).map((line) => paint(verdict.passed ? "good" : "bad", line))
  ]
  const legend = Timeline.legend(paint, marks, columns)
  const compactLegend = Timeline.compactLegend(paint, marks, columns)
  const compact = [
    ...observed.flatMap((one) => Timeline.compactChart(paint, axis, one)),
    Timeline.compactScale(paint, axis)
  ]
  const scale = Timeline.scale(paint, axis)
  const lanes = wrap(caption(", on the other of the two token lines"), columns)
  return fit(
    [
      () => [
        "",
        ...legend,
        "",
        ...lanes,
        "",
        ...observed.flatMap((one) => [...Timeline.chart(paint, axis, one), ...scale, ""]),
        ...all,
        "",
        ...end
      ],
      () => [
        ...legend,
        "",
        ...observed.flatMap((one) => Timeline.chart(paint, axis, one)),
        ...scale,
        ...all,
        "",
        ...end
      ],
      () => [...compactLegend, "", ...wrap(caption(""), columns), "", ...compact, "", ...all, "", ...end],
      () => [...compactLegend, ...compact, ...table(paint, rows, columns), ...end],
      () => [...compactLegend, ...compact, ...end],
      () => [...table(paint, rows, columns), ...end],
      () => end
    ],
    { columns, rows: available - 1 }
  ).join("\n")
}

/** What an interrupted run came to. */
export const interrupted = ({ calls, failed }: Verdict): string =>
  `\nInterrupted: ${number(failed)} of ${plural(calls, "call", "calls")} had failed.`
