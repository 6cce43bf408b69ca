import { contenders } from "./contenders.ts"
import type { Round } from "./Measure.ts"
import { measures } from "./measures.ts"
import { median } from "./stats.ts"

export interface ImportCost {
  /** Minified and compressed, of what it adds to the base. */
  readonly gzip: number
  readonly millis: ReadonlyArray<number>
}

export interface Results {
  readonly rounds: Record<string, Record<string, Array<Round>>>
  imports: Record<string, ImportCost>
}

export interface About {
  readonly command: string
  readonly machine: string
  readonly seconds: number
  readonly rounds: number
}

const number = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1_000
    ? String(Math.round(value))
    : value.toFixed(Math.abs(value) < 10 ? 2 : 1)

/** The median, and the least and the most where they differ. */
const cell = (values: ReadonlyArray<number>): string => {
  const text = number(median(values))
  const [least, most] = [number(Math.min(...values)), number(Math.max(...values))]
  return least === most ? text : `${text} (${least} to ${most})`
}

const of = (rounds: ReadonlyArray<Round>, figure: string): ReadonlyArray<number> =>
  rounds.map((round) => round.figures[figure] ?? Number.NaN)

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")

/** What the child adds to every round. */
const everywhere = "unhandled"

export const markdown = (results: Results, about: About): string => {
  const parts = [
    `\`${about.command}\`: ${about.rounds} rounds, ${about.seconds.toFixed(0)} s, ${about.machine}. ` +
      "Medians, and in brackets the least and the most."
  ]
  for (const measure of measures) {
    const row = results.rounds[measure.name]
    if (row === undefined) {
      continue
    }
    const figures = [
      ...new Set(
        Object.values(row).flatMap((rounds) => rounds.flatMap(({ figures }) => Object.keys(figures)))
      )
    ].filter((figure) => figure !== everywhere || measure.name === "down")
    parts.push(
      `### ${measure.name}: ${measure.title}`,
      table(
        ["", ...figures],
        contenders
          .filter(({ name }) => row[name] !== undefined)
          .map(({ name }) => [name].concat(figures.map((figure) => cell(of(row[name] ?? [], figure)))))
      )
    )
  }
  const imports = Object.entries(results.imports)
  if (imports.length > 0) {
    parts.push(
      "### import: what one provider, or one peer, adds to its base",
      table(
        ["", "bytes, min + gzip", "ms"],
        imports.map(([name, cost]) => [name, number(cost.gzip), cell(cost.millis)])
      )
    )
  }
  return `${parts.join("\n\n")}\n`
}
