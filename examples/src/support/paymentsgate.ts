import { MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

/** The provider in memory, and an environment that has its credentials. */
export const environment = Effect.gen(function* () {
  const sandbox = yield* PaymentsGateSandbox.make()

  const variables = new Map([
    ["PAYMENTSGATE_ACCOUNT_ID", sandbox.credentials.clientId],
    ["PAYMENTSGATE_PUBLIC_KEY", Redacted.value(sandbox.credentials.clientSecret)]
  ])
  return Layer.merge(
    MemoryClient.layer([sandbox]),
    Layer.setConfigProvider(ConfigProvider.fromMap(variables))
  )
})
