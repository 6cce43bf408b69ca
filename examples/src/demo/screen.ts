import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { isatty } from "node:tty"
import { minColumns } from "./live.ts"
import { maxColumns } from "./render.ts"
import * as Style from "./style.ts"

/** Where the demo is shown. */
export interface Screen {
  /** Whether lines can be drawn over: a terminal, no dumb one, wide enough that no line wraps. */
  readonly redraws: boolean
  readonly columns: number
  readonly paint: Style.Paint
  /** Prints text and ends its line. */
  readonly print: (text: string) => Effect.Effect<void>
}

/** Looks at standard output. Colours need a terminal, and no `NO_COLOR` (https://no-color.org). */
export const detect: Effect.Effect<Screen> = Effect.gen(function* () {
  const term = yield* Effect.orElseSucceed(Config.string("TERM"), () => "")
  const noColor = yield* Effect.orElseSucceed(Config.string("NO_COLOR"), () => "")
  const isTerminal = isatty(1) && term !== "dumb"
  const columns = isTerminal ? process.stdout.columns : maxColumns
  return {
    redraws: isTerminal && columns >= minColumns,
    columns: Math.min(Math.max(columns, minColumns), maxColumns),
    paint: isTerminal && noColor === "" ? Style.ansi : Style.plain,
    print: Console.log
  }
})

/** Draws lines, each time over those that it drew before. */
export const redraw = (
  screen: Screen
): Effect.Effect<(lines: ReadonlyArray<string>) => Effect.Effect<void>> =>
  Effect.map(
    Ref.make(0),
    (drawn) => (lines) =>
      Effect.flatMap(Ref.getAndSet(drawn, lines.length), (before) => {
        // CSI A: so many lines up; CSI K: clear to the end of the line (ECMA-48).
        const up = before > 0 ? `\u001B[${before}A` : ""
        return screen.print(up + lines.map((line) => `\r${line}\u001B[K`).join("\n"))
      })
  )
