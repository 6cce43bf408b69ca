// #region outage
import { Autopay } from "@latchkey/autopay"
import { AutopaySandbox, Fault, Ledger, MemoryClient } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { assert } from "@effect/vitest"
import { Effect, Fiber, Layer, TestClock } from "effect"

const permits = Effect.flatMap(Autopay.Client, (autopay) => autopay.get("/v1/permits"))

it.effect("an outage of the login is retried, and costs one login in the end", () =>
  Effect.gen(function* () {
    const sandbox = yield* AutopaySandbox.make()
    yield* sandbox.fault("login", Fault.Status({ status: 503 }), { times: 2 })

    const Live = Autopay.Client.layer.pipe(
      Layer.provide(Autopay.layer(sandbox.credentials)),
      Layer.provide(MemoryClient.layer([sandbox]))
    )
    const fiber = yield* Effect.fork(Effect.provide(permits, Live))
    yield* TestClock.adjust("1 second") // between the tries
    assert.strictEqual((yield* Fiber.join(fiber)).status, 200)

    const { faults, logins, requests } = Ledger.count(yield* sandbox.ledger)
    assert.deepStrictEqual([faults, logins, requests], [2, 1, 1])
  })
)
// #endregion
