import { StoreError } from "@latchkey/core/TokenStore"
import { TransactionConnection } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type { Statements } from "./statements.ts"

/** SQLSTATE (`42P01`), SQLite's (`SQLITE_READONLY`) or the system's (`ECONNREFUSED`): names, never values. */
const codeOf = ({ cause }: SqlError): string | undefined =>
  Predicate.hasProperty(cause, "code") &&
  typeof cause.code === "string" &&
  /^[A-Z0-9_]{5,40}$/.test(cause.code)
    ? cause.code
    : undefined

/** The statement was not run, because of another one. */
const isContended = (error: SqlError): boolean => {
  const code = codeOf(error) ?? ""
  // serialization_failure, deadlock_detected: what a stricter default isolation brings. query_canceled: a
  // cancellation names a connection, and one that is late hits the statement after the one it was meant for.
  return (
    code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED") || /^(?:40001|40P01|57014)$/.test(code)
  )
}

/** Two processes that create one table at once: PostgreSQL refuses one of them. */
const isCreatedMeanwhile = (error: SqlError): boolean =>
  isContended(error) || /^(?:23505|42P07|42710|XX000)$/.test(codeOf(error) ?? "")

/** Not SQLite's own waiting (`busy_timeout`), which would stop all of the process. */
const soon = Schedule.exponential("2 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("25 millis")),
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
export type Ask = <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, StoreError>

export const asking =
  (timeout: Duration.DurationInput, run: Run): Ask =>
  (statement) =>
    Effect.retry(run(statement), { while: isContended, schedule: soon }).pipe(
      settled,
      Effect.mapError((error) => unreachable(codeOf(error) ?? "no code")),
      Effect.timeoutFail({ duration: timeout, onTimeout: () => unreachable("no answer in time") })
    )

/** Runs a statement on a connection that is in order. */
export type Run = <A>(statement: Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>

/** Not in the transaction of whoever uses the store: it would be undone with it. */
const outside = <A, E>(statement: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.mapInputContext(statement, (context: Context.Context<never>) =>
    Context.omit(TransactionConnection)(context)
  )

/**
 * Where a connection needs upkeep, one statement after the other, and after one that was refused as busy none
 * on the same connection.
 */
export const running = ({ upkeep }: Statements): Run => {
  if (upkeep === undefined) {
    return outside
  }
  const mutex = Effect.unsafeMakeSemaphore(1)
  let connection: "new" | "kept" | "refused" = "new"
  const keep = Effect.suspend(() => {
    if (connection === "kept") {
      return Effect.void
    }
    const { patience, replace } = upkeep
    return Effect.zipRight(connection === "refused" ? replace : Effect.void, patience).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          connection = "kept"
        })
      )
    )
  })
  return (statement) =>
    outside(Effect.zipRight(keep, statement)).pipe(
      Effect.tapError((error) =>
        Effect.sync(() => {
          connection = isContended(error) ? "refused" : connection
        })
      ),
      // A statement on its way may be refused without anybody hearing of it.
      Effect.uninterruptible,
      mutex.withPermits(1)
    )
}

/** Creates what is missing, whoever else does so at the same time. */
export const creating = ({ create, tune }: Statements, run: Run): Effect.Effect<void, SqlError> => {
  const one = (statement: Effect.Effect<unknown, SqlError>) =>
    Effect.retry(run(statement), {
      while: isCreatedMeanwhile,
      schedule: Schedule.intersect(soon, Schedule.recurs(200))
    })
  // A database that cannot be tuned, in a transaction or far away, is slower and no less right.
  return Effect.forEach(tune, (statement) => Effect.ignore(one(statement)), { discard: true }).pipe(
    Effect.zipRight(Effect.forEach(create, one, { discard: true }))
  )
}

/** Looks first: who only uses the tables needs no right to create them, and waits for no writer. */
export const ensuring = (statements: Statements, run: Run): Effect.Effect<void, SqlError> =>
  Effect.catchAll(Effect.asVoid(run(statements.look)), () => creating(statements, run))
