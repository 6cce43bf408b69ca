import { nameColumns } from "./format.ts"
import type { Happening, Pages } from "./journal.ts"
import type { Paint, Tone } from "./style.ts"

/** What was written down about a provider, and its name. */
interface Named extends Pages {
  readonly name: string
}

/** Where the chart begins, and how much time one column is; milliseconds. */
export interface Axis {
  readonly startedAt: number
  readonly perColumn: number
  readonly columns: number
}

/** A call that takes longer than this is marked as slow. */
const slowAfter = 100

/** The rows of a chart. */
const rows = ["faults", "mints", "tokens", "calls"] as const

type Row = (typeof rows)[number]

/** The marks of a chart, in the order of the legend. */
const marks = {
  revoked: ["X", "tokens revoked", "fault", "faults"],
  outage: ["5", "endpoint answers 503", "fault", "faults"],
  refreshTokenExpired: ["E", "refresh token expired", "fault", "faults"],
  login: ["L", "login", "strong", "mints"],
  refresh: ["R", "refresh", "strong", "mints"],
  rotation: ["O", "refresh, new refresh token", "strong", "mints"],
  adoption: ["A", "taken over from a sibling", "strong", "mints"],
  failedMint: ["x", "mint failed", "fault", "mints"],
  replaced: ["-", "still valid, already replaced", "faint", "tokens"],
  call: [".", "calls, all fine", "faint", "calls"],
  slowCall: ["o", `a call took over ${slowAfter} ms`, "fault", "calls"],
  failedCall: ["!", "a call failed", "bad", "calls"]
} as const satisfies Record<string, readonly [char: string, meaning: string, tone: Tone, row: Row]>

type Mark = keyof typeof marks

interface Cell {
  readonly char: string
  readonly tone: Tone
}

/** What stands from one moment up to another; epoch milliseconds. */
interface Span {
  readonly from: number
  readonly until: number
  readonly cell: Cell
}

const markCell = (mark: Mark): Cell => ({ char: marks[mark][0], tone: marks[mark][2] })

const at = (moment: number, mark: Mark): Span => ({ from: moment, until: moment, cell: markCell(mark) })

const column = ({ perColumn, startedAt }: Axis, moment: number): number =>
  Math.floor((moment - startedAt) / perColumn)

/** Later spans stand over earlier ones. A span fills at least the column where it begins. */
const draw = (axis: Axis, spans: ReadonlyArray<Span>): ReadonlyArray<Cell> => {
  const cells: Array<Cell> = Array.from({ length: axis.columns }, () => ({ char: " ", tone: "plain" }))
  for (const { cell, from, until } of spans) {
    const first = column(axis, from)
    const last = Math.max(first, Math.ceil((until - axis.startedAt) / axis.perColumn) - 1)
    for (let index = Math.max(0, first); index <= Math.min(last, axis.columns - 1); index++) {
      cells[index] = cell
    }
  }
  return cells
}

/** Neighbours of one tone are painted at once, and the blanks at the end are left out. */
const paintCells = (paint: Paint, cells: ReadonlyArray<Cell>): string => {
  const end = cells
    .map(({ char }) => char)
    .join("")
    .trimEnd().length
  let line = ""
  for (let from = 0; from < end;) {
    const tone = cells[from]?.tone ?? "plain"
    let to = from
    while (to < end && cells[to]?.tone === tone) to++
    line += paint(
      tone,
      cells
        .slice(from, to)
        .map(({ char }) => char)
        .join("")
    )
    from = to
  }
  return line
}

/** The life of one token as far as the run shows it; epoch milliseconds. */
interface Life {
  readonly generation: number
  readonly from: number
  /** Until when it was sent: it was replaced, rejected, or expired. */
  readonly usedUntil: number
  /** Until when the provider accepted it: it expired or was revoked. */
  readonly validUntil: number
}

const isServed = (happening: Happening) =>
  happening._tag === "Minted" ||
  happening._tag === "Refreshed" ||
  happening._tag === "Rotated" ||
  happening._tag === "Adopted"

/** The lives of all tokens, oldest first. */
const lives = (happenings: ReadonlyArray<Happening>, endedAt: number): ReadonlyArray<Life> => {
  const served = happenings.filter(isServed)
  return served.map(({ at: from, expiresAt, generation }, index) => {
    const replacedAt = served[index + 1]?.at ?? endedAt
    const rejectedAt =
      happenings.find((_) => _._tag === "Rejected" && _.generation === generation)?.at ?? endedAt
    const revokedAt = happenings.find((_) => _._tag === "TokensRevoked" && _.at >= from)?.at ?? endedAt
    const validUntil = Math.min(expiresAt, revokedAt, rejectedAt, endedAt)
    return { generation, from, usedUntil: Math.min(replacedAt, rejectedAt, expiresAt, endedAt), validUntil }
  })
}

