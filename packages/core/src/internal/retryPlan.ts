import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as AuthError from "../AuthError.ts"
import { verdict } from "./afterFailure.ts"

/** The moment before which the provider asked not to be called, in epoch milliseconds. */
const retryAfter = (error: AuthError.AuthError): number | undefined =>
  (error._tag === "RateLimited" || error._tag === "Unavailable") && error.retryAfter !== undefined
    ? DateTime.toEpochMillis(error.retryAfter)
    : undefined

/** R11: the delay before the next try: what the schedule says, and not before `Retry-After`. */
export const delayUntilNext = (error: AuthError.AuthError, scheduled: number, now: number): number =>
  Math.max(scheduled, (retryAfter(error) ?? now) - now)

/** R11: whether to try again at all: the failure is transient and `Retry-After` ends before the deadline. */
export const worthRetrying = (error: AuthError.AuthError, deadlineAt: number): boolean =>
  verdict(error) === "transient" && (retryAfter(error) ?? 0) < deadlineAt

/** R11: a provider that asks for a longer pause than the deadline allows rate-limits us, whatever status it used. */
export const giveUp = (error: AuthError.AuthError, deadlineAt: number): AuthError.AuthError =>
  error._tag === "Unavailable" && (retryAfter(error) ?? 0) >= deadlineAt
    ? new AuthError.RateLimited({
        provider: error.provider,
        operation: error.operation,
        message: error.message,
        endpoint: error.endpoint,
        status: error.status,
        code: error.code,
        requestId: error.requestId,
        retryAfter: error.retryAfter
      })
    : error

/**
 * The schedule of one flight: the flow's own, under `Retry-After` and the deadline. `atLeast` is how long
 * the next try should wait, by how many have failed, because nobody waits for it; 0: somebody does.
 */
export const retryPlan = (
  schedule: Schedule.Schedule<unknown, AuthError.AuthError>,
  deadlineAt: number,
  atLeast: (failures: number) => number = () => 0
): Schedule.Schedule<AuthError.AuthError, AuthError.AuthError> => {
  let failures = 0
  return Schedule.passthrough(schedule).pipe(
    Schedule.whileInput((error: AuthError.AuthError) => worthRetrying(error, deadlineAt)),
    Schedule.modifyDelayEffect((error, delay) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        failures += 1
        return Duration.millis(
          delayUntilNext(error, Math.max(Duration.toMillis(delay), atLeast(failures)), now)
        )
      })
    )
  )
}
