import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import { makeFlaky } from "./support/flakyStore.ts"
import * as TestFlow from "./support/testFlow.ts"

interface Logged {
  readonly level: string
  readonly text: string
  readonly provider: unknown
}

/** A logger that keeps what it is told. */
const recorder = () => {
  const logged: Array<Logged> = []
  const logger = Logger.make(({ annotations, logLevel, message }) => {
    logged.push({
      level: logLevel.label,
      text: String(message),
      provider: Option.getOrUndefined(HashMap.get(annotations, "provider"))
    })
  })
  const layer = Logger.replace(Logger.defaultLogger, logger)
  const on = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(Effect.provide(layer), Logger.withMinimumLogLevel(LogLevel.Debug))
  return { logged, on, levels: () => logged.map(({ level }) => level) }
}

/** A manager that logs to a recorder, over a store if there is one. */
const make = (test: TestFlow.TestFlow, store?: TokenStore.Service) =>
  Effect.gen(function* () {
    const log = recorder()
    const made = log.on(TokenManager.make(test.flow))
    const manager = yield* store === undefined
      ? made
      : Effect.provideService(made, TokenStore.TokenStore, store)
    return { ...log, manager }
  })

describe("the log of a manager", () => {
  it.scoped("log: refused credentials are one Warning, and an Info when they are accepted", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unauthorized)
      const { levels, logged, manager } = yield* make(test)
      for (let second = 0; second < 30; second++) {
        yield* Effect.either(manager.get)
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(levels(), ["WARN"])
      assert.include(logged[0]?.text, "wrong secret")
      assert.strictEqual(logged[0]?.provider, "test")
      test.behave("issue")
      yield* TestClock.adjust("5 minutes")
      yield* manager.get
      assert.deepStrictEqual(levels(), ["WARN", "DEBUG", "INFO"])
    })
  )

  it.scoped("log: a spent budget is one Warning for all callers", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "1 day" })
      const { logged, manager } = yield* make(test)
      for (let call = 0; call < 20; call++) {
        const token = yield* Effect.option(manager.get)
        yield* manager.invalidate(Option.match(token, { onNone: () => 0, onSome: (_) => _.generation }))
      }
      const warnings = logged.filter(({ level }) => level === "WARN")
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0]?.text, "the mint budget is spent")
    })
  )

  it.scoped(
    "log: a store that is away is one Warning of a login-only flow, whose callers notice nothing",
    () =>
      Effect.gen(function* () {
        const { state, store } = yield* makeFlaky
        state.down = true
        const test = yield* TestFlow.make({ lifetime: "10 seconds" })
        const { levels, logged, manager } = yield* make(test, store)
        yield* manager.get
        assert.deepStrictEqual(levels(), ["WARN", "DEBUG"])
        assert.include(logged[0]?.text, "The store is down.")
        state.down = false
        yield* TestClock.adjust("20 seconds")
        yield* manager.get
        assert.deepStrictEqual(
          levels().filter((level) => level !== "DEBUG"),
          ["WARN", "INFO"]
        )
      })
  )

  it.scoped("log: a store that takes no token set is one Warning, and an Info when it takes it", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeFlaky
      state.full = true
      const test = yield* TestFlow.make()
      const { levels, logged, manager } = yield* make(test, store)
      yield* manager.get
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(levels(), ["WARN", "DEBUG"])
      assert.include(logged[0]?.text, "(save)")
      state.full = false
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(levels(), ["WARN", "DEBUG", "INFO"])
    })
  )

  it.scoped("log: without a store nothing is said of stores, and a flow that works logs no Warning", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const { levels, manager } = yield* make(test)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      yield* manager.get
      assert.deepStrictEqual(levels(), ["DEBUG", "DEBUG"])
    })
  )

  it.scoped("log: a refresh token that only memory keeps is a Warning when the manager is made", () =>
    Effect.gen(function* () {
      const options = { refresh: "rotates", login: false, flow: { key: "memory-1" } } as const
      const alone = yield* make(yield* TestFlow.make(options))
      assert.deepStrictEqual(alone.levels(), ["WARN"])
      assert.include(alone.logged[0]?.text, "Provide a TokenStore that outlives the process.")
      const again = yield* make(yield* TestFlow.make(options), yield* TokenStore.makeMemory)
      assert.deepStrictEqual(again.levels(), [])
      const other = { ...options, flow: { key: "memory-2" } }
      const memory = yield* make(yield* TestFlow.make(other), yield* TokenStore.makeMemory)
      assert.deepStrictEqual(memory.levels(), ["WARN"])
      const { store } = yield* makeFlaky
      const third = { ...options, flow: { key: "memory-3" } }
      const kept = yield* make(yield* TestFlow.make(third), { ...store, volatile: false })
      assert.deepStrictEqual(kept.levels(), [])
      const lasting = { ...options, refresh: "kept", flow: { key: "memory-4" } } as const
      assert.deepStrictEqual((yield* make(yield* TestFlow.make(lasting))).levels(), [])
    })
  )

  it.scoped("log: a second living manager of one key without a store is a Warning, once", () =>
    Effect.gen(function* () {
      const flow = (key: string) => TestFlow.make({ flow: { key } })
      const first = yield* make(yield* flow("second-manager"))
      const others = yield* Effect.forEach([1, 2, 3], () => Effect.flatMap(flow("second-manager"), make))
      assert.deepStrictEqual(first.levels(), [])
      assert.deepStrictEqual(
        others.map(({ levels }) => levels()),
        [["WARN"], [], []]
      )
      assert.include(others[0]?.logged[0]?.text, "build its layer once")
    })
  )

  it.scoped("log: one manager after the other is no second one", () =>
    Effect.gen(function* () {
      for (let round = 0; round < 3; round++) {
        const scope = yield* Scope.make()
        const test = yield* TestFlow.make({ flow: { key: "one-after-the-other" } })
        const { levels } = yield* Scope.extend(make(test), scope)
        assert.deepStrictEqual(levels(), [])
        yield* Scope.close(scope, Exit.void)
      }
    })
  )

  it.scoped("log: managers over a store that they share are told of nothing", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const flow = TestFlow.make({ flow: { key: "over-a-store" } })
      yield* make(yield* flow, store)
      assert.deepStrictEqual((yield* make(yield* flow, store)).levels(), [])
    })
  )

  it.scoped("log: a trouble that the scope closes over is not over", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unauthorized)
      const { levels, manager } = yield* Scope.extend(make(test), scope)
      yield* Effect.either(manager.get)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(levels(), ["WARN"])
    })
  )

  it.scoped("log: a logger that throws breaks no mint", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      const logger = Logger.make(() => {
        throw new Error("no log")
      })
      const manager = yield* TokenManager.make(test.flow).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.Debug)
      )
      assert.strictEqual((yield* manager.get).generation, 1)
    })
  )

  it.scoped("log: no line holds a secret or a token", () =>
    Effect.gen(function* () {
      const { state, store } = yield* makeFlaky
      const test = yield* TestFlow.make({ refresh: "rotates", lifetime: "1 minute" })
      const { logged, manager } = yield* make(test, store)
      yield* manager.get
      state.down = true
      yield* TestClock.adjust("1 minute")
      yield* Effect.either(manager.get)
      state.down = false
      test.behave(TestFlow.unauthorized)
      yield* TestClock.adjust("1 minute")
      yield* Effect.either(manager.get)
      test.behave("issue")
      yield* TestClock.adjust("5 minutes")
      yield* manager.get
      assert.isAbove(logged.length, 3)
      assert.notMatch(logged.map(({ text }) => text).join("\n"), /access-|refresh-\d|test-secret/)
    })
  )
})

describe("the status of a manager", () => {
  it.scoped("status: names the store, and whether it is encrypted", () =>
    Effect.gen(function* () {
      const named = (store?: TokenStore.Service) =>
        Effect.gen(function* () {
          const { manager } = yield* make(yield* TestFlow.make({ flow: { key: "named" } }), store)
          return Option.getOrUndefined((yield* manager.status).store)
        })
      const memory = yield* TokenStore.makeMemory
      assert.isUndefined(yield* named())
      assert.strictEqual(yield* named(memory), "memory")
      assert.strictEqual(yield* named({ ...memory, name: undefined }), "unnamed")
    })
  )
})
