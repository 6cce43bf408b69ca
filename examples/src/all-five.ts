// All five providers behind one HttpClient: each request carries the token of its origin.
import { HttpClient } from "@effect/platform"
import { Autopay } from "@latchkey/autopay"
import { AuthHttpClient } from "@latchkey/core"
import { PaymentsGate } from "@latchkey/paymentsgate"
import { Su } from "@latchkey/su"
import {
  AutopaySandbox,
  Ledger,
  MemoryClient,
  PaymentsGateSandbox,
  SuSandbox,
  VaultIstSandbox,
  VaultsPaySandbox
} from "@latchkey/testing"
import { VaultIst } from "@latchkey/vault-ist"
import { VaultsPay } from "@latchkey/vaultspay"
import { ConfigProvider, Console, Effect, Layer, Option, Redacted } from "effect"

const Providers = Layer.mergeAll(
  Autopay.layerConfig(),
  VaultsPay.layerConfig(),
  VaultIst.layerConfig(),
  Su.layerConfig(),
  PaymentsGate.layerConfig()
)

const Everywhere = AuthHttpClient.layer([
  Autopay.Autopay,
  VaultsPay.VaultsPay,
  VaultIst.VaultIst,
  Su.Su,
  PaymentsGate.PaymentsGate
]).pipe(Layer.provide(Providers))

const main = Effect.gen(function* () {
  const autopay = yield* AutopaySandbox.make()
  const vaultspay = yield* VaultsPaySandbox.make()
  const vaultIst = yield* VaultIstSandbox.make()
  const su = yield* SuSandbox.make()
  const paymentsgate = yield* PaymentsGateSandbox.make()
  const sandboxes = [autopay, vaultspay, vaultIst, su, paymentsgate]
  const { refreshToken } = yield* vaultIst.issue

  const environment = new Map([
    ["AUTOPAY_CLIENT_ID", autopay.credentials.clientId],
    ["AUTOPAY_CLIENT_SECRET", Redacted.value(autopay.credentials.clientSecret)],
    ["VAULTSPAY_BASE_URL", vaultspay.apiOrigin],
    ["VAULTSPAY_CLIENT_ID", vaultspay.credentials.clientId],
    ["VAULTSPAY_CLIENT_SECRET", Redacted.value(vaultspay.credentials.clientSecret)],
    ["VAULT_IST_REFRESH_TOKEN", Option.getOrThrow(refreshToken).value],
    ["SU_ENVIRONMENT", "sandbox"],
    ["SU_DOMAIN", su.credentials.clientId],
    ["SU_CLIENT_SECRET", Redacted.value(su.credentials.clientSecret)],
    ["PAYMENTSGATE_ACCOUNT_ID", paymentsgate.credentials.clientId],
    ["PAYMENTSGATE_PUBLIC_KEY", Redacted.value(paymentsgate.credentials.clientSecret)]
  ])

  yield* Effect.gen(function* () {
    const http = yield* HttpClient.HttpClient
    for (const { apiOrigin, provider } of sandboxes) {
      const { status } = yield* http.get(`${apiOrigin}/v1/things`)
      yield* Console.log(`${provider}: ${status}`)
    }
  }).pipe(
    Effect.provide(
      Everywhere.pipe(
        Layer.provide(MemoryClient.layer(sandboxes)), // in production: FetchHttpClient.layer
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(environment)))
      )
    )
  )

  for (const sandbox of sandboxes) {
    const { mints, rejections } = Ledger.count(yield* sandbox.ledger)
    yield* Console.log(`${sandbox.provider} saw ${mints} mint and ${rejections} rejections`)
  }
})

await Effect.runPromise(main)
