import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** The client of a URL: `file:` is SQLite's, all else PostgreSQL's. */
export const clientOf = (url: string): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  url.startsWith("file:")
    ? LibsqlClient.layer({ url })
    : Layer.orDie(PgClient.layer({ url: Redacted.make(url), maxConnections: 4, connectTimeout: "5 minutes" }))
