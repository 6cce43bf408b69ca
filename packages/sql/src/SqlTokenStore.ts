/**
 * A token store in an SQL database, over the `SqlClient` of `@effect/sql`: PostgreSQL for a fleet,
 * SQLite for the processes of one machine.
 *
 * @since 0.1.0
 */
import * as TokenStore from "@latchkey/core/TokenStore"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { asking, creating, ensuring, running } from "./internal/asking.ts"
import { makeStatements } from "./internal/statements.ts"
import type { Statements } from "./internal/statements.ts"
import { makeStore } from "./internal/store.ts"

/**
 * The `SqlClient` speaks neither PostgreSQL's dialect nor SQLite's. Fails the construction of the layer.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnsupportedDialect extends Schema.TaggedError<UnsupportedDialect>(
  "@latchkey/sql/SqlTokenStore/UnsupportedDialect"
)("UnsupportedDialect", {
  /** What is wrong, and what to do about it. */
  message: Schema.String
}) {}

/**
 * Options of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * After how long the database counts as out of reach, for each statement. Default: 3 seconds; a
   * manager waits no longer than 5 seconds for all that one operation asks.
   */
  readonly timeout?: Duration.DurationInput | undefined
}

const dialect: Effect.Effect<Statements, UnsupportedDialect, SqlClient.SqlClient> = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => {
    const statements = makeStatements(sql)
    return statements === undefined
      ? Effect.fail(
          new UnsupportedDialect({
            message:
              "This store needs PostgreSQL or SQLite: give it the SqlClient of @effect/sql-pg or -libsql."
          })
        )
      : Effect.succeed(statements)
  }
)

/**
 * Creates the tables `latchkey_tokens` and `latchkey_leases` where they are missing: a migration for
 * the `Migrator` of `@effect/sql`, or to run by hand. Any number of processes may run it at once, and
 * again. SQLite's file is set to `journal_mode = wal`, which serves several processes better.
 *
 * It says what the database said: its error is for the one who migrates, not for a log that all can read.
 *
 * @since 0.1.0
 * @category migrations
 */
export const migration: Effect.Effect<void, SqlError | UnsupportedDialect, SqlClient.SqlClient> =
  Effect.flatMap(dialect, (statements) => creating(statements, running(statements)))

/**
 * Makes a store over the `SqlClient` of the context. Does no call; its tables must exist: see
 * {@link migration}.
 *
 * Atomic, ordered and exclusive across all processes that share the database; durable as the database
 * is. Leases are timed by the clock of the database. An error says that the database is out of reach
 * and gives its code, never a statement, a value or where it is (R15).
 *
 * Every operation is of statements that stand alone, on a connection of their own: also where it is used
 * within a transaction of the application, which cannot undo them. SQLite's client has one connection, and
 * waits for itself there until the timeout: give the store a client of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TokenStore.Service, UnsupportedDialect, SqlClient.SqlClient> =>
  Effect.map(dialect, (statements) =>
    makeStore(statements, asking(options.timeout ?? defaultTimeout, running(statements)))
  )

/**
 * The store over the `SqlClient` of the context: see {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<TokenStore.TokenStore, UnsupportedDialect, SqlClient.SqlClient> =>
  Layer.effect(TokenStore.TokenStore, make(options))

/**
 * {@link layer}, which creates its tables before it is used for the first time: for applications
 * without migrations of their own. The database may be down at that time; the next use tries again.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMigrated = (
  options: Options = {}
): Layer.Layer<TokenStore.TokenStore, UnsupportedDialect, SqlClient.SqlClient> =>
  Layer.effect(
    TokenStore.TokenStore,
    Effect.map(dialect, (statements) => {
      const run = running(statements)
      const timeout = options.timeout ?? defaultTimeout
      let created = false
      const creation = Effect.tap(ensuring(statements, run), () =>
        Effect.sync(() => {
          created = true
        })
      )
      return makeStore(
        statements,
        asking(timeout, (statement) =>
          Effect.zipRight(
            Effect.suspend(() => (created ? Effect.void : creation)),
            run(statement)
          )
        )
      )
    })
  )

const defaultTimeout: Duration.DurationInput = "3 seconds"
