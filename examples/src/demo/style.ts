/** What a piece of text is, which decides its colour on a terminal. */
export type Tone = "plain" | "strong" | "faint" | "good" | "token" | "other" | "fault" | "bad"

/** Colours a piece of text, or does not. */
export type Paint = (tone: Tone, text: string) => string

/** For files, pipes and `NO_COLOR`: the text and nothing else. */
export const plain: Paint = (_tone, text) => text

/** SGR parameters (ECMA-48), from the 16 colours that every theme defines. */
const codes: { readonly [T in Tone]: string } = {
  plain: "",
  strong: "1",
  faint: "2",
  good: "32",
  token: "36",
  other: "35",
  fault: "33",
  bad: "1;31"
}

/** For terminals. */
export const ansi: Paint = (tone, text) =>
  codes[tone] === "" || text === "" ? text : `\u001B[${codes[tone]}m${text}\u001B[0m`

/** Select Graphic Rendition (ECMA-48): what `ansi` puts around a text. */
// oxlint-disable-next-line no-control-regex -- that is what terminals are told in
const rendition = /(\u001B\[[0-9;]*m)/u

/** How many columns a painted line takes. */
export const width = (line: string): number =>
  line
    .split(rendition)
    .filter((_, index) => index % 2 === 0)
    .join("").length

/** The beginning of a painted line that takes so many columns at most; what was begun in colour ends in it. */
export const clip = (line: string, columns: number): string => {
  let room = columns
  return line
    .split(rendition)
    .map((part, index) => {
      if (index % 2 === 1) {
        return part
      }
      const shown = part.slice(0, Math.max(0, room))
      room -= shown.length
      return shown
    })
    .join("")
}
