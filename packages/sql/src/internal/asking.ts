import { StoreError } from "@latchkey/core/TokenStore"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

/** SQLSTATE (`42P01`), SQLite's (`SQLITE_READONLY`) or the system's (`ECONNREFUSED`): names, never values. */
const codeOf = ({ cause }: SqlError): string | undefined =>
  Predicate.hasProperty(cause, "code") &&
  typeof cause.code === "string" &&
  /^[A-Z0-9_]{5,40}$/.test(cause.code)
    ? cause.code
    : undefined

/** The statement was not run, because another one was in its way. */
const isContended = (error: SqlError): boolean => {
  const code = codeOf(error) ?? ""
  // serialization_failure, deadlock_detected: what a stricter default isolation brings.
  return code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED") || /^(?:40001|40P01)$/.test(code)
}

/** Two processes that create one table at once: PostgreSQL refuses one of them. */
const isCreatedMeanwhile = (error: SqlError): boolean =>
  isContended(error) || /^(?:23505|42P07|42710|XX000)$/.test(codeOf(error) ?? "")

/** Not SQLite's own waiting (`busy_timeout`), which would stop all of the process. */
const soon = Schedule.exponential("5 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("100 millis")),
  Schedule.jittered
)

/** A SqlError knows the statement and the connection: only its code travels on (R15). */
const unreachable = (why: string): StoreError =>
  new StoreError({
    reason: "unreachable",
    message: `The token store could not be reached (${why}): check that the database is running, that this process may use it, and that the migration has run.`
  })

/** How long one who gives up waits to learn whether his statement was run. */
const settleTime: Duration.DurationInput = "250 millis"

/**
 * On its own fiber: who is interrupted then knows that the statement was run, or will not be, as far as a
 * moment can tell. No longer: a driver waits for the cancellation of its statement, and a database that
 * hangs does not answer that either.
 */
const settled = <A, E>(statement: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(statement)), (fiber) =>
      Effect.onInterrupt(restore(Fiber.join(fiber)), () =>
        Fiber.await(fiber).pipe(
          Effect.interruptible,
          Effect.timeoutOption(settleTime),
          Effect.zipRight(Fiber.interruptFork(fiber))
        )
      )
    )
  )

/** Asks the database: repeats what was in another's way, and gives up in time. */
export const asking =
  (timeout: Duration.DurationInput) =>
  <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, StoreError> =>
    Effect.retry(statement, { while: isContended, schedule: soon }).pipe(
      settled,
      Effect.mapError((error) => unreachable(codeOf(error) ?? "no code")),
      Effect.timeoutFail({ duration: timeout, onTimeout: () => unreachable("no answer in time") })
    )

/** Creates what is missing, whoever else does so at the same time. */
export const creating = (statement: Effect.Effect<unknown, SqlError>): Effect.Effect<void, SqlError> =>
  Effect.asVoid(
    Effect.retry(statement, {
      while: isCreatedMeanwhile,
      schedule: Schedule.intersect(soon, Schedule.recurs(10))
    })
  )
