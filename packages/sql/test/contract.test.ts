import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { databases } from "./support/databases.ts"
import { forwardOf } from "./support/forward.ts"

for (const [name, database] of databases) {
  TokenStoreSuite.describe(name, {
    place: Effect.gen(function* () {
      const url = yield* database
      return {
        // A hundred at once wait for each other, as long as that takes.
        layer: Layer.provide(SqlTokenStore.layerMigrated({ timeout: "5 minutes" }), clientOf(url)),
        forward: yield* forwardOf(url)
      }
    }),
    clock: "set",
    shared: true,
    durable: true
  })
}
