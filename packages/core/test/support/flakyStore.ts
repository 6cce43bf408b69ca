import * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"

const down = new TokenStore.StoreError({ reason: "unreachable", message: "The store is down." })

/** A store in memory that fails while `state.down`, or takes no token set while `state.full`. */
export const makeFlaky = Effect.gen(function* () {
  const inner = yield* TokenStore.makeMemory
  const state = { down: false, full: false, saves: 0 }
  const guard = <A>(effect: Effect.Effect<A, TokenStore.StoreError>) =>
    Effect.suspend(() => (state.down ? Effect.fail(down) : effect))
  const store: TokenStore.Service = {
    ...inner,
    load: (key) => guard(inner.load(key)),
    save: (key, tokens, version) =>
      guard(
        Effect.suspend(() => {
          state.saves += 1
          return state.full ? Effect.fail(down) : inner.save(key, tokens, version)
        })
      ),
    lease: (key, timeToLive) => guard(inner.lease(key, timeToLive))
  }
  return { store, state, inner }
})
