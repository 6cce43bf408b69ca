// #region vault-ist
import { Ledger, MemoryClient, VaultIstSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { VaultIst } from "@latchkey/vault-ist"
import { assert } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, TestClock } from "effect"

it.effect("each refresh token is spent once", () =>
  Effect.gen(function* () {
    const sandbox = yield* VaultIstSandbox.make({ accessLifetime: "1 hour" })
    const { refreshToken } = yield* sandbox.issue
    const Live = VaultIst.Client.layer.pipe(
      Layer.provide(VaultIst.layer({ refreshToken: Redacted.make(Option.getOrThrow(refreshToken).value) })),
      Layer.provide(MemoryClient.layer([sandbox]))
    )

    yield* Effect.gen(function* () {
      const client = yield* VaultIst.Client
      for (let hour = 0; hour < 10; hour++) {
        assert.strictEqual((yield* client.get("/v2.0/accounts")).status, 200)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(Effect.provide(Live))

    const { logins, refreshes, reuses } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([logins, refreshes, reuses], [0, 10, 0])
  })
)
// #endregion
