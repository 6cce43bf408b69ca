import type * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/**
 * What a connection of libsql needs, of which a client has one.
 *
 * libsql (0.4.7) does not reset a statement that was refused as busy. Until garbage collection finalises
 * it, SQLite commits nothing on that connection, says that it did, and locks all others out.
 */
export interface Upkeep {
  /** Lets it wait for others a little: most refusals never come. Stops the process for as long. */
  readonly patience: Effect.Effect<void>
  /** Puts another one in its place. Fails while somebody else writes. */
  readonly replace: Effect.Effect<void, SqlError>
}

/** The part of `@libsql/client` that takes a connection away from its client, which then opens another one. */
interface Libsql {
  readonly transaction: (mode: "write") => Promise<{
    readonly rollback: () => Promise<void>
    readonly close: () => void
  }>
}

const isLibsql = (sdk: unknown): sdk is Libsql =>
  Predicate.hasProperty(sdk, "transaction") && typeof sdk.transaction === "function"

/** The upkeep of a client of `@effect/sql-libsql`; other clients need none. */
export const upkeepOf = (client: SqlClient.SqlClient): Upkeep | undefined => {
  if (!Predicate.hasProperty(client, "sdk") || !isLibsql(client.sdk)) {
    return undefined
  }
  const sdk = client.sdk
  return {
    patience: Effect.ignore(client`pragma busy_timeout = 250`),
    // Not withTransaction of the SqlClient: a transaction that cannot begin leaves it waiting for itself forever.
    replace: Effect.tryPromise({
      try: async () => {
        const transaction = await sdk.transaction("write")
        await transaction.rollback()
        transaction.close()
      },
      catch: (cause) => new SqlError({ cause, message: "The connection could not be replaced" })
    })
  }
}
