import { Autopay } from "@latchkey/autopay"
import { AutopaySandbox, Fault, Ledger, MemoryClient } from "@latchkey/testing"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Random from "effect/Random"
import * as Context from "effect/Context"
import { it } from "@latchkey/testing/SettledTest"

const setup = Effect.gen(function* () {
  const sandbox = yield* AutopaySandbox.make({ accessLifetime: 4000 })
  yield* sandbox.fault("login", Fault.Latency({ duration: "150 millis" }), { times: Infinity })
  const world = yield* Layer.build(
    Autopay.Client.layer.pipe(
      Layer.provide(Autopay.layer({ ...sandbox.credentials })),
      Layer.provide(MemoryClient.layer([sandbox]))
    )
  )
  const client = Context.get(world, Autopay.Client)
  const first = yield* Effect.fork(client.get("/a"))
  yield* TestClock.adjust("150 millis")
  yield* Fiber.join(first)
  yield* TestClock.adjust("2600 millis") // 2.75 s: stale (Random.fixed 0.5)
  yield* client.get("/trigger") // starts the background login: handled on arrival, answered at +150 ms
  yield* TestClock.adjust("50 millis")
  return { sandbox, client }
})

it.scoped(
  "R9: revoked while a mint is under way, the 401 arrives after the new token: every call succeeds",
  () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.revokeAccessTokens
      yield* sandbox.fault("api", Fault.Latency({ duration: "200 millis" }), { times: 4 })
      const calls = yield* Effect.forEach([1, 2, 3, 4], (i) => Effect.fork(client.get(`/${i}`)))
      yield* TestClock.adjust("1 second")
      const responses = yield* Fiber.joinAll(calls)
      assert.deepStrictEqual(
        responses.map(({ status }) => status),
        [200, 200, 200, 200]
      )
      assert.strictEqual((yield* client.get("/x")).status, 200)
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).mints, 3)
    }).pipe(Effect.withRandom(Random.fixed([0.5])))
)

it.scoped(
  "R9: revoked while a mint is under way, the 401 arrives before the new token: every call succeeds",
  () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.revokeAccessTokens
      // The token under way was minted before the revocation, and is rejected too.
      const calls = yield* Effect.forEach([1, 2, 3, 4], (i) => Effect.fork(client.get(`/${i}`)))
      yield* TestClock.adjust("150 millis")
      yield* TestClock.adjust("150 millis")
      yield* TestClock.adjust("150 millis")
      const responses = yield* Fiber.joinAll(calls)
      assert.deepStrictEqual(
        responses.map(({ status }) => status),
        [200, 200, 200, 200]
      )
      assert.strictEqual(Ledger.count(yield* sandbox.ledger).mints, 3)
    }).pipe(Effect.withRandom(Random.fixed([0.5])))
)
