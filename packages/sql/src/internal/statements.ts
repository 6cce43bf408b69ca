import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import type * as Effect from "effect/Effect"
import { upkeepOf } from "./libsql.ts"
import type { Upkeep } from "./libsql.ts"

/** Rows as the driver gives them; versions as text, because a bigint is a number here and a string there. */
type Rows = Effect.Effect<ReadonlyArray<unknown>, SqlError>

/** Every method is one statement: what it decides, the database decides, and in one step. */
export interface Statements {
  /** The name of the database, for people. */
  readonly name: string
  /** `version` and `tokens` of the record, tombstones included. */
  readonly read: (key: string) => Rows
  /** A row with the new version if there was no record, or one that was removed. */
  readonly insert: (key: string, tokens: string) => Rows
  /** A row with the new version if the record was at this one. */
  readonly update: (key: string, tokens: string, expectedVersion: number) => Rows
  /** Leaves the version behind, so that the next one is greater. */
  readonly forget: (key: string) => Rows
  /** A row if the lease is another's: to look costs less than to try, in both databases. */
  readonly held: (key: string, owner: string) => Rows
  /** A row if the lease was free, or already this owner's. */
  readonly take: (key: string, owner: string, millis: number) => Rows
  /** A row if the lease is still this owner's. */
  readonly renew: (key: string, owner: string, millis: number) => Rows
  readonly release: (key: string, owner: string) => Rows
  /** Succeeds where the tables are. */
  readonly look: Rows
  /** The tables, each created unless it is there. */
  readonly create: ReadonlyArray<Rows>
  /** What makes the database fit for several processes, where it lets us. */
  readonly tune: ReadonlyArray<Rows>
  readonly upkeep: Upkeep | undefined
}

/** Above all how a database tells the time. Never ours: the clocks of processes differ (R13). */
interface Dialect {
  readonly name: string
  readonly now: Fragment
  readonly after: (millis: number) => Fragment
  readonly column: Fragment
  readonly tune: ReadonlyArray<Rows>
}

/** `now()` would be the start of the transaction, and so of a wait for a row's lock. */
const postgres = (sql: SqlClient.SqlClient): Dialect => ({
  name: "PostgreSQL",
  now: sql.literal("clock_timestamp()"),
  after: (millis) => sql`clock_timestamp() + ${millis}::double precision * interval '1 millisecond'`,
  column: sql.literal("timestamptz"),
  tune: []
})

/** Epoch milliseconds; `unixepoch('subsec')` would need SQLite 3.42. */
const sqliteNow = "cast(round((julianday('now') - 2440587.5) * 86400000.0) as integer)"

const sqlite = (sql: SqlClient.SqlClient): Dialect => ({
  name: "SQLite",
  now: sql.literal(sqliteNow),
  after: (millis) => sql`${sql.literal(sqliteNow)} + ${millis}`,
  column: sql.literal("integer"),
  // Readers and the writer do not wait for each other, and a commit is one flush instead of three.
  tune: [sql`pragma journal_mode = wal`]
})

/** The statements in the dialect of a client, unless it is one that is not known. */
export const makeStatements = (client: SqlClient.SqlClient): Statements | undefined => {
  // An application that renames columns renames its own.
  const sql = client.withoutTransforms()
  const dialect = sql.onDialectOrElse({
    pg: () => postgres(sql),
    sqlite: () => sqlite(sql),
    orElse: () => undefined
  })
  if (dialect === undefined) {
    return undefined
  }
  const { after, column, name, now, tune } = dialect
  return {
    read: (key) =>
      sql`select cast(version as text) as version, tokens from latchkey_tokens where key = ${key}`,
    insert: (key, tokens) => sql`
      insert into latchkey_tokens (key, version, tokens, updated_at) values (${key}, 1, ${tokens}, ${now})
      on conflict (key) do update
      set version = latchkey_tokens.version + 1, tokens = excluded.tokens, updated_at = excluded.updated_at
      where latchkey_tokens.tokens is null
      returning cast(version as text) as version`,
    update: (key, tokens, expectedVersion) => sql`
      update latchkey_tokens set version = version + 1, tokens = ${tokens}, updated_at = ${now}
      where key = ${key} and version = ${expectedVersion} and tokens is not null
      returning cast(version as text) as version`,
    forget: (key) => sql`
      update latchkey_tokens set tokens = null, updated_at = ${now}
      where key = ${key} and tokens is not null`,
    held: (key, owner) => sql`
      select owner from latchkey_leases
      where key = ${key} and owner <> ${owner} and expires_at > ${now}`,
    take: (key, owner, millis) => sql`
      insert into latchkey_leases (key, owner, expires_at) values (${key}, ${owner}, ${after(millis)})
      on conflict (key) do update set owner = excluded.owner, expires_at = excluded.expires_at
      where latchkey_leases.expires_at <= ${now} or latchkey_leases.owner = excluded.owner
      returning owner`,
    renew: (key, owner, millis) => sql`
      update latchkey_leases set expires_at = ${after(millis)}
      where key = ${key} and owner = ${owner} and expires_at > ${now}
      returning owner`,
    release: (key, owner) => sql`delete from latchkey_leases where key = ${key} and owner = ${owner}`,
    look: sql`select 1 from latchkey_tokens, latchkey_leases where 1 = 0`,
    create: [
      sql`
      create table if not exists latchkey_tokens (
        key text primary key,
        version bigint not null,
        tokens text,
        updated_at ${column} not null
      )`,
      sql`
      create table if not exists latchkey_leases (
        key text primary key,
        owner text not null,
        expires_at ${column} not null
      )`
    ],
    name,
    tune,
    upkeep: upkeepOf(client)
  }
}
