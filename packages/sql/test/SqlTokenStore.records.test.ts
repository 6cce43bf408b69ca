import * as SqlClient from "@effect/sql/SqlClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import { Ledger, MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { databases } from "./support/databases.ts"
import { numbered } from "./support/tokens.ts"

/** Every span that ends, as text. */
const collecting = (texts: Array<string>): Tracer.Tracer =>
  Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: "1",
        traceId: "1",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled: true,
        kind,
        end: (_, exit) => texts.push(inspect([name, [...attributes], exit], { depth: 9 })),
        attribute: (key, value) => attributes.set(key, value),
        event: () => {},
        addLinks: () => {}
      }
      return span
    },
    context: (f) => f()
  })

for (const [name, database] of databases) {
  const opened = Effect.gen(function* () {
    const url = yield* database
    const context = yield* Layer.build(
      Layer.provideMerge(SqlTokenStore.layerMigrated({ timeout: "5 minutes" }), clientOf(url))
    )
    return {
      url,
      store: Context.get(context, TokenStore.TokenStore),
      sql: Context.get(context, SqlClient.SqlClient)
    }
  })

  describe(`SqlTokenStore (${name})`, () => {
    it.scopedLive("Stores: a row that cannot be read is corrupt, and stays as it is", () =>
      Effect.gen(function* () {
        const { sql, store } = yield* opened
        yield* store.save("k", numbered(1), 0)
        for (const text of ["", "secret-of-another", '{"accessToken":"secret-of-another"}', "null", "[]"]) {
          yield* sql`update latchkey_tokens set tokens = ${text} where key = ${"k"}`
          for (const operation of [
            store.load("k"),
            store.save("k", numbered(2), 0),
            store.save("k", numbered(2), 1),
            store.remove("k")
          ]) {
            const error = yield* Effect.flip<unknown, TokenStore.StoreError, never>(operation)
            assert.strictEqual(error.reason, "corrupt")
            assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "secret-of-another")
          }
          const rows = yield* sql`select tokens from latchkey_tokens where key = ${"k"}`
          assert.deepStrictEqual(
            rows.map((row) => row["tokens"]),
            [text]
          )
        }
      })
    )

    it.scopedLive("Stores: a removed record leaves its version behind, and no token", () =>
      Effect.gen(function* () {
        const { sql, store } = yield* opened
        yield* store.save("k", numbered(1), 0)
        yield* store.remove("k")
        const rows = yield* sql`select cast(version as text) as version, tokens from latchkey_tokens`
        assert.deepStrictEqual(
          rows.map((row) => [row["version"], row["tokens"]]),
          [["1", null]]
        )
      })
    )

    it.scopedLive(
      "Stores: without its tables it is out of reach; the migration may run many times at once",
      () =>
        Effect.gen(function* () {
          const client = clientOf(yield* database)
          yield* Effect.gen(function* () {
            const store = yield* SqlTokenStore.make()
            const error = yield* Effect.flip(store.load("k"))
            assert.strictEqual(error.reason, "unreachable")
            assert.include(error.message, "migration")
            const migrate = Effect.provide(SqlTokenStore.migration, Layer.fresh(client))
            yield* Effect.all(
              Array.from({ length: 4 }, () => migrate),
              { concurrency: "unbounded" }
            )
            yield* SqlTokenStore.migration
            assert.isTrue(Option.isNone(yield* store.load("k")))
          }).pipe(Effect.provide(client))
        })
    )

    it.scopedLive("R15: spans have the statements, and never a token", () =>
      Effect.gen(function* () {
        const { store } = yield* opened
        const texts: Array<string> = []
        yield* Effect.withTracer(
          Effect.gen(function* () {
            yield* store.save("k", numbered(1), 0)
            yield* store.load("k")
            yield* store.save("k", numbered(2), 1)
            yield* store.remove("k")
          }),
          collecting(texts)
        )
        assert.include(texts.join("\n"), "latchkey_tokens")
        for (const text of texts) {
          assert.notMatch(text.replaceAll(/_id: 'Exit'[^]*$/g, ""), /secret-(?:access|refresh)/)
        }
      })
    )

    it.scopedLive("R13: managers of two processes make 1 mint", () =>
      Effect.gen(function* () {
        const { url } = yield* opened
        const sandbox = yield* PaymentsGateSandbox.make()
        const { clientId, clientSecret } = sandbox.credentials
        const flow = yield* Effect.provide(
          PaymentsGate.make({ accountId: clientId, publicKey: clientSecret }),
          MemoryClient.layer([sandbox])
        )
        const managed = Effect.gen(function* () {
          const store = Layer.provide(SqlTokenStore.layerMigrated({ timeout: "5 minutes" }), clientOf(url))
          const manager = yield* Effect.provide(
            TokenManager.make(flow),
            yield* Layer.build(Layer.fresh(store))
          )
          return Redacted.value((yield* manager.get).value)
        })
        const tokens = yield* Effect.all([managed, managed, managed], { concurrency: "unbounded" })
        assert.strictEqual(new Set(tokens).size, 1)
        assert.strictEqual(Ledger.count(yield* sandbox.ledger).mints, 1)
      })
    )
  })
}
