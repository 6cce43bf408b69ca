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
