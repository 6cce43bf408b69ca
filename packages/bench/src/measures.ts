import type { Measure } from "./Measure.ts"
import { callers } from "./measures/callers.ts"
import { cancelled } from "./measures/cancelled.ts"
import { cold } from "./measures/cold.ts"
import { down } from "./measures/down.ts"
import { hot } from "./measures/hot.ts"
import { leak } from "./measures/leak.ts"
import { refresh } from "./measures/refresh.ts"
import { revoked } from "./measures/revoked.ts"
import { rotation } from "./measures/rotation.ts"
import { tenants } from "./measures/tenants.ts"

export const byDefault: ReadonlyArray<Measure> = [
  hot,
  refresh,
  cold,
  revoked,
  rotation,
  down,
  cancelled,
  tenants,
  callers
]

export const measures: ReadonlyArray<Measure> = [...byDefault, leak]
