// One token per tenant: a LayerMap from effect builds a tenant's clients on first use and drops them when idle.
import { Ledger, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Config, ConfigProvider, Console, Effect, Layer, LayerMap, Redacted } from "effect"

// #region tenants
class Tenants extends LayerMap.Service<Tenants>()("app/Tenants", {
  lookup: (tenant: string) =>
    VaultsPay.Client.layer.pipe(
      Layer.provide(
        VaultsPay.layerConfig({
          baseUrl: Config.string(`${tenant}_BASE_URL`),
          clientId: Config.string(`${tenant}_CLIENT_ID`),
          clientSecret: Config.redacted(`${tenant}_CLIENT_SECRET`)
        })
      )
    ),
  idleTimeToLive: "15 minutes"
}) {}

const orders = Effect.gen(function* () {
  const vaultspay = yield* VaultsPay.Client
  return yield* vaultspay.get("/v1/orders")
})

const program = (tenant: string) => orders.pipe(Effect.provide(Tenants.get(tenant)))
// #endregion

const main = Effect.gen(function* () {
  const acme = yield* VaultsPaySandbox.make({ origin: "https://acme.vaultspay.example" })
  const globex = yield* VaultsPaySandbox.make({ origin: "https://globex.vaultspay.example" })
  const environment = new Map(
    Object.entries({ ACME: acme, GLOBEX: globex }).flatMap(([tenant, { apiOrigin, credentials }]) => [
      [`${tenant}_BASE_URL`, apiOrigin] as const,
      [`${tenant}_CLIENT_ID`, credentials.clientId] as const,
      [`${tenant}_CLIENT_SECRET`, Redacted.value(credentials.clientSecret)] as const
    ])
  )

  yield* Effect.forEach(["ACME", "GLOBEX", "ACME", "ACME", "GLOBEX", "ACME"], program, {
    concurrency: "unbounded"
  }).pipe(
    Effect.provide(Layer.provide(Tenants.Default, MemoryClient.layer([acme, globex]))),
    Effect.withConfigProvider(ConfigProvider.fromMap(environment))
  )

  for (const sandbox of [acme, globex]) {
    const { mints, requests } = Ledger.count(yield* sandbox.ledger)
    yield* Console.log(`${sandbox.apiOrigin}: ${requests} requests, ${mints} login`)
  }
})

await Effect.runPromise(main)
