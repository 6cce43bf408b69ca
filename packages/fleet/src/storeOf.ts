import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as RedisTokenStore from "@latchkey/redis/RedisTokenStore"
import * as SqlTokenStore from "@latchkey/sql/SqlTokenStore"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

/** The client connects when it is built, and a process may be born while the database is away. */
const patiently = Schedule.spaced("200 millis")

/** The store of a URL: `file:` is SQLite's, `postgres:` PostgreSQL's, `redis:` Redis's. */
export const storeOf = (url: string): Layer.Layer<TokenStore.TokenStore> => {
  const secret = Redacted.make(url)
  if (url.startsWith("redis:")) {
    return Layer.orDie(RedisTokenStore.layer({ url: secret, prefix: "fleet" }))
  }
  const client = url.startsWith("file:")
    ? LibsqlClient.layer({ url })
    : Layer.retry(PgClient.layer({ url: secret, maxConnections: 2 }), patiently)
  return Layer.orDie(Layer.provide(SqlTokenStore.layerMigrated(), client))
}
