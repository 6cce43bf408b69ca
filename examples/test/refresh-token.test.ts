// #region refresh
import { Ledger, MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { VaultsPay } from "@latchkey/vaultspay"
import { assert } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"

it.effect("a refresh per access token, and a login when the refresh token is over", () =>
  Effect.gen(function* () {
    const sandbox = yield* VaultsPaySandbox.make({ accessLifetime: "1 hour", refreshLifetime: "10 hours" })
    const Live = VaultsPay.Client.layer.pipe(
      Layer.provide(VaultsPay.layer({ baseUrl: sandbox.apiOrigin, ...sandbox.credentials })),
      Layer.provide(MemoryClient.layer([sandbox]))
    )

    yield* Effect.gen(function* () {
      const vaultspay = yield* VaultsPay.Client
      for (let hour = 0; hour <= 10; hour++) {
        assert.strictEqual((yield* vaultspay.get("/v1/orders")).status, 200)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(Effect.provide(Live))

    const { logins, refreshes } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([logins, refreshes], [2, 9])
  })
)
// #endregion
