import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

/** As the tag of a transaction: something of the fiber that happens to make a manager. */
class Ambient extends Context.Tag("test/Ambient")<Ambient, string>() {}

/** A store that tells what of the fiber that asks it can see. */
const watching = Effect.map(TokenStore.makeMemory, (memory) => {
  const keys: Array<string> = []
  const annotations: Array<string> = []
  const spans: Array<string> = []
  const look = Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.map(FiberRef.get(FiberRef.currentLogAnnotations), (all) => {
      keys.push(...context.unsafeMap.keys())
      const span = Context.getOption(context, Tracer.ParentSpan)
      spans.push(...Option.toArray(span).map((span) => (span._tag === "Span" ? span.name : "of another")))
      annotations.push(...HashMap.keys(all))
    })
  )
  const store: TokenStore.Service = {
    ...memory,
    load: (key) => Effect.zipRight(look, memory.load(key)),
    save: (key, tokens, version) => Effect.zipRight(look, memory.save(key, tokens, version)),
    lease: (key, timeToLive) => Effect.zipRight(look, memory.lease(key, timeToLive))
  }
  return { store, keys, annotations, spans }
})

describe("Scope: what a manager keeps of the fiber that makes it", () => {
  it.scoped("Scope: neither its context nor its annotations, but how requests are sent", () =>
    Effect.gen(function* () {
      const { annotations, keys, spans, store } = yield* watching
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* TokenManager.make(test.flow).pipe(
        Effect.provideService(TokenStore.TokenStore, store),
        Effect.provideService(Ambient, "a transaction"),
        Effect.provideService(FetchHttpClient.RequestInit, { cache: "no-store" }),
        Effect.annotateLogs("request", "the first"),
        Effect.withSpan("the first request")
      )
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      yield* manager.get
      assert.strictEqual(test.mints(), 2)
      assert.notStrictEqual(keys.length, 0)
      assert.include(keys, FetchHttpClient.RequestInit.key)
      const ours = new Set<string>([FetchHttpClient.RequestInit.key, Tracer.ParentSpan.key, Scope.Scope.key])
      assert.deepStrictEqual(
        keys.filter((key) => !ours.has(key)),
        []
      )
      assert.notInclude(spans, "the first request")
      assert.deepStrictEqual(annotations, [])
    })
  )

  it.scoped("Scope: made where interruption is off, it ends at its deadline and closes all the same", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave("hang")
      const scope = yield* Scope.make()
      const manager = yield* Effect.uninterruptible(Scope.extend(TokenManager.make(test.flow), scope))
      const failed = yield* TestFlow.during("20 seconds", Effect.either(manager.get))
      assert.strictEqual(Either.isLeft(failed) && failed.left._tag, "Unavailable")
      const waiting = yield* Effect.fork(Effect.either(manager.get))
      yield* TestFlow.settle
      assert.strictEqual(test.ledger.inFlight, 1)
      yield* TestFlow.during(0, Scope.close(scope, Exit.void))
      assert.isTrue(Either.isLeft(yield* waiting))
      assert.strictEqual(test.ledger.inFlight, 0)
    })
  )
})
