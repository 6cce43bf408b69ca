import { AutopaySandbox, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { randomBytes } from "node:crypto"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

/**
 * Both providers in memory, at their own URLs, and an environment that has their credentials: what
 * stands below an example in place of `FetchHttpClient.layer` and `process.env`.
 */
export const sandboxes = Effect.gen(function* () {
  const autopay = yield* AutopaySandbox.make()
  const vaultspay = yield* VaultsPaySandbox.make()
  const environment = new Map([
    ["AUTOPAY_CLIENT_ID", autopay.credentials.clientId],
    ["AUTOPAY_CLIENT_SECRET", Redacted.value(autopay.credentials.clientSecret)],
    ["TOKEN_STORE_KEY", randomBytes(32).toString("base64")],
    ["VAULTSPAY_BASE_URL", vaultspay.apiOrigin],
    ["VAULTSPAY_CLIENT_ID", vaultspay.credentials.clientId],
    ["VAULTSPAY_CLIENT_SECRET", Redacted.value(vaultspay.credentials.clientSecret)]
  ])
  return {
    autopay,
    vaultspay,
    layer: Layer.merge(
      MemoryClient.layer([autopay, vaultspay]),
      Layer.setConfigProvider(ConfigProvider.fromMap(environment))
    )
  }
})
