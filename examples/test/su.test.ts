// #region su
import { Ledger, MemoryClient, SuSandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { Su } from "@latchkey/su"
import { assert } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"

it.effect("one login per token, and no refresh", () =>
  Effect.gen(function* () {
    const sandbox = yield* SuSandbox.make({ accessLifetime: "1 hour" })
    const Live = Su.Client.layer.pipe(
      Layer.provide(
        Su.layer({
          environment: "sandbox",
          domain: sandbox.credentials.clientId,
          clientSecret: sandbox.credentials.clientSecret
        })
      ),
      Layer.provide(MemoryClient.layer([sandbox]))
    )

    yield* Effect.gen(function* () {
      const client = yield* Su.Client
      for (let hour = 0; hour < 10; hour++) {
        assert.strictEqual((yield* client.get("/rooms")).status, 200)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(Effect.provide(Live))

    const { logins, refreshes, reuses } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([logins, refreshes, reuses], [10, 0, 0])
  })
)
// #endregion
