import type { Happening } from "./journal.ts"
import type { Paint, Tone } from "./style.ts"
import type { Observed } from "./summary.ts"

/** Where the chart begins, and how much time one column is; milliseconds. */
export interface Axis {
  readonly startedAt: number
  readonly perColumn: number
  readonly columns: number
}

/** A call that takes longer than this is marked as slow. */
const slowAfter = 100

/** The marks of a chart, in the order of the legend. */
const marks = {
  login: ["L", "login", "strong"],
  refresh: ["R", "refresh", "strong"],
  rotation: ["O", "refresh, new refresh token", "strong"],
  adoption: ["A", "taken over from a sibling", "strong"],
  failedMint: ["x", "mint failed, tried again", "fault"],
  revoked: ["X", "access tokens revoked", "fault"],
  outage: ["5", "token endpoint answers 503", "fault"],
  refreshTokenExpired: ["E", "refresh token expired", "fault"],
  call: [".", "calls, all fine", "faint"],
  slowCall: ["o", `a call took over ${slowAfter} ms`, "fault"],
  failedCall: ["!", "a call failed", "bad"],
  replaced: ["-", "still valid, already replaced", "faint"]
} as const satisfies Record<string, readonly [char: string, meaning: string, tone: Tone]>

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

const callSpans = ({ calls }: Observed): ReadonlyArray<Span> => {
  const failed = calls.filter(({ failure }) => failure._tag === "Some")
  const slow = calls.filter(({ millis }) => millis > slowAfter)
  return [
    ...calls.map((_) => at(_.at, "call")),
    ...slow.map((_) => at(_.at, "slowCall")),
    ...failed.map((_) => at(_.at, "failedCall"))
  ]
}

const seconds = (axis: Axis): { readonly ruler: string; readonly labels: string } => {
  const perSecond = 1000 / axis.perColumn
  const ruler = Array.from({ length: axis.columns }, () => "-")
  const labels = Array.from({ length: axis.columns }, () => " ")
  for (let second = 0; Math.round(second * perSecond) < axis.columns; second++) {
    const column = Math.round(second * perSecond)
    ruler[column] = "|"
    ;[...`${second}${second === 0 ? " s" : ""}`].forEach((char, index) => {
      labels[column + index] = char
    })
  }
  return { ruler: ruler.join(""), labels: labels.join("").trimEnd() }
}

const indent = 12

/** How many columns a line of the chart has besides its cells. */
export const margin = indent + 2

/** A column is a tenth of a second, or as much more as it takes to fit into so many columns. */
const tenth = 100

/** The axis of charts that show `length` milliseconds, and whatever happened after them. */
export const axis = (
  startedAt: number,
  length: number,
  maxColumns: number,
  observed: ReadonlyArray<Observed>
): Axis => {
  const last = observed
    .flatMap(({ calls, happenings }) => [calls.at(-1)?.at ?? startedAt, happenings.at(-1)?.at ?? startedAt])
    .reduce((a, b) => Math.max(a, b), startedAt + length - 1)
  const span = last + 1 - startedAt
  const perColumn = Math.max(tenth, span / maxColumns)
  return { startedAt, perColumn, columns: Math.ceil(span / perColumn) }
}

/** The life of a provider's tokens as a chart, one line per row. */
export const chart = (paint: Paint, axis: Axis, observed: Observed): ReadonlyArray<string> => {
  const { happenings, name } = observed
  const endedAt = axis.startedAt + axis.perColumn * axis.columns
  const tokens = lives(happenings, endedAt)
  const lane = (parity: number) =>
    tokens.filter(({ generation }) => generation % 2 === parity).flatMap(lifeSpans)
  const { labels, ruler } = seconds(axis)
  const row = (label: string, spans: ReadonlyArray<Span>): string =>
    `  ${label.padEnd(indent - 2)}${paintCells(paint, draw(axis, spans))}`.trimEnd()
  return [
    paint("strong", name),
    row("faults", faultSpans(happenings, endedAt)),
    row("mints", mintSpans(happenings)),
    row("tokens", lane(1)),
    row("", lane(0)),
    row("calls", callSpans(observed)),
    `${" ".repeat(indent)}${paint("faint", ruler)}`,
    `${" ".repeat(indent)}${paint("faint", labels)}`
  ]
}

/** A mark and what it means. */
export interface Meaning {
  readonly char: string
  readonly meaning: string
  readonly tone: Tone
}

/** What the marks of these charts mean: those only that occur. */
export const legend = (axis: Axis, observed: ReadonlyArray<Observed>): ReadonlyArray<Meaning> => {
  const endedAt = axis.startedAt + axis.perColumn * axis.columns
  const rows = observed.flatMap((_) => [
    faultSpans(_.happenings, endedAt),
    mintSpans(_.happenings),
    lives(_.happenings, endedAt).flatMap(lifeSpans),
    callSpans(_)
  ])
  // By tone as well: a digit is the number of a token, and the 5 of an outage is not.
  const present = new Set(rows.flat().map(({ cell }) => `${cell.char} ${cell.tone}`))
  return [
    { char: "1", meaning: "token 1 in use", tone: "token" },
    ...Object.values(marks)
      .map(([char, meaning, tone]): Meaning => ({ char, meaning, tone }))
      .filter(({ char, tone }) => present.has(`${char} ${tone}`))
  ]
}
