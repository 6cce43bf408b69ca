import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as SqlTokenStore from "../../src/SqlTokenStore.ts"
import { clientOf } from "./clients.ts"

/** Lets leases end as much earlier: as if the clock of the database were set forward. */
export const forwardOf = (
  url: string
): Effect.Effect<
  (millis: number) => Effect.Effect<void, SqlError>,
  SqlError | SqlTokenStore.UnsupportedDialect,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(Layer.fresh(clientOf(url)))
    const sql = Context.get(context, SqlClient.SqlClient)
    yield* Effect.provide(SqlTokenStore.migration, context)
    return (millis: number) =>
      sql
        .onDialectOrElse({
          pg: () =>
            sql`update latchkey_leases
              set expires_at = expires_at - ${millis}::double precision * interval '1 millisecond'`,
          orElse: () => sql`update latchkey_leases set expires_at = expires_at - ${millis}`
        })
        .pipe(Effect.retry(Schedule.spaced("10 millis")), Effect.asVoid)
  })
