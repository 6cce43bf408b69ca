// What a health check shows of a token, and what its life looks like as a stream of events.
import { Fault } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Console, Effect, Layer, Option, Stream } from "effect"
import { sandboxes } from "./support/sandboxes.ts"

// #region health
const health = Effect.gen(function* () {
  const manager = yield* VaultsPay.VaultsPay
  const { expiresAt, generation, lastFailure, phase } = yield* manager.status
  return {
    ok: phase === "fresh" || phase === "stale",
    phase,
    generation,
    expiresAt: Option.getOrNull(Option.map(expiresAt, (at) => new Date(at).toISOString())),
    lastFailure: Option.getOrNull(Option.map(lastFailure, (error) => error._tag))
  }
})

const logEvents = Effect.gen(function* () {
  const manager = yield* VaultsPay.VaultsPay
  yield* Stream.runForEach(manager.events, (event) => Console.log(`  event: ${event._tag}`))
})
// #endregion

const show = (when: string) =>
  Effect.flatMap(health, ({ generation, lastFailure, ok, phase }) =>
    Console.log(
      `${when}: ${ok ? "ok" : "not ok"}, ${phase}, generation ${generation}, last failure ${lastFailure}`
    )
  )

const main = Effect.gen(function* () {
  const { layer, vaultspay: sandbox } = yield* sandboxes
  const Live = VaultsPay.Client.layer.pipe(Layer.provideMerge(VaultsPay.layerConfig()), Layer.provide(layer))

  yield* Effect.gen(function* () {
    const vaultspay = yield* VaultsPay.Client
    yield* Effect.forkScoped(logEvents)
    yield* Effect.yieldNow()

    yield* show("before the first request")
    yield* vaultspay.get("/v1/orders")
    yield* show("after it")

    yield* sandbox.revokeAccessTokens
    yield* sandbox.fault("refresh", Fault.Status({ status: 503 }), { times: Infinity })
    yield* Effect.ignore(vaultspay.get("/v1/orders"))
    yield* show("token revoked, refresh down")

    yield* sandbox.clearFaults
    yield* vaultspay.get("/v1/orders")
    yield* show("refresh up again")
  }).pipe(Effect.provide(Live), Effect.scoped)
})

await Effect.runPromise(main)
