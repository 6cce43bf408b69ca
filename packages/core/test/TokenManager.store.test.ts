import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import { makeFlaky } from "./support/flakyStore.ts"
import * as TestFlow from "./support/testFlow.ts"

const makeWith = (store: TokenStore.Service, flow: TestFlow.TestFlow) =>
  Effect.provideService(TokenManager.make(flow.flow), TokenStore.TokenStore, store)

const stored = (store: TokenStore.Service) =>
  Effect.map(store.load("test-key"), (record) => Redacted.value(Option.getOrThrow(record).tokens.accessToken))

const tokens = (accessToken: string, lifetime: number, refreshToken?: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (sentAt) =>
    TokenSet.fromAnswer({ accessToken, lifetime, sentAt, refreshToken })
  )

describe("TokenManager over a store", () => {
  it.effect("a token survives its manager: the next one adopts it without a mint", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make()
      yield* Effect.scoped(Effect.flatMap(makeWith(store, test), (manager) => manager.get))
      const token = yield* Effect.scoped(Effect.flatMap(makeWith(store, test), (manager) => manager.get))
      assert.strictEqual(Redacted.value(token.value), "access-1")
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R13: two managers that share a store make 1 mint", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make({ latency: "1 second" })
      const managers = yield* Effect.forEach(Array.from({ length: 20 }), () => makeWith(store, test))
      const all = Effect.forEach(managers, (manager) => manager.get, { concurrency: "unbounded" })
      const served = yield* TestFlow.during("2 seconds", all)
      assert.strictEqual(new Set(served.map((token) => Redacted.value(token.value))).size, 1)
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.scoped("R13: the store is read again under the lease before a mint", () =>
    Effect.gen(function* () {
      const { store, inner } = yield* makeFlaky
      const test = yield* TestFlow.make()
      const sibling = yield* tokens("of-a-sibling", 3_600_000)
      const racing: TokenStore.Service = {
        ...store,
        // The sibling writes between our first look and the grant of the lease.
        lease: (key, timeToLive) => Effect.zipRight(inner.save(key, sibling, 0), store.lease(key, timeToLive))
      }
      const manager = yield* makeWith(racing, test)
      assert.strictEqual(Redacted.value((yield* manager.get).value), "of-a-sibling")
      assert.strictEqual(test.mints(), 0)
    })
  )

  it.scoped("R6: a refused refresh token: what a sibling rotated meanwhile is adopted, no login", () =>
    Effect.gen(function* () {
      const { store, inner } = yield* makeFlaky
      const test = yield* TestFlow.make({ refresh: "rotates", latency: "1 second" })
      const manager = yield* makeWith(store, test)
      yield* TestFlow.during("1 second", manager.get)
      yield* TestClock.adjust("1 hour")
      test.behave(TestFlow.refused)
      const waiting = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      yield* inner.save("test-key", yield* tokens("of-a-sibling", 3_600_000, "rotated"), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Redacted.value((yield* waiting).value), "of-a-sibling")
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [1, 1])
    })
  )

  it.scoped("R6: a login never overwrites a newer stored token set", () =>
    Effect.gen(function* () {
      const { store, inner } = yield* makeFlaky
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* makeWith(store, test)
      const waiting = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      yield* inner.save("test-key", yield* tokens("of-a-sibling", 3_600_000), 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Redacted.value((yield* waiting).value), "of-a-sibling")
      assert.strictEqual(yield* stored(store), "of-a-sibling")
    })
  )

  it.scoped("R7: the token set is stored before anyone sees it", () =>
    Effect.gen(function* () {
      const { store } = yield* makeFlaky
      const test = yield* TestFlow.make()
      let seenAtSave: unknown = "not saved"
      const watching: TokenStore.Service = {
        ...store,
        save: (key, set, version) =>
          Effect.suspend(() => {
            seenAtSave = manager.unsafeGet()
            return store.save(key, set, version)
          })
      }
      const manager: TokenManager.TokenManager = yield* makeWith(watching, test)
      yield* manager.get
      assert.isUndefined(seenAtSave)
      assert.isDefined(manager.unsafeGet())
    })
  )

  it.scoped("R7: a store that fails: served from memory, and written when it is back", () =>
    Effect.gen(function* () {
      const { inner, state, store } = yield* makeFlaky
      const test = yield* TestFlow.make()
      const manager = yield* makeWith(store, test)
      state.down = true
      assert.strictEqual(Redacted.value((yield* manager.get).value), "access-1")
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(Option.isNone(yield* inner.load("test-key")))
      state.down = false
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* stored(inner), "access-1")
      assert.strictEqual(test.mints(), 1)
    })
  )

  it.effect("R7, R18: what a store is still owed is written when the scope closes", () =>
    Effect.gen(function* () {
      const { inner, state, store } = yield* makeFlaky
      const test = yield* TestFlow.make()
      const scope = yield* Scope.make()
      const manager = yield* Scope.extend(makeWith(store, test), scope)
      state.down = true
      yield* manager.get
      state.down = false
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* stored(inner), "access-1")
    })
  )

  it.scoped(
    "R13: store out of reach: a rotating flow fails Unavailable rather than spend a token blindly",
    () =>
      Effect.gen(function* () {
        const { state, store } = yield* makeFlaky
        const test = yield* TestFlow.make({ refresh: "rotates" })
        const manager = yield* makeWith(store, test)
        state.down = true
        const result = yield* TestFlow.during("2 seconds", Effect.either(manager.get))
        assert.isTrue(
          Either.isLeft(result) && result.left._tag === "Unavailable" && result.left.operation === "store"
        )
        assert.strictEqual(test.mints(), 0)
        state.down = false
        yield* manager.get
      })
  )

  it.effect(
    "R3: a store that never answers holds callers, and the shutdown, no longer than its own deadline",
    () =>
      Effect.gen(function* () {
        const { store } = yield* makeFlaky
        const test = yield* TestFlow.make()
        const scope = yield* Scope.make()
        const hung = {
          ...store,
          load: () => Effect.never,
          lease: () => Effect.never,
          save: () => Effect.never
        }
        const manager = yield* Scope.extend(makeWith(hung, test), scope)
        const token = yield* TestFlow.during("20 seconds", manager.get)
        assert.strictEqual(Redacted.value(token.value), "access-1")
        yield* TestFlow.during("5 seconds", Scope.close(scope, Exit.void))
      })
  )

  it.scoped("R9: a rejected token that the store still holds is not adopted again", () =>
    Effect.gen(function* () {
      const { store } = yield* makeFlaky
      const test = yield* TestFlow.make()
      const manager = yield* makeWith(store, test)
      const token = yield* manager.get
      yield* manager.invalidate(token.generation)
      assert.strictEqual(Redacted.value((yield* manager.get).value), "access-2")
      assert.strictEqual(yield* stored(store), "access-2")
    })
  )

  it.effect("R5: a stored refresh token is used even if its access token is long over", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make({ refresh: "kept" })
      yield* Effect.scoped(Effect.flatMap(makeWith(store, test), (manager) => manager.get))
      yield* TestClock.adjust("2 hours")
      yield* Effect.scoped(Effect.flatMap(makeWith(store, test), (manager) => manager.get))
      assert.deepStrictEqual([test.ledger.logins, test.ledger.refreshes], [1, 1])
    })
  )
})