const lifeSpans = ({ from, generation, usedUntil, validUntil }: Life): ReadonlyArray<Span> => {
  const cell: Cell = { char: String(generation % 10), tone: generation % 2 === 0 ? "other" : "token" }
  return [
    { from: usedUntil, until: Math.max(usedUntil, validUntil), cell: markCell("replaced") },
    { from, until: usedUntil, cell }
  ].filter(({ from, until }) => until > from)
}

const faultSpans = (happenings: ReadonlyArray<Happening>, endedAt: number): ReadonlyArray<Span> => {
  const outages = happenings
    .filter(({ _tag }) => _tag === "OutageBegan")
    .map(({ at: from }) => ({
      from,
      until: happenings.find((_) => _._tag === "OutageEnded" && _.at >= from)?.at ?? endedAt,
      cell: markCell("outage")
    }))
  const moments = happenings.flatMap((_) =>
    _._tag === "TokensRevoked"
      ? [at(_.at, "revoked")]
      : _._tag === "RefreshTokenExpired"
        ? [at(_.at, "refreshTokenExpired")]
        : []
  )
  return [...outages, ...moments]
}

const mintMarks: Partial<Record<Happening["_tag"], Mark>> = {
  Minted: "login",
  Refreshed: "refresh",
  Rotated: "rotation",
  Adopted: "adoption"
}

const mintSpans = (happenings: ReadonlyArray<Happening>): ReadonlyArray<Span> => [
  ...happenings.filter(({ _tag }) => _tag === "MintFailed").map((_) => at(_.at, "failedMint")),
  ...happenings.flatMap((_) => {
    const mark = mintMarks[_._tag]
    return mark === undefined ? [] : [at(_.at, mark)]
  })
]

const callSpans = ({ calls }: Pages): ReadonlyArray<Span> => {
  const failed = calls.filter(({ failure }) => failure._tag === "Some")
  const slow = calls.filter(({ millis }) => millis > slowAfter)
  return [
    ...calls.map((_) => at(_.at, "call")),
    ...slow.map((_) => at(_.at, "slowCall")),
    ...failed.map((_) => at(_.at, "failedCall"))
  ]
}

const ruler = (axis: Axis): { readonly ticks: string; readonly labels: string; readonly both: string } => {
  const perSecond = 1000 / axis.perColumn
  const ticks = Array.from({ length: axis.columns }, () => "-")
  const labels = Array.from({ length: axis.columns }, () => " ")
  const both = [...ticks]
  for (let second = 0; Math.round(second * perSecond) < axis.columns; second++) {
    const column = Math.round(second * perSecond)
    ticks[column] = "|"
    ;[...`${second}${second === 0 ? " s" : ""}`].forEach((char, index) => {
      labels[column + index] = char
      both[column + index] = char
    })
  }
  return { ticks: ticks.join(""), labels: labels.join("").trimEnd(), both: both.join("") }
}

/** How many columns the label of a row takes, or the name of a provider in its place. */
export const indent = nameColumns

/** How many columns a line of the chart has besides its cells. */
export const margin = indent + 2

/** How finely time is divided: a column is so many milliseconds at least. */
const finest = 50

/** The axis of charts that show `length` milliseconds, and whatever happened after them, in all columns there are. */
export const axis = (
  startedAt: number,
  length: number,
  maxColumns: number,
  observed: ReadonlyArray<Pages>
): Axis => {
  const last = observed
    .flatMap(({ calls, happenings }) => [calls.at(-1)?.at ?? startedAt, happenings.at(-1)?.at ?? startedAt])
    .reduce((a, b) => Math.max(a, b), startedAt + length - 1)
  const span = last + 1 - startedAt
  const perColumn = Math.max(finest, span / Math.max(1, maxColumns))
  return { startedAt, perColumn, columns: Math.ceil(span / perColumn) }
}

/** Where an axis ends, in epoch milliseconds. */
const end = ({ columns, perColumn, startedAt }: Axis): number => startedAt + perColumn * columns

const tokenSpans = (happenings: ReadonlyArray<Happening>, until: number, parity: number) =>
  lives(happenings, until)
    .filter(({ generation }) => generation % 2 === parity)
    .flatMap(lifeSpans)

const labelled = (paint: Paint, axis: Axis, label: string, spans: ReadonlyArray<Span>): string =>
  `${label.padEnd(indent)}${paintCells(paint, draw(axis, spans))}`.trimEnd()

