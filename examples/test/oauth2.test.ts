// #region oauth2
import { Ledger, MemoryClient, OAuth2Sandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { OAuth2 } from "@latchkey/oauth2"
import { assert } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"

it.effect("a token an hour, and each refresh token is spent once", () =>
  Effect.gen(function* () {
    const sandbox = yield* OAuth2Sandbox.make({ refreshTokens: "rotates" })
    const Live = OAuth2.Client.layer.pipe(
      Layer.provide(
        OAuth2.layer({ issuer: sandbox.tokenOrigin, apiUrl: sandbox.apiOrigin, ...sandbox.credentials })
      ),
      Layer.provide(MemoryClient.layer([sandbox]))
    )

    yield* Effect.gen(function* () {
      const client = yield* OAuth2.Client
      for (let hour = 0; hour < 10; hour++) {
        assert.strictEqual((yield* client.get("/v1/reports")).status, 200)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(Effect.provide(Live))

    const { logins, refreshes, reuses } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([logins, refreshes, reuses], [1, 9, 0])
  })
)
// #endregion
