// Two providers behind one HttpClient, and their typed clients, on one token each.
import { Ledger } from "@latchkey/testing"
import { Console } from "effect"
import { sandboxes } from "./support/sandboxes.ts"
// #region compose
import { HttpClient } from "@effect/platform"
import { Autopay } from "@latchkey/autopay"
import { AuthHttpClient } from "@latchkey/core"
import { VaultsPay } from "@latchkey/vaultspay"
import { Effect, Layer } from "effect"

// A const: layers are memoised by reference, so whatever is built on it shares one token per provider.
// A second call of Autopay.layerConfig() would be a second token.
const Providers = Layer.merge(Autopay.layerConfig(), VaultsPay.layerConfig())

// Needs a base HttpClient, such as FetchHttpClient.layer.
const Payments = Layer.mergeAll(
  AuthHttpClient.layer([Autopay.Autopay, VaultsPay.VaultsPay]),
  Autopay.Client.layer,
  VaultsPay.Client.layer
).pipe(Layer.provide(Providers))

const program = Effect.gen(function* () {
  const http = yield* HttpClient.HttpClient // the standard tag: the origin of a request picks the token
  const permits = yield* http.get("https://api.autopay.io/v1/permits")

  const vaultspay = yield* VaultsPay.Client // one provider: relative URLs, typed errors
  const orders = yield* vaultspay.get("/v1/orders")

  return [permits.status, orders.status]
})
// #endregion

const main = Effect.gen(function* () {
  const { autopay, layer, vaultspay } = yield* sandboxes
  const statuses = yield* Effect.replicateEffect(program, 10).pipe(
    Effect.provide(Layer.provide(Payments, layer))
  )
  yield* Console.log(`answers: ${statuses.flat().join(" ")}`)
  for (const sandbox of [autopay, vaultspay]) {
    const { mints, requests } = Ledger.count(yield* sandbox.ledger)
    yield* Console.log(`${sandbox.provider}: ${requests} requests, ${mints} login`)
  }
})

await Effect.runPromise(main)
