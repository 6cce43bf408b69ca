import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Clients, Options } from "../AuthFlowSuite.ts"
import * as Ledger from "../Ledger.ts"
import { it } from "../SettledTest.ts"
import { tenant } from "./flowHarness.ts"
import type { World } from "./worlds.ts"

/** A layer that is a constant is memoised by reference: two tenants must not get one client by it. */
export const clients = <Id, Client>(options: Options<Id> & Clients<Id, Client>, world: World): void => {
  const { client } = options
  if (client === undefined) {
    return
  }
  it.scoped("Client: two tenants that are built together have two clients, each with its own token", () =>
    Effect.gen(function* () {
      const memoMap = yield* Layer.makeMemoMap
      const scope = yield* Effect.scope
      const tenants = [yield* tenant(options, world, "first"), yield* tenant(options, world, "second")]
      for (const { layer } of tenants) {
        const context = yield* Layer.buildWithMemoMap(Layer.provide(client.layer, layer), memoMap, scope)
        const response = yield* Context.get(context, client.tag).get("/v1/things")
        assert.strictEqual(response.status, 200)
      }
      for (const { sandbox } of tenants) {
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { mints: 1, requests: 1, rejections: 0 })
      }
    }).pipe(Effect.orDie)
  )
}
