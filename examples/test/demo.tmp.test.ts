import { Autopay } from "@latchkey/autopay"
import { AutopaySandbox, Fault, Ledger, MemoryClient } from "@latchkey/testing"
import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Random from "effect/Random"
import * as Context from "effect/Context"

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

it.scoped("A: revoked while a mint is under way; 401 arrives before the new token", () =>
  Effect.gen(function* () {
    const { client, sandbox } = yield* setup
    yield* sandbox.revokeAccessTokens
    const out: Array<string> = []
    for (let i = 0; i < 16; i++) {
      const call = yield* Effect.fork(client.get(`/${i}`))
      yield* TestClock.adjust("200 millis")
      out.push(`${yield* Clock.currentTimeMillis}: ${(yield* Fiber.join(call)).status}`)
    }
    console.log("A", out.join("  "), Ledger.count(yield* sandbox.ledger))
  }).pipe(Effect.withRandom(Random.fixed([0.5])))
)
it.scoped("B: 401 arrives after the new token", () =>
  Effect.gen(function* () {
    const { client, sandbox } = yield* setup
    yield* sandbox.revokeAccessTokens
    yield* sandbox.fault("api", Fault.Latency({ duration: "200 millis" }), { times: 4 })
    const calls = yield* Effect.forEach([1, 2, 3, 4], (i) => Effect.fork(client.get(`/${i}`)))
    yield* TestClock.adjust("1 second")
    console.log(
      "B",
      (yield* Fiber.joinAll(calls)).map((r) => r.status),
      (yield* client.get("/x")).status,
      Ledger.count(yield* sandbox.ledger)
    )
  }).pipe(Effect.withRandom(Random.fixed([0.5])))
)
