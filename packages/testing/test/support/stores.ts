import * as TokenStore from "@latchkey/core/TokenStore"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const keyValueStore = Effect.map(
  Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory),
  (kv) => Layer.provide(TokenStore.layerKeyValueStore, Layer.succeed(KeyValueStore.KeyValueStore, kv))
)

const key = (byte: string) => Redacted.make(btoa(byte.repeat(32)))

/** The contract of the stores that need no directory and no server, each property tried so often. */
export const stores = (runs: number): void => {
  TokenStoreSuite.describe("memory", {
    place: Effect.succeed({ layer: TokenStore.layerMemory }),
    shared: false,
    durable: false,
    runs
  })

  TokenStoreSuite.describe("KeyValueStore", {
    place: Effect.map(keyValueStore, (layer) => ({ layer })),
    shared: false,
    durable: true,
    runs
  })

  TokenStoreSuite.describe("encrypted KeyValueStore", {
    place: Effect.map(keyValueStore, (layer) => ({
      layer: TokenStore.encrypted(key("k"), key("o"))(layer)
    })),
    shared: false,
    durable: true,
    runs
  })

  // One memory for all who open it: what a store that processes share looks like from within one.
  TokenStoreSuite.describe("shared memory", {
    place: Effect.map(TokenStore.makeMemory, (memory) => ({
      layer: Layer.succeed(TokenStore.TokenStore, { ...memory, shared: true })
    })),
    shared: true,
    durable: true,
    runs
  })
}
