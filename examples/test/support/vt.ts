import type { Size } from "../../src/demo/layout.ts"

/** As much of a terminal as the demo uses; a sequence that it does not know is an error. */
export interface Terminal {
  readonly write: (text: string) => void
  /** As a person does with the mouse. What is on it then is different from terminal to terminal: rubbish. */
  readonly resize: (size: Size) => void
  /** What is on it, without the blanks at the end of each line. */
  readonly rows: () => ReadonlyArray<string>
  /** The modes that are on: 7, lines wrap; 25, the cursor is visible; 1049, the alternate screen. */
  readonly modes: ReadonlySet<string>
}

// oxlint-disable-next-line no-control-regex -- that is what terminals are told in
const token = /\u001B\[([?]?)([0-9;]*)([A-Za-z])|[\s\S]/gu

export const make = (initial: Size): Terminal => {
  const blank = (size: Size, char = " ") =>
    Array.from({ length: size.rows }, () => Array.from({ length: size.columns }, () => char))
  let size = initial
  let screens = { alternate: blank(size), normal: blank(size) }
  let [row, column] = [0, 0]
  const modes = new Set(["7", "25"])
  const screen = () => (modes.has("1049") ? screens.alternate : screens.normal)
  const erase = (rowOf: number, from: number) => screen()[rowOf]?.fill(" ", from)
  const down = () => {
    row += 1
    if (row === size.rows) {
      row -= 1
      screen().shift()
      screen().push(Array.from({ length: size.columns }, () => " "))
    }
  }
  const sequence = (mark: string, parameters: string, final: string): void => {
    const [first = 0, second = 0] = parameters.split(";").map(Number)
    switch (`${mark}${final}`) {
      case "H":
        row = Math.min(size.rows, Math.max(1, first)) - 1
        column = Math.min(size.columns, Math.max(1, second)) - 1
        return
      case "K":
        erase(row, Math.min(column, size.columns - 1))
        return
      case "J":
        erase(row, column)
        for (let below = row + 1; below < size.rows; below++) {
          erase(below, 0)
        }
        return
      case "?h":
        modes.add(parameters)
        return
      case "?l":
        modes.delete(parameters)
        return
      default:
        throw new Error(`unknown sequence ${mark}${parameters}${final}`)
    }
  }
  const put = (char: string): void => {
    if (column >= size.columns && modes.has("7")) {
      column = 0
      down()
    }
    const line = screen()[row]
    if (line !== undefined) {
      line[Math.min(column, size.columns - 1)] = char
    }
    column += 1
  }
  return {
    write: (text) => {
      for (const [whole, mark = "", parameters = "", final] of text.matchAll(token)) {
        if (final !== undefined) {
          sequence(mark, parameters, final)
        } else if (whole === "\r") {
          column = 0
        } else if (whole === "\n") {
          down()
        } else {
          put(whole)
        }
      }
    },
    resize: (to) => {
      size = to
      screens = { alternate: blank(size, "#"), normal: blank(size, "#") }
      row = Math.min(row, size.rows - 1)
      column = Math.min(column, size.columns - 1)
    },
    rows: () => screen().map((line) => line.join("").trimEnd()),
    modes
  }
}
