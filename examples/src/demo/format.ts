/** How wide the name of a provider is, at the beginning of a line. */
export const nameColumns = 13

/** `1,234` */
export const number = (value: number): string => Math.round(value).toLocaleString("en-US")

/** `1 call`, `2 calls` */
export const plural = (value: number, one: string, many: string): string =>
  `${number(value)} ${value === 1 ? one : many}`

/** `A, B and C` */
export const list = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`

/** Milliseconds as `1.2 s`. */
export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** The lines of a text, none wider than so many columns where its words allow it. */
export const wrap = (text: string, columns: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === "" ? word : `${line} ${word}`
    }
  }
  return line === "" ? lines : [...lines, line]
}
