import * as PgClient from "@effect/sql-pg/PgClient"
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as SqlTokenStore from "@latchkey/sql/SqlTokenStore"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

/** The client connects when it is built, and a process may be born while the database is away. */
const patiently = Schedule.spaced("200 millis")

export const postgres = (url: string): Layer.Layer<TokenStore.TokenStore> =>
  Layer.orDie(
    Layer.provide(
      SqlTokenStore.layerMigrated(),
      Layer.retry(PgClient.layer({ url: Redacted.make(url), maxConnections: 2 }), patiently)
    )
  )
