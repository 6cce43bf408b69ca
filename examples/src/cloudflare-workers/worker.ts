// A worker for Cloudflare: the tests of packages/workers run it in workerd.
// #region worker
import { FetchHttpClient } from "@effect/platform"
import { VaultsPay } from "@latchkey/vaultspay"
import { env, waitUntil } from "cloudflare:workers"
import { ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"

// Once for all requests of an isolate, which share one token.
const runtime = ManagedRuntime.make(
  VaultsPay.Client.layer.pipe(
    // A mint that outlives the request that began it needs waitUntil.
    Layer.provide(VaultsPay.layerConfig({ policy: { waitUntil } })),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromJson(env)))
  )
)

const orders = Effect.gen(function* () {
  const vaultspay = yield* VaultsPay.Client
  const response = yield* vaultspay.get("/v1/orders")
  return Response.json(yield* response.json, { status: response.status })
})

export default { fetch: (): Promise<Response> => runtime.runPromise(orders) }
// #endregion
