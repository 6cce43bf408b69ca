// Two processes with one database: the second adopts the token of the first, and nobody logs in again.
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { LibsqlClient } from "@effect/sql-libsql"
import { SqlTokenStore } from "@latchkey/sql"
import { Ledger, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Config, ConfigProvider, Console, Effect, Layer } from "effect"

// #region sql
// SQLite, for the processes of one machine. A fleet takes PostgreSQL, with @effect/sql-pg:
//   PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })
const Database = LibsqlClient.layerConfig({ url: Config.string("DATABASE_URL") }) // file:/var/lib/app/tokens.db

const Store = SqlTokenStore.layerMigrated().pipe(Layer.provide(Database))

// Needs a base HttpClient, such as FetchHttpClient.layer.
const Live = (options: VaultsPay.LayerOptions) =>
  VaultsPay.Client.layer.pipe(Layer.provide(VaultsPay.layer(options)), Layer.provide(Store))
// #endregion

const main = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({ prefix: "latchkey-" })
  const environment = ConfigProvider.fromMap(new Map([["DATABASE_URL", `file:${directory}/tokens.db`]]))
  const sandbox = yield* VaultsPaySandbox.make()
  for (const process of ["first", "second"]) {
    yield* Effect.gen(function* () {
      const vaultspay = yield* VaultsPay.Client
      const { status } = yield* vaultspay.get("/v1/orders")
      yield* Console.log(`${process} process: ${status}`)
    }).pipe(
      Effect.provide(
        Layer.provide(
          Live({ baseUrl: sandbox.apiOrigin, ...sandbox.credentials }),
          MemoryClient.layer([sandbox])
        )
      ),
      Effect.withConfigProvider(environment)
    )
  }
  const { logins, requests } = Ledger.count(yield* sandbox.ledger)
  yield* Console.log(`${requests} requests, ${logins} login`)
})

await main.pipe(Effect.scoped, Effect.provide(NodeContext.layer), Effect.runPromise)
