import * as DateTime from "effect/DateTime"
import type { AuthError } from "../AuthError.ts"
import { verdict } from "./afterFailure.ts"

/** R11: a mint failure that is remembered. While the gate is closed, callers fail with it at once. */
export interface FailureGate {
  readonly error: AuthError
  /** How many terminal failures in a row closed it. */
  readonly failures: number
  readonly closedAt: number
  /** How long it stays closed, in milliseconds. */
  readonly duration: number
}

const firstPause = 1_000
const longestPause = 300_000

/** 1 s, doubling to 5 minutes (R11). */
export const pause = (failures: number): number =>
  Math.min(longestPause, firstPause * 2 ** Math.min(failures - 1, 20))

/** Terminal: no retry of ours can help at once, somebody has to change something. */
export const isTerminal = (error: AuthError): boolean => verdict(error) !== "transient"

/**
 * The gate after a failed flight: closed by a terminal failure, and by a provider that named the
 * moment before which it does not want to be asked. Other failures leave it open. `wait`: how long the
 * budget allows no mint, in milliseconds; a terminal failure closes the gate for as long, at least.
 */
export const afterFailure = (
  previous: FailureGate | undefined,
  error: AuthError,
  now: number,
  wait = 0
): FailureGate | undefined => {
  if (isTerminal(error)) {
    const failures = (previous !== undefined && isTerminal(previous.error) ? previous.failures : 0) + 1
    return { error, failures, closedAt: now, duration: Math.max(wait, pause(failures)) }
  }
  if (error._tag === "RateLimited" && error.retryAfter !== undefined) {
    const duration = DateTime.toEpochMillis(error.retryAfter) - now
    return duration > 0 ? { error, failures: 0, closedAt: now, duration } : undefined
  }
  return undefined
}

/** Whether the gate is closed. A clock set back before the failure opens it rather than holds it shut (R17). */
export const isClosed = (gate: FailureGate | undefined, now: number): gate is FailureGate =>
  gate !== undefined && now >= gate.closedAt && now < gate.closedAt + gate.duration
