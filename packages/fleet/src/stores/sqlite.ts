import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as SqlTokenStore from "@latchkey/sql/SqlTokenStore"
import * as Layer from "effect/Layer"

export const sqlite = (url: string): Layer.Layer<TokenStore.TokenStore> =>
  Layer.orDie(Layer.provide(SqlTokenStore.layerMigrated(), LibsqlClient.layer({ url })))
