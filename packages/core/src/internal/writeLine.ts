import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"
import type { Line } from "./notices.ts"

/**
 * Logs with the logger of the fiber that made the manager. Loggers are synchronous, so no fiber is left
 * behind; one that throws breaks nothing.
 */
export const writeLine = (runtime: Runtime.Runtime<never>, provider: string, line: Line): void => {
  const level = LogLevel.fromLiteral(line.level)
  const minimum = FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentMinimumLogLevel)
  if (LogLevel.lessThan(level, minimum)) {
    return
  }
  Runtime.runSyncExit(runtime)(
    Effect.annotateLogs(Effect.logWithLevel(level, line.message), "provider", provider)
  )
}
