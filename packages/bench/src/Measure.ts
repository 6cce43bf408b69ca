import type { Contender } from "./Contender.ts"

/** What one round of one contender brought: figures by name. */
export type Figures = Readonly<Record<string, number>>

/** One row of the table: what a process of its own does with one contender, in one round. */
export interface Measure {
  readonly name: string
  readonly run: (contender: Contender, serverUrl: string) => Promise<Figures>
  /** Who takes part; default: everybody. */
  readonly fits?: ((contender: Contender) => boolean) | undefined
}
