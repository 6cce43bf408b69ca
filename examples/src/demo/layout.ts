import * as Style from "./style.ts"

/** How large a terminal is; a file or a pipe has rows without end. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Lines of text without their ends. */
type Lines = ReadonlyArray<string>

/**
 * The first of these layouts that takes no more rows than there are, or else the last one. No line is wider
 * than the terminal: one that wraps would take two rows.
 */
export const fit = (layouts: ReadonlyArray<() => Lines>, { columns, rows }: Size): Lines => {
  let lines: Lines = []
  for (const layout of layouts) {
    lines = layout()
    if (lines.length <= rows) {
      break
    }
  }
  return lines.map((line) => Style.clip(line, columns))
}
