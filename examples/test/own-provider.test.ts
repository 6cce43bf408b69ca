import { Fault, Ledger, MemoryClient, type Sandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { assert, describe } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, TestClock } from "effect"
import * as Parcels from "../src/own-provider/Parcels.ts"
import * as ParcelsSandbox from "../src/own-provider/ParcelsSandbox.ts"

const setup = Effect.gen(function* () {
  const sandbox = yield* ParcelsSandbox.make()
  const { clientId, clientSecret } = sandbox.credentials
  const layer = Parcels.Client.layer.pipe(
    Layer.provide(Parcels.layer({ baseUrl: sandbox.apiOrigin, account: clientId, key: clientSecret })),
    Layer.provide(MemoryClient.layer([sandbox]))
  )
  return { sandbox, client: Context.get(yield* Layer.build(layer), Parcels.Client) }
})

const counts = (sandbox: Sandbox.Sandbox) => Effect.map(sandbox.ledger, Ledger.count)

describe("a provider of one's own", () => {
  it.effect("checks its options", () =>
    Effect.gen(function* () {
      const options = { baseUrl: "https://parcels.example", account: "me", key: Redacted.make("secret") }
      const { origins } = yield* Parcels.make(options)
      assert.deepStrictEqual(origins, ["https://parcels.example"])
      const error = yield* Effect.flip(Parcels.make({ ...options, baseUrl: "http://parcels.example" }))
      assert.strictEqual(error.option, "baseUrl")
    }).pipe(Effect.provide(MemoryClient.layer([])))
  )

  it.scoped("logs in once for many requests, and again when the token has expired", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* Effect.replicateEffect(client.get("/labels"), 100, { concurrency: "unbounded" })
      assert.strictEqual((yield* counts(sandbox)).logins, 1)
      yield* TestClock.adjust("15 minutes")
      assert.strictEqual((yield* client.get("/labels")).status, 200)
      const { logins, rejections } = yield* counts(sandbox)
      assert.deepStrictEqual([logins, rejections], [2, 0])
    })
  )

  it.scoped("recovers from a revoked token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* client.get("/labels")
      yield* sandbox.revokeAccessTokens
      assert.strictEqual((yield* client.get("/labels")).status, 200)
    })
  )

  it.scoped("tells a wrong key from an outage", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Status({ status: 429, headers: { "retry-after": "60" } }))
      assert.strictEqual((yield* Effect.flip(client.get("/labels")))._tag, "RateLimited")
      yield* TestClock.adjust("1 minute")
      yield* sandbox.changeSecret(Redacted.make("another"))
      const error = yield* Effect.flip(client.get("/labels"))
      assert.strictEqual(error._tag, "Unauthorized")
      assert.propertyVal(error, "code", "bad_key")
    })
  )

  it.scoped("refuses an answer that is no token", () =>
    Effect.gen(function* () {
      const { client, sandbox } = yield* setup
      yield* sandbox.fault("login", Fault.Status({ status: 404 }))
      assert.strictEqual((yield* Effect.flip(client.get("/labels")))._tag, "InvalidResponse")
    })
  )
})
