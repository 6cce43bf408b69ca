import type { Contender } from "./Contender.ts"

/** What one round of one contender brought: figures by name, and latencies over time for the chart. */
export interface Round {
  readonly figures: Readonly<Record<string, number>>
  readonly series?: ReadonlyArray<number> | undefined
}

/** What a contender is measured beside. */
interface Rivals {
  readonly serverUrl: string
  /** The same client with a static header. */
  readonly base: Contender
}

export const isStatic = ({ base, name }: Contender): boolean => name === base

/** Ours, with nothing but its defaults. */
export const isVariant = ({ name }: Contender): boolean => name === "latchkey-defaults"

/** One row of the table: what a process of its own does with one contender, in one round. */
export interface Measure {
  readonly name: string
  readonly title: string
  /** Who takes part; default: whoever keeps a token, in one variant each. */
  readonly fits?: ((contender: Contender) => boolean) | undefined
  /** How many contenders run at the same time: one where time is measured, more where it is waited for. */
  readonly parallel: number
  /** How long one round of one contender may take, in milliseconds; default: five minutes. */
  readonly timeout?: number | undefined
  readonly run: (contender: Contender, rivals: Rivals) => Promise<Round>
}

/** What became of many calls at once. */
export interface Outcome {
  readonly ok: number
  readonly failed: number
}

export const outcomeOf = async (calls: ReadonlyArray<Promise<number>>): Promise<Outcome> => {
  const settled = await Promise.allSettled(calls)
  const ok = settled.filter((result) => result.status === "fulfilled" && result.value === 200).length
  return { ok, failed: calls.length - ok }
}

export const many = (count: number, call: (index: number) => Promise<number>): Array<Promise<number>> =>
  Array.from({ length: count }, (_, index) => call(index))

export const sleep = (millis: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, millis))
  })
