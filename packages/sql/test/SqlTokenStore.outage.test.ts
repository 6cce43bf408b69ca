import { postgresUrl } from "@latchkey/servers/provided"
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { inspect } from "node:util"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { sqlite } from "./support/databases.ts"
import { makePostgres } from "@latchkey/servers/postgres"
import { numbered, versionOf } from "./support/tokens.ts"

/** Of a statement, by the clock of the test. */
const timeout = "1 second"

/** How long one who gives up waits to learn whether his statement was run. */
const settling = "250 millis"

const open = (url: string, patience: Duration.DurationInput = timeout) =>
  Effect.map(
    Layer.build(
      Layer.provideMerge(SqlTokenStore.layerMigrated({ timeout: patience }), Layer.fresh(clientOf(url)))
    ),
    (context) => ({
      store: Context.get(context, TokenStore.TokenStore),
      sql: Context.get(context, SqlClient.SqlClient)
    })
  )

/** Runs what ends once its own time is over, and no later; the clock stands still but for that. */
const fails = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(operation)
    yield* Effect.yieldNow()
    yield* TestClock.adjust(timeout)
    yield* TestClock.adjust(settling)
    return yield* Fiber.join(fiber)
  })

/** Every operation fails within its time, and says nothing of where the database is. */
const assertAway = (store: TokenStore.Service, secret: string) =>
  Effect.forEach(
    [store.load("k"), store.save("k", numbered(9), 1), store.remove("k"), store.lease("k", "10 seconds")],
    (operation) =>
      Effect.gen(function* () {
        const error = yield* fails(Effect.flip<unknown, TokenStore.StoreError, never>(operation))
        assert.strictEqual(error.reason, "unreachable")
        assert.notInclude(inspect(error, { depth: 9, showHidden: true }) + String(error.stack), secret)
      }),
    { discard: true }
  )

/** As long as it takes a server to be back. */
const back = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  TestServices.provideLive(Effect.retry(operation, Schedule.spaced("100 millis")))

describe("SqlTokenStore: SQLite is locked", () => {
  it.scoped("Stores: a writer that does not end is an outage; what follows it is committed", () =>
    Effect.gen(function* () {
      const url = yield* sqlite
      // Each try stops all of the process for a quarter of a second.
      const { store } = yield* open(url, "100 millis")
      const { store: other } = yield* open(url)
      yield* store.save("k", numbered(1), 0)
      const blocker = yield* Layer.build(LibsqlClient.layer({ url }))
      const sql = Context.get(blocker, LibsqlClient.LibsqlClient)
      const blocked = yield* Deferred.make<void>()
      const blocking = yield* Effect.fork(
        sql.withTransaction(
          sql`create table blocked (n integer)`.pipe(
            Effect.zipRight(Deferred.succeed(blocked, undefined)),
            Effect.zipRight(Effect.never)
          )
        )
      )
      yield* Deferred.await(blocked)
      const error = yield* fails(Effect.flip(store.save("k", numbered(2), 1)))
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

  it.scoped("R13: a statement that a late cancellation hits is asked again", () =>
    Effect.gen(function* () {
      const server = yield* postgres
      const { store } = yield* open(server.url, "1 hour")
      const { sql: blocker } = yield* open(server.url)
      const { sql: canceller } = yield* open(server.url)
      assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")
      const locked = yield* Deferred.make<void>()
      const isCancelled = yield* Deferred.make<void>()
      yield* Effect.fork(
        blocker.withTransaction(
          blocker`select * from latchkey_tokens for update`.pipe(
            Effect.zipRight(Deferred.succeed(locked, undefined)),
            Effect.zipRight(Deferred.await(isCancelled))
          )
        )
      )
      yield* Deferred.await(locked)
      const saving = yield* Effect.fork(store.save("k", numbered(2), 1))
      const waiting = "wait_event_type = 'Lock'"
      const cancelled = yield* Effect.repeat(
        canceller.unsafe(`select pg_cancel_backend(pid) from pg_stat_activity where ${waiting}`),
        { until: (rows) => rows.length > 0 }
      )
      assert.strictEqual(cancelled.length, 1)
      yield* Deferred.succeed(isCancelled, undefined)
      // It is asked again after a pause, and may have to wait for the lock once more.
      yield* Effect.repeat(Effect.zipRight(TestClock.adjust("1 millis"), Fiber.poll(saving)), {
        until: Option.isSome
      })
      assert.strictEqual((yield* Fiber.join(saving))._tag, "Written")
    })
  )

  it.scoped(
    "R13: stopped and started again, or frozen: operations fail fast, and work again without a restart of ours",
    () =>
      Effect.gen(function* () {
        const server = yield* postgres
        const { store } = yield* open(server.url)
        assert.strictEqual((yield* store.save("k", numbered(1), 0))._tag, "Written")

        yield* Effect.promise(() => server.stop())
        yield* assertAway(store, "of-a-test")
        yield* Effect.promise(() => server.start())
        assert.strictEqual(versionOf(yield* back(store.load("k"))), 1)

        yield* Effect.sync(() => server.freeze())
        yield* Effect.ensuring(
          assertAway(store, "of-a-test"),
          Effect.sync(() => server.thaw())
        )
        // The save that got no answer may have been made: whoever tries again learns so.
        const record = yield* back(store.load("k"))
        const saved = yield* store.save("k", numbered(2), versionOf(record))
        assert.include(["Written", "Conflict"], saved._tag)
        // Nor is the lease lost that got no answer.
        assert.isTrue(Option.isSome(yield* store.lease("k", "10 seconds")))
      })
  )
})
