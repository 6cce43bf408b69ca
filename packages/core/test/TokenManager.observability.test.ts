import * as AuthEvent from "@latchkey/core/AuthEvent"
import * as TokenManager from "@latchkey/core/TokenManager"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const collect = (manager: TokenManager.TokenManager) =>
  Effect.gen(function* () {
    const seen: Array<AuthEvent.AuthEvent> = []
    yield* Effect.forkScoped(
      Stream.runForEach(manager.events, (event) => Effect.sync(() => seen.push(event)))
    )
    yield* TestFlow.settle
    return seen
  })

const tags = (events: ReadonlyArray<AuthEvent.AuthEvent>) => events.map((event) => event._tag)

describe("R19: observability", () => {
  it.scoped("R19: events tell a token's life", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ refresh: "rotates" })
      const manager = yield* TokenManager.make(test.flow)
      const seen = yield* collect(manager)
      const first = yield* manager.get
      yield* TestClock.adjust("1 hour")
      const second = yield* manager.get
      manager.unsafeReject(first)
      manager.unsafeReject(second)
      const third = yield* manager.get
      manager.unsafeReject(third)
      yield* TestFlow.settle
      assert.deepStrictEqual(tags(seen), ["Minted", "Rotated", "Rejected", "Rotated", "ReplacementRejected"])
      assert.deepStrictEqual(
        seen.map((event) => ("generation" in event ? event.generation : undefined)),
        [1, 2, 2, 3, 3]
      )
    })
  )

  it.scoped("R19: a failing flow tells of each mint, the gate and its reopening", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make()
      test.behave(TestFlow.unauthorized, "issue")
      const manager = yield* TokenManager.make(test.flow)
      const seen = yield* collect(manager)
      yield* Effect.either(manager.get)
      yield* TestClock.adjust("1 second")
      yield* manager.get
      yield* TestFlow.settle
      assert.deepStrictEqual(tags(seen), ["MintFailed", "GateClosed", "Minted", "GateOpened"])
    })
  )

  it.scoped("R19: a mint that our deadline cut off timed out; one that died of a defect did not", () =>
    Effect.gen(function* () {
      let broken = false
      const hanging = yield* TestFlow.make({
        flow: { login: () => (broken ? Effect.dieMessage("a bug in a flow") : Effect.never) }
      })
      const manager = yield* TokenManager.make(hanging.flow)
      const seen = yield* collect(manager)
      const waiting = yield* Effect.fork(Effect.exit(manager.get))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(waiting)
      broken = true
      yield* Effect.exit(manager.get)
      yield* TestFlow.settle
      assert.deepStrictEqual(
        seen.map((event) => event._tag === "MintFailed" && [event.error._tag, event.error.code]),
        [
          ["Unavailable", "timed_out"],
          ["Unavailable", undefined]
        ]
      )
    })
  )

  it.scoped("R19: a subscriber that does not read stalls nobody", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ lifetime: "10 seconds" })
      const manager = yield* TokenManager.make(test.flow)
      yield* Effect.forkScoped(Stream.runForEach(manager.events, () => Effect.never))
      yield* TestFlow.settle
      for (let round = 0; round < 300; round++) {
        yield* manager.get
        yield* TestClock.adjust("10 seconds")
      }
      assert.strictEqual(test.mints(), 300)
    })
  )

  it.scoped("R19: status shows phase, generation, expiry and the last failure", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "1 second" })
      const manager = yield* TokenManager.make(test.flow, { policy: { jitter: 0 } })
      assert.strictEqual((yield* manager.status).phase, "empty")
      const fiber = yield* Effect.fork(manager.get)
      yield* TestFlow.settle
      assert.isTrue((yield* manager.status).minting)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      const status = yield* manager.status
      assert.deepStrictEqual(
        [
          status.phase,
          status.generation,
          status.minting,
          Option.getOrNull(status.staleAt),
          Option.getOrNull(status.expiresAt)
        ],
        ["fresh", 1, false, 3_300_000, 3_600_000]
      )
      yield* TestClock.adjust("3300 seconds")
      assert.strictEqual((yield* manager.status).phase, "stale")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* manager.status).phase, "expired")
      test.behave(TestFlow.unauthorized)
      yield* TestFlow.during("1 second", Effect.either(manager.get))
      const failed = yield* manager.status
      assert.strictEqual(Option.getOrNull(failed.lastFailure)?._tag, "Unauthorized")
      assert.isTrue(Option.isSome(failed.gateClosedUntil))
    })
  )

  it.scoped("R19: mints, their duration, rejections and seconds to expiry are metrics", () =>
    Effect.gen(function* () {
      const test = yield* TestFlow.make({ latency: "2 seconds" })
      const flow = { ...test.flow, provider: "metrics-test" }
      const manager = yield* TokenManager.make(flow)
      test.behave(TestFlow.unauthorized, "issue")
      yield* TestFlow.during("2 seconds", Effect.either(manager.get))
      yield* TestClock.adjust("1 second")
      const token = yield* TestFlow.during("2 seconds", manager.get)
      manager.unsafeReject(token)
      yield* TestFlow.during("2 seconds", manager.replacement(token))
      const tagged = (outcome: string) =>
        AuthEvent.mints.pipe(
          Metric.tagged("provider", "metrics-test"),
          Metric.tagged("grant", "login"),
          Metric.tagged("outcome", outcome)
        )
      assert.strictEqual((yield* Metric.value(tagged("success"))).count, 2)
      assert.strictEqual((yield* Metric.value(tagged("Unauthorized"))).count, 1)
      const duration = yield* Metric.value(
        AuthEvent.mintDuration.pipe(
          Metric.tagged("provider", "metrics-test"),
          Metric.tagged("grant", "login")
        )
      )
      assert.deepStrictEqual([duration.count, duration.sum], [3, 6])
      const rejected = yield* Metric.value(Metric.tagged(AuthEvent.rejections, "provider", "metrics-test"))
      assert.strictEqual(rejected.count, 1)
      const expiry = yield* Metric.value(Metric.tagged(AuthEvent.secondsToExpiry, "provider", "metrics-test"))
      assert.strictEqual(expiry.value, 3598)
    })
  )

  it.scoped("R19: one span per mint, a root of its own, and none on the hot path", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const roots: Array<boolean> = []
      const tracer = Tracer.make({
        span: (name, parent, context, links, startTime, kind) => {
          names.push(name)
          roots.push(Option.isNone(parent))
          const span: Tracer.Span = {
            _tag: "Span",
            name,
            spanId: "span",
            traceId: "trace",
            parent,
            context,
            status: { _tag: "Started", startTime },
            attributes: new Map(),
            links,
            sampled: true,
            kind,
            end: () => {},
            attribute: () => {},
            event: () => {},
            addLinks: () => {}
          }
          return span
        },
        context: (f) => f()
      })
      const test = yield* TestFlow.make()
      yield* Effect.gen(function* () {
        const manager = yield* TokenManager.make(test.flow)
        yield* manager.get
        for (let call = 0; call < 10; call++) {
          yield* manager.get
        }
      }).pipe(Effect.withSpan("application"), Effect.withTracer(tracer))
      assert.deepStrictEqual(names, ["application", "latchkey.mint"])
      assert.deepStrictEqual(roots, [true, true])
    })
  )
})
