/** How far the demo is. */
export interface Progress {
  readonly stores: ReadonlyArray<string>
  /** Which of them it is at, from 0. */
  readonly index: number
  /** How long each of them takes, in seconds. */
  readonly seconds: number
  /** How long this one has been running; undefined: it starts. */
  readonly elapsed: number | undefined
}

/** The part of all that is done, from 0 to 1. */
export const part = ({ elapsed = 0, index, seconds, stores }: Progress): number =>
  (index + Math.min(1, elapsed / seconds)) / stores.length

const fewestBarColumns = 10

/** How far the demo is, in words. */
export const progressText = (progress: Progress): string => {
  const { elapsed, index, seconds, stores } = progress
  const here =
    elapsed === undefined
      ? "starts"
      : elapsed < seconds
        ? `${Math.floor(elapsed)} s of ${seconds} s`
        : `${seconds} s of ${seconds} s, ends`
  const done = Math.floor(part(progress) * 100)
  return `store ${index + 1} of ${stores.length}, ${stores[index] ?? ""}: ${here}, ${done} % of all`
}

/**
 * The same in one line of a terminal, with a bar where there is room for one. The last column stays free:
 * some terminals go to the next line after it.
 */
export const progressLine = (progress: Progress, columns: number): string => {
  const text = progressText(progress)
  const bar = columns - 1 - text.length - 4
  if (bar < fewestBarColumns) {
    return text.slice(0, Math.max(0, columns - 1))
  }
  const filled = Math.round(part(progress) * bar)
  return `${text}  [${"#".repeat(filled)}${" ".repeat(bar - filled)}]`
}
