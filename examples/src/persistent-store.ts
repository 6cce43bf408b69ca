// Tokens outlive the process: the second run adopts the first one's, and nobody logs in again.
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { TokenStore } from "@latchkey/core"
import { Ledger } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Config, Console, Effect, Layer } from "effect"
import { sandboxes } from "./support/sandboxes.ts"

// #region store
// TOKEN_STORE_KEY is 32 random bytes in base64: openssl rand -base64 32
const Store = (directory: string) =>
  Effect.map(Config.redacted("TOKEN_STORE_KEY"), (key) =>
    TokenStore.layerFileSystem(directory).pipe(TokenStore.encrypted(key), Layer.provide(NodeContext.layer))
  ).pipe(Layer.unwrapEffect)

const Live = (directory: string) =>
  VaultsPay.Client.layer.pipe(Layer.provide(VaultsPay.layerConfig()), Layer.provide(Store(directory)))
// #endregion

const run = (name: string, directory: string) =>
  Effect.gen(function* () {
    const vaultspay = yield* VaultsPay.Client
    const { status } = yield* vaultspay.get("/v1/orders")
    yield* Console.log(`${name}: ${status}`)
  }).pipe(Effect.provide(Live(directory)))

const main = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({ prefix: "latchkey-" })
  const { layer, vaultspay } = yield* sandboxes

  yield* run("first run", directory).pipe(Effect.provide(layer))
  yield* run("second run", directory).pipe(Effect.provide(layer))

  const { logins, requests } = Ledger.count(yield* vaultspay.ledger)
  yield* Console.log(`${requests} requests, ${logins} login`)

  const [file = ""] = yield* files.readDirectory(directory)
  const stored = yield* files.readFileString(`${directory}/${file}`)
  yield* Console.log(`the file ${stored.includes("vaultspay-access") ? "shows" : "hides"} the token`)
})

await main.pipe(Effect.scoped, Effect.provide(NodeContext.layer), Effect.runPromise)
