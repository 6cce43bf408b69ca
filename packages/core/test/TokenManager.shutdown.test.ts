import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

describe("R18: shutdown", () => {
  it.effect("R18: closing the scope lets a rotation hear its answer and store it", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const scope = yield* Scope.make()
      const manager = yield* TokenManager.make(test.flow).pipe(
        Effect.provideService(TokenStore.TokenStore, store),
        Scope.extend(scope)
      )
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.latency = "3 seconds"
      const caller = yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      assert.strictEqual(test.ledger.refreshes, 1)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestFlow.settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(closing)), "the answer is still awaited")
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(closing)
      yield* Fiber.join(caller)
      const record = Option.getOrThrow(yield* store.load("test-key"))
      const refreshToken = Option.getOrThrow(record.tokens.refreshToken)
      assert.strictEqual(Redacted.value(refreshToken.value), "refresh-2")
    })
  )

  it.effect("R18: closing the scope does not wait for a login", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "10 seconds" })
      const scope = yield* Scope.make()
      const manager = yield* Scope.extend(TokenManager.make(test.flow), scope)
      yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(test.ledger.inFlight, 0)
    })
  )

  it.effect("R18: a rotation that is never answered holds the shutdown no longer than its deadline", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const scope = yield* Scope.make()
      const manager = yield* Scope.extend(TokenManager.make(test.flow), scope)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave("hang")
      yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      yield* TestFlow.during("20 seconds", Scope.close(scope, Exit.void))
      assert.strictEqual(test.ledger.inFlight, 0)
    })
  )

  it.effect("R18: revokes what this process minted, if asked", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const use = (revokeOnRelease: boolean) =>
        Effect.scoped(
          Effect.flatMap(TokenManager.make(test.flow, { policy: { revokeOnRelease } }), (_) => _.get)
        )
      yield* use(false)
      assert.deepStrictEqual(test.ledger.revoked, [])
      yield* use(true)
      assert.deepStrictEqual(test.ledger.revoked, ["access-2"])
    })
  )

  it.effect("R18: a revocation runs with what the manager was made with, whoever closes the scope", () =>
    Effect.gen(function* () {
      class Network extends Context.Tag("Network")<Network, string>() {}
      const test = yield* TestFlow.make()
      const seen: Array<readonly [Option.Option<string>, string]> = []
      const revoke = () =>
        Effect.gen(function* () {
          seen.push([yield* Effect.serviceOption(Network), yield* FiberRef.get(tenant)])
        })
      const tenant = FiberRef.unsafeMake("nobody")
      const scope = yield* Scope.make()
      const flow = { ...test.flow, revoke: Option.some(revoke) }
      yield* TokenManager.make(flow, { policy: { revokeOnRelease: true } }).pipe(
        Effect.flatMap((manager) => manager.get),
        Effect.provideService(Network, "a proxy"),
        Effect.locally(tenant, "ours"),
        Scope.extend(scope)
      )
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        seen.map(([network, owner]) => [Option.getOrNull(network), owner]),
        [["a proxy", "ours"]]
      )
    })
  )

  it.effect("R18: does not revoke what a sibling minted", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const test = yield* TestFlow.make()
      const use = (revokeOnRelease: boolean) =>
        TokenManager.make(test.flow, { policy: { revokeOnRelease } }).pipe(
          Effect.flatMap((manager) => manager.get),
          Effect.scoped,
          Effect.provideService(TokenStore.TokenStore, store)
        )
      yield* use(false)
      yield* use(true)
      assert.deepStrictEqual(test.ledger.revoked, [])
    })
  )
})