/** The life of a provider's tokens up to a moment as a chart, one line per row. */
export const chart = (
  paint: Paint,
  axis: Axis,
  observed: Named,
  until: number = end(axis)
): ReadonlyArray<string> => {
  const { happenings, name } = observed
  const row = (label: string, spans: ReadonlyArray<Span>): string =>
    labelled(paint, axis, `  ${label}`, spans)
  return [
    paint("strong", name),
    row("faults", faultSpans(happenings, until)),
    row("mints", mintSpans(happenings)),
    row("tokens", tokenSpans(happenings, until, 1)),
    row("", tokenSpans(happenings, until, 0)),
    row("calls", callSpans(observed))
  ]
}

/** The same in two lines: what happened to the tokens, and which of them was in use. */
export const compactChart = (
  paint: Paint,
  axis: Axis,
  observed: Named,
  until: number = end(axis)
): ReadonlyArray<string> => {
  const { happenings, name } = observed
  const upper = [...faultSpans(happenings, until), ...mintSpans(happenings)]
  const used = lives(happenings, until).flatMap((life) => lifeSpans({ ...life, validUntil: life.usedUntil }))
  const calls = callSpans(observed).filter(({ cell }) => cell.char !== marks.call[0])
  const label = name.slice(0, indent - 1).padEnd(indent)
  return [
    `${paint("strong", label)}${paintCells(paint, draw(axis, upper))}`.trimEnd(),
    labelled(paint, axis, "", [...used, ...calls])
  ]
}

/** The seconds under a chart. */
export const scale = (paint: Paint, axis: Axis): ReadonlyArray<string> => {
  const { labels, ticks } = ruler(axis)
  return [ticks, labels].map((text) => `${" ".repeat(indent)}${paint("faint", text)}`)
}

/** The same in one line. */
export const compactScale = (paint: Paint, axis: Axis): string =>
  `${" ".repeat(indent)}${paint("faint", ruler(axis).both)}`

/** A mark and what it means. */
export interface Meaning {
  readonly char: string
  readonly meaning: string
  readonly tone: Tone
  readonly row: Row
}

const meanings: ReadonlyArray<Meaning> = [
  { char: "1", meaning: "token 1 in use", tone: "token", row: "tokens" },
  ...Object.values(marks).map(([char, meaning, tone, row]): Meaning => ({ char, meaning, tone, row }))
]

/** What the marks of a run mean, before it began. Nothing is taken over: no other process has these tokens. */
export const possible: ReadonlyArray<Meaning> = meanings.filter(({ char }) => char !== marks.adoption[0])

/** What the marks of these charts mean: those only that occur. */
export const occurring = (axis: Axis, observed: ReadonlyArray<Pages>): ReadonlyArray<Meaning> => {
  const spans = observed.flatMap((_) => [
    faultSpans(_.happenings, end(axis)),
    mintSpans(_.happenings),
    lives(_.happenings, end(axis)).flatMap(lifeSpans),
    callSpans(_)
  ])
  // By tone as well: a digit is the number of a token, and the 5 of an outage is not.
  const present = new Set(spans.flat().map(({ cell }) => `${cell.char} ${cell.tone}`))
  return meanings.filter(({ char, tone }, index) => index === 0 || present.has(`${char} ${tone}`))
}

/** Meanings side by side, as many to a line as fit beside the label of the first one. */
const legendLines = (
  paint: Paint,
  label: string,
  shown: ReadonlyArray<Meaning>,
  columns: number
): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let room = 0
  for (const { char, meaning, tone } of shown) {
    const text = `${paint(tone, char)} ${meaning}`
    const width = char.length + 1 + meaning.length
    if (lines.length > 0 && width + 2 <= room) {
      lines[lines.length - 1] += `  ${text}`
      room -= width + 2
    } else {
      lines.push(`${(lines.length === 0 ? label : "").padEnd(indent)}${text}`)
      room = columns - indent - width
    }
  }
  return lines
}

/** The marks of the charts and what they mean, row by row as they stand there. */
export const legend = (paint: Paint, shown: ReadonlyArray<Meaning>, columns: number): ReadonlyArray<string> =>
  rows.flatMap((row) =>
    legendLines(
      paint,
      `  ${row}`,
      shown.filter((_) => _.row === row),
      columns
    )
  )

/** The marks of compact charts; those that are drawn nowhere in them are left out. */
export const compactLegend = (
  paint: Paint,
  shown: ReadonlyArray<Meaning>,
  columns: number
): ReadonlyArray<string> => {
  const drawn = shown.filter(({ char }) => char !== marks.call[0] && char !== marks.replaced[0])
  const isUpper = ({ row }: Meaning) => row === "faults" || row === "mints"
  return [
    ...legendLines(paint, "upper line", drawn.filter(isUpper), columns),
    ...legendLines(
      paint,
      "lower line",
      drawn.filter((_) => !isUpper(_)),
      columns
    )
  ]
}
