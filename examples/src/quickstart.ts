// The README's first snippet, run as it stands: the environment that it reads points at a sandbox.
import { stop } from "./support/environment.ts"
// #region quickstart
import { FetchHttpClient } from "@effect/platform"
import { VaultsPay } from "@latchkey/vaultspay"
import { Effect, Layer } from "effect"

const program = Effect.gen(function* () {
  const vaultspay = yield* VaultsPay.Client
  const response = yield* vaultspay.get("/v1/orders") // logs in first, then sends the token
  return yield* response.json
})

// VAULTSPAY_BASE_URL, VAULTSPAY_CLIENT_ID and VAULTSPAY_CLIENT_SECRET come from the environment.
const Live = VaultsPay.Client.layer.pipe(
  Layer.provide(VaultsPay.layerConfig()),
  Layer.provide(FetchHttpClient.layer)
)

console.log(await program.pipe(Effect.provide(Live), Effect.runPromise))
// #endregion

await stop()
