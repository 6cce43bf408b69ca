import { postgresUrl } from "@latchkey/servers/provided"
import * as SqlClient from "@effect/sql/SqlClient"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { databases } from "./support/databases.ts"
import { numbered, versionOf } from "./support/tokens.ts"

describe.skipIf(postgresUrl() === "")("SqlTokenStore: used within a transaction of the application", () => {
  const postgres = databases.find(([name]) => name === "PostgreSQL")?.[1] ?? Effect.succeed("")

  it.scopedLive(
    "Stores: what is written there is not undone with it, also by a store that is made there",
    () =>
      Effect.gen(function* () {
        const client = yield* Layer.build(clientOf(yield* postgres))
        const sql = Context.get(client, SqlClient.SqlClient)
        const makeStore = Effect.map(
          Layer.build(Layer.fresh(SqlTokenStore.layerMigrated())),
          Context.get(TokenStore.TokenStore)
        ).pipe(Effect.provide(client))
        yield* sql`create table applications (n integer)`
        const store = yield* sql
          .withTransaction(
            Effect.gen(function* () {
              yield* sql`insert into applications values (1)`
              const store = yield* makeStore
              assert.strictEqual((yield* store.save("a", numbered(1), 0))._tag, "Written")
              // Another connection sees it before the transaction ends.
              assert.strictEqual(versionOf(yield* store.load("a")), 1)
              return yield* Effect.fail(store)
            })
          )
          .pipe(
            Effect.catchAll((failure) => ("save" in failure ? Effect.succeed(failure) : Effect.fail(failure)))
          )
        assert.strictEqual((yield* sql`select * from applications`).length, 0)
        assert.strictEqual(versionOf(yield* store.load("a")), 1)
        yield* sql
          .withTransaction(Effect.zipRight(store.save("a", numbered(2), 1), Effect.fail("no")))
          .pipe(Effect.either)
        assert.strictEqual(versionOf(yield* store.load("a")), 2)
      })
  )
})
