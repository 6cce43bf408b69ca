import type { Measure } from "./Measure.ts"
import { hot } from "./measures/hot.ts"

export const measures: ReadonlyArray<Measure> = [hot]
