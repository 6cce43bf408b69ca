// #region paymentsgate
import { Ledger, MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { PaymentsGate } from "@latchkey/paymentsgate"
import { assert } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"

it.effect("one login, and each refresh token is spent once", () =>
  Effect.gen(function* () {
    const sandbox = yield* PaymentsGateSandbox.make({ accessLifetime: "1 hour" })
    const Live = PaymentsGate.Client.layer.pipe(
      Layer.provide(
        PaymentsGate.layer({
          accountId: sandbox.credentials.clientId,
          publicKey: sandbox.credentials.clientSecret
        })
      ),
      Layer.provide(MemoryClient.layer([sandbox]))
    )

    yield* Effect.gen(function* () {
      const client = yield* PaymentsGate.Client
      for (let hour = 0; hour < 10; hour++) {
        assert.strictEqual((yield* client.get("/deals")).status, 200)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(Effect.provide(Live))

    const { logins, refreshes, reuses } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([logins, refreshes, reuses], [1, 9, 0])
  })
)
// #endregion
