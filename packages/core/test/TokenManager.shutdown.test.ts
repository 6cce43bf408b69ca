import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as AuthError from "@latchkey/core/AuthError"
import * as AuthEvent from "@latchkey/core/AuthEvent"
import type * as AuthFlow from "@latchkey/core/AuthFlow"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
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
      const test = yield* TestFlow.make()
      const seen: Array<readonly [RequestCache | undefined, string]> = []
      const revoke = () =>
        Effect.gen(function* () {
          const init = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
          seen.push([init?.cache, yield* FiberRef.get(tenant)])
        })
      const tenant = FiberRef.unsafeMake("nobody")
      const scope = yield* Scope.make()
      const flow = { ...test.flow, revoke: Option.some(revoke) }
      yield* TokenManager.make(flow, { policy: { revokeOnRelease: true } }).pipe(
        Effect.flatMap((manager) => manager.get),
        Effect.provideService(FetchHttpClient.RequestInit, { cache: "no-store" }),
        Effect.locally(tenant, "ours"),
        Scope.extend(scope)
      )
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(seen, [["no-store", "ours"]])
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

  /** A flow whose revocations go this way, the last one for ever. */
  const revoking = (...outcomes: ReadonlyArray<Effect.Effect<void, AuthError.AuthError>>) =>
    Effect.map(TestFlow.make(), ({ flow }) => {
      let tries = 0
      const revoke = () =>
        Effect.suspend(() => outcomes[Math.min(tries++, outcomes.length - 1)] ?? Effect.void)
      return { flow: { ...flow, revoke: Option.some(revoke) }, tries: () => tries }
    })

  /** What a manager tells of its end: events, and lines of the log from Warning on. */
  const released = (flow: AuthFlow.AuthFlow, policy: RefreshPolicy, within: Duration.DurationInput) =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        logged.push(`${logLevel.label} ${String(message)}`)
      })
      const scope = yield* Scope.make()
      const manager = yield* TokenManager.make(flow, { policy: { ...policy, revokeOnRelease: true } }).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Scope.extend(scope)
      )
      yield* manager.get
      const listening = yield* Effect.fork(Stream.runCollect(manager.events))
      yield* TestFlow.settle
      yield* TestFlow.during(within, Scope.close(scope, Exit.void))
      return { events: Chunk.toReadonlyArray(yield* Fiber.join(listening)), logged }
    })

  it.effect("R18: a revocation that fails for a moment is tried again, by the schedule of the policy", () =>
    Effect.gen(function* () {
      const { flow, tries } = yield* revoking(
        Effect.fail(TestFlow.unavailable),
        Effect.fail(TestFlow.unavailable),
        Effect.void
      )
      const retry = Schedule.spaced("1 second")
      const { events, logged } = yield* released(flow, { retry }, "2 seconds")
      assert.strictEqual(tries(), 3)
      assert.deepStrictEqual(events, [
        AuthEvent.AuthEvent.Revoked({ provider: "test", at: 2_000, generation: 1 })
      ])
      assert.deepStrictEqual(logged, [])
    })
  )

  it.effect("R18, R19: one that is refused is not tried again: an event, and a Warning", () =>
    Effect.gen(function* () {
      const { flow, tries } = yield* revoking(Effect.fail(TestFlow.unauthorized))
      const { events, logged } = yield* released(flow, {}, 0)
      assert.strictEqual(tries(), 1)
      assert.deepStrictEqual(events, [
        AuthEvent.AuthEvent.RevokeFailed({
          provider: "test",
          at: 0,
          generation: 1,
          error: TestFlow.unauthorized
        })
      ])
      assert.lengthOf(logged, 1)
      assert.match(logged[0] ?? "", /^WARN test: .*revoked.* wrong secret$/)
    })
  )

  it.effect("R18, R19: one that nobody answers ends with the deadline, and is an event", () =>
    Effect.gen(function* () {
      const { flow, tries } = yield* revoking(Effect.never)
      const { events } = yield* released(flow, { mintDeadline: "7 seconds" }, "7 seconds")
      assert.strictEqual(tries(), 1)
      assert.lengthOf(events, 1)
      const [event] = events
      assert.isTrue(event?._tag === "RevokeFailed" && event.at === 7_000)
      assert.deepInclude(event?._tag === "RevokeFailed" ? event.error : undefined, {
        _tag: "Unavailable",
        operation: "revoke",
        code: "timed_out"
      })
    })
  )

  it.effect("R18, R19: the tries end with the deadline, however long the schedule is", () =>
    Effect.gen(function* () {
      const { flow, tries } = yield* revoking(Effect.fail(TestFlow.unavailable))
      const retry = Schedule.spaced("1 second")
      const { events } = yield* released(flow, { retry, mintDeadline: "3500 millis" }, "3500 millis")
      assert.strictEqual(tries(), 4)
      assert.deepStrictEqual(
        events.map(({ _tag, at }) => [_tag, at]),
        [["RevokeFailed", 3_500]]
      )
    })
  )

  it.effect("R15, R19: a defect of the flow is an event too, and says nothing of its cause", () =>
    Effect.gen(function* () {
      const { flow } = yield* revoking(Effect.die(new Error("access-1")))
      const { events, logged } = yield* released(flow, {}, 0)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["RevokeFailed"]
      )
      assert.lengthOf(logged, 1)
      assert.notInclude(JSON.stringify([events, logged]), "access-1")
    })
  )

  it.effect("R18: what could not be revoked stays in the store, for who comes next", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      for (const [outcome, kept] of [
        [Effect.fail(TestFlow.unauthorized), true],
        [Effect.void, false]
      ] as const) {
        yield* store.remove("test-key")
        const { flow } = yield* revoking(outcome)
        yield* TokenManager.make(flow, { policy: { revokeOnRelease: true } }).pipe(
          Effect.flatMap((manager) => manager.get),
          Effect.scoped,
          Effect.provideService(TokenStore.TokenStore, store)
        )
        assert.strictEqual(Option.isSome(yield* store.load("test-key")), kept)
      }
    })
  )
})
