import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlTokenStore from "../src/SqlTokenStore.ts"
import { clientOf } from "./support/clients.ts"
import { databases } from "./support/databases.ts"

for (const [name, database] of databases) {
  TokenStoreSuite.describe(name, {
    place: Effect.map(database, (url) => ({
      layer: Layer.provide(SqlTokenStore.layerMigrated(), clientOf(url))
    })),
    clock: "own",
    shared: true,
    durable: true
  })
}
