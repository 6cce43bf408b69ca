import { progressLine, progressText } from "./progress.ts"
import type { Progress } from "./progress.ts"

/** Where lines go, and below them, on a terminal, one line that changes. */
export interface Output {
  readonly print: (line: string) => void
  /** Shows how far it is: in place on a terminal, as a line of its own elsewhere. */
  readonly progress: (progress: Progress) => void
  /** Takes the changing line away. */
  readonly clear: () => void
  /** Milliseconds between two lines of progress: a file is not to be filled with them. */
  readonly every: number
}

/** What `process.stdout` is to it. */
export interface Sink {
  readonly isTTY: boolean
  readonly columns?: number | undefined
  readonly write: (text: string) => unknown
}

export const makeOutput = (sink: Sink): Output => {
  if (!sink.isTTY) {
    const print = (line: string) => {
      sink.write(`${line}\n`)
    }
    return { print, progress: (progress) => print(progressText(progress)), clear: () => {}, every: 10_000 }
  }
  let last: Progress | undefined
  // To the first column, and clear the line (ECMA-48).
  const erase = "\r\u001B[K"
  const show = (): string => {
    // Now: its width may have changed. Some terminals do not know theirs, and say 0.
    const columns = sink.columns === undefined || sink.columns <= 0 ? 80 : sink.columns
    return last === undefined ? "" : progressLine(last, columns)
  }
  return {
    print: (line) => {
      sink.write(`${erase}${line}\n${show()}`)
    },
    progress: (progress) => {
      last = progress
      sink.write(`${erase}${show()}`)
    },
    clear: () => {
      last = undefined
      sink.write(erase)
    },
    every: 500
  }
}
