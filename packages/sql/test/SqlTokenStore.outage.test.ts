import { postgresUrl } from "@latchkey/fleet/servers/provided"
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { inspect } from "node:util"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { sqlite } from "./support/databases.ts"
import { makePostgres } from "@latchkey/fleet/servers/postgres"
import { numbered, versionOf } from "./support/tokens.ts"

const open = (url: string) =>
  Effect.map(
    Layer.build(
      Layer.provideMerge(SqlTokenStore.layerMigrated({ timeout: "1 second" }), Layer.fresh(clientOf(url)))
    ),
    (context) => ({
      store: Context.get(context, TokenStore.TokenStore),
      sql: Context.get(context, SqlClient.SqlClient)
    })
  )

/** Every operation fails within its time, and says nothing of where the database is. */
const assertAway = (store: TokenStore.Service, secret: string) =>
  Effect.forEach(
    [store.load("k"), store.save("k", numbered(9), 1), store.remove("k"), store.lease("k", "10 seconds")],
    (operation) =>
      Effect.gen(function* () {
        const [took, error] = yield* Effect.timed(
          Effect.flip<unknown, TokenStore.StoreError, never>(operation)
        )
        assert.strictEqual(error.reason, "unreachable")
        assert.notInclude(inspect(error, { depth: 9, showHidden: true }) + String(error.stack), secret)
        assert.isBelow(Duration.toMillis(took), 4_000)
      }),
    { discard: true }
  )

const soon = Schedule.intersect(Schedule.spaced("100 millis"), Schedule.recurs(100))

describe("SqlTokenStore: SQLite is locked", () => {
  it.scopedLive("Stores: a writer that does not end is an outage; what follows it is committed", () =>
    Effect.gen(function* () {
      const url = yield* sqlite
      const { store } = yield* open(url)
      const { store: other } = yield* open(url)
      yield* store.save("k", numbered(1), 0)
      const blocker = yield* Layer.build(LibsqlClient.layer({ url }))
      const sql = Context.get(blocker, LibsqlClient.LibsqlClient)
      const blocking = yield* Effect.fork(
        sql.withTransaction(Effect.zipRight(sql`create table blocked (n integer)`, Effect.never))
      )
      yield* Effect.sleep("200 millis")
      const error = yield* Effect.flip(store.save("k", numbered(2), 1))
      assert.strictEqual(error.reason, "unreachable")
      // In WAL mode a writer is in no reader's way.
      assert.strictEqual(versionOf(yield* other.load("k")), 1)
      yield* Fiber.interrupt(blocking)

      // libsql: after a refusal SQLite would say it writes, commit nothing, and lock all others out.
      for (const version of [1, 2, 3]) {
        assert.strictEqual((yield* store.save("k", numbered(version), version))._tag, "Written")
        assert.strictEqual(versionOf(yield* other.load("k")), version + 1)
      }
      assert.isTrue(Option.isSome(yield* other.lease("k", "10 seconds")))
      assert.strictEqual((yield* other.save("k", numbered(9), 4))._tag, "Written")
    })
  )
})

describe.skipIf(postgresUrl() === "")("SqlTokenStore: PostgreSQL is away", () => {
  const postgres = Effect.acquireRelease(
    Effect.promise(() => makePostgres()),
    (server) => Effect.promise(() => server.remove())
  )

  it.scopedLive("R13: a statement that a late cancellation hits is asked again", () =>
    Effect.gen(function* () {
      const server = yield* postgres
      const { store } = yield* open(server.url)
      const { sql: blocker } = yield* open(server.url)
      const { sql: canceller } = yield* open(server.url)
      assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")
      yield* Effect.fork(
        blocker.withTransaction(
          Effect.zipRight(blocker`select * from latchkey_tokens for update`, Effect.sleep("500 millis"))
        )
      )
      yield* Effect.sleep("150 millis")
      const saving = yield* Effect.fork(store.save("k", numbered(2), 1))
      yield* Effect.sleep("150 millis")
      const cancelled =
        yield* canceller`select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`
      assert.strictEqual(cancelled.length, 1)
      assert.strictEqual((yield* Fiber.join(saving))._tag, "Written")
    })
  )

  it.scopedLive(
    "R13: stopped and started again, or frozen: operations fail fast, and work again without a restart of ours",
    () =>
      Effect.gen(function* () {
        const server = yield* postgres
        const { store } = yield* open(server.url)
        assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")

        yield* Effect.promise(() => server.stop())
        yield* assertAway(store, "of-a-test")
        yield* Effect.promise(() => server.start())
        assert.strictEqual(versionOf(yield* Effect.retry(store.load("k"), soon)), 1)

        yield* Effect.sync(() => server.freeze())
        yield* Effect.ensuring(
          assertAway(store, "of-a-test"),
          Effect.sync(() => server.thaw())
        )
        // The save that got no answer may have been made: whoever tries again learns so.
        const record = yield* Effect.retry(store.load("k"), soon)
        const saved = yield* store.save("k", numbered(2), versionOf(record))
        assert.include(["Written", "Conflict"], saved._tag)
        // Nor is the lease lost that got no answer.
        assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
      }),
    60_000
  )
})
