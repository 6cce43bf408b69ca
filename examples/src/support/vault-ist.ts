import { MemoryClient, VaultIstSandbox } from "@latchkey/testing"
import { ConfigProvider, Effect, Layer, Option } from "effect"

/** The provider in memory, and an environment that has its credentials. */
export const environment = Effect.gen(function* () {
  const sandbox = yield* VaultIstSandbox.make()
  const { refreshToken } = yield* sandbox.issue
  const variables = new Map([["VAULT_IST_REFRESH_TOKEN", Option.getOrThrow(refreshToken).value]])
  return Layer.merge(
    MemoryClient.layer([sandbox]),
    Layer.setConfigProvider(ConfigProvider.fromMap(variables))
  )
})
