import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Size } from "./layout.ts"
import type { Screen } from "./screen.ts"
import { width } from "./style.ts"

// Control sequences: ECMA-48, and the private modes of xterm that all terminals of today know.

/** The alternate screen: what was on the terminal before comes back. No cursor, and no line that wraps. */
const enter = "\u001B[?1049h\u001B[?25l\u001B[?7l"

const leave = "\u001B[?7h\u001B[?25h\u001B[?1049l"

/**
 * Draws the lines of a frame over whatever is there, each where it belongs, and clears all the rest: the
 * terminal may have become another size since the last frame, and then nothing of that is where it was.
 */
const draw = (size: Size, lines: ReadonlyArray<string>): string => {
  const rows = lines.map((line, index) => {
    // After its last column, the rest of the line would begin with the character that stands there.
    const rest = width(line) < size.columns ? "\u001B[K" : ""
    return `\u001B[${index + 1};1H${line}${rest}`
  })
  const below = lines.length < size.rows ? `\u001B[${lines.length + 1};1H\u001B[J` : ""
  return `${rows.join("")}${below}`
}

/** Takes the terminal for as long as the scope is open; draws frames for the size that it has just then. */
export const take = (
  screen: Screen
): Effect.Effect<(frame: (size: Size) => ReadonlyArray<string>) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.as(
    Effect.acquireRelease(screen.write(enter), () => screen.write(leave)),
    (frame) => Effect.flatMap(screen.size, (size) => screen.write(draw(size, frame(size))))
  )
