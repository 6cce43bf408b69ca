// Tokens that a fleet shares through Redis. Without REDIS_URL there is nothing to show.
import { RedisTokenStore } from "@latchkey/redis"
import { Ledger, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Config, Console, Effect, Layer, Option } from "effect"

// #region redis
// Reads REDIS_URL: redis://user:password@host:6379/0, or rediss:// for TLS.
const Store = RedisTokenStore.layerConfig()

// Needs a base HttpClient, such as FetchHttpClient.layer.
const Live = (options: VaultsPay.LayerOptions) =>
  VaultsPay.Client.layer.pipe(Layer.provide(VaultsPay.layer(options)), Layer.provide(Store))
// #endregion

const main = Effect.gen(function* () {
  if (Option.isNone(yield* Config.option(Config.redacted("REDIS_URL")))) {
    return yield* Console.log("no REDIS_URL, no fleet")
  }
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
      )
    )
  }
  const { logins, requests } = Ledger.count(yield* sandbox.ledger)
  yield* Console.log(`${requests} requests, ${logins} login`)
})

await Effect.runPromise(main)
