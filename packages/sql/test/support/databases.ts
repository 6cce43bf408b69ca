import { postgresUrl } from "@latchkey/servers/provided"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clientOf } from "./clients.ts"

/** An empty database, as a URL that any process can open. */
type Database = Effect.Effect<string, SqlError, Scope.Scope>

/** A file that is gone when the scope closes. */
export const sqlite: Database = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "latchkey-sqlite-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
).pipe(Effect.map((directory) => `file:${join(directory, "tokens.db")}`))

/** A schema of one's own in the PostgreSQL of all tests. */
const postgres: Database = Effect.gen(function* () {
  const schema = `s_${crypto.randomUUID().replaceAll("-", "")}`
  const server = postgresUrl()
  const run = (statement: string) =>
    Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
      Effect.provide(clientOf(server)),
      Effect.scoped
    )
  yield* Effect.acquireRelease(run(`create schema ${schema}`), () =>
    Effect.ignore(run(`drop schema ${schema} cascade`))
  )
  return `${server}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
})

/** What the tests run over; PostgreSQL where there is one, which globalSetup has said aloud. */
export const databases: ReadonlyArray<readonly [string, Database]> = [
  ["SQLite", sqlite],
  ...(postgresUrl() === "" ? [] : [["PostgreSQL", postgres] as const])
]
