import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { isatty } from "node:tty"
import type { Size } from "./layout.ts"
import { minColumns } from "./live.ts"
import { unbounded } from "./render.ts"
import * as Style from "./style.ts"

/** Where the demo is shown. */
export interface Screen {
  /** Whether lines can be drawn over: a terminal, no dumb one, wide enough at the start. */
  readonly redraws: boolean
  /** How large it is now: whoever looks at it may change that. */
  readonly size: Effect.Effect<Size>
  readonly paint: Style.Paint
  /** Prints text and ends its line. */
  readonly print: (text: string) => Effect.Effect<void>
  /** Writes text as it is. */
  readonly write: (text: string) => Effect.Effect<void>
}

/** What a terminal says of its size; one that does not know it says 0 or nothing, and is of the usual size. */
export const sizeOf = (terminal: {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}): Size => {
  const { columns = 0, rows = 0 } = terminal
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 }
}

/** Looks at standard output. Colours need a terminal, and no `NO_COLOR` (https://no-color.org). */
export const detect: Effect.Effect<Screen> = Effect.gen(function* () {
  const term = yield* Effect.orElseSucceed(Config.string("TERM"), () => "")
  const noColor = yield* Effect.orElseSucceed(Config.string("NO_COLOR"), () => "")
  const isTerminal = isatty(1) && term !== "dumb"
  const size = Effect.sync(() => (isTerminal ? sizeOf(process.stdout) : unbounded))
  const { columns } = yield* size
  return {
    redraws: isTerminal && columns >= minColumns,
    size,
    paint: isTerminal && noColor === "" ? Style.ansi : Style.plain,
    print: Console.log,
    write: (text) => Effect.sync(() => process.stdout.write(text))
  }
})
