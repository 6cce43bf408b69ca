import { MemoryClient, SuSandbox } from "@latchkey/testing"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

/** The provider in memory, and an environment that has its credentials. */
export const environment = Effect.gen(function* () {
  const sandbox = yield* SuSandbox.make()

  const variables = new Map([
    ["SU_ENVIRONMENT", "sandbox"],
    ["SU_DOMAIN", sandbox.credentials.clientId],
    ["SU_CLIENT_SECRET", Redacted.value(sandbox.credentials.clientSecret)]
  ])
  return Layer.merge(
    MemoryClient.layer([sandbox]),
    Layer.setConfigProvider(ConfigProvider.fromMap(variables))
  )
})
