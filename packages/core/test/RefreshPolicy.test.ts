import { assert, describe } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as AuthError from "../src/AuthError.ts"
import * as Expiry from "../src/Expiry.ts"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const unavailable = new AuthError.Unavailable({ provider: "acme", operation: "login", message: "down" })

const duration: FastCheck.Arbitrary<Duration.DurationInput> = FastCheck.oneof(
  FastCheck.double(),
  FastCheck.integer({ min: -1_000, max: 1e12 }),
  FastCheck.integer({ min: 0, max: 1e12 }).map((millis) => Duration.millis(millis)),
  FastCheck.bigInt({ min: 0n, max: 10n ** 24n }),
  FastCheck.integer({ min: 0, max: 100_000 }).map((hours): Duration.DurationInput => `${hours} hours`),
  FastCheck.constantFrom<Duration.DurationInput>(
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Duration.zero,
    Duration.infinity,
    "30 days",
    "100000 weeks"
  )
)

const optionalDuration = FastCheck.option(duration, { nil: undefined })

describe("RefreshPolicy", () => {
  describe("resolve", () => {
    it("R2: no policy and an empty policy are the defaults", () => {
      assert.deepStrictEqual(RefreshPolicy.resolve(undefined), RefreshPolicy.defaults)
      assert.deepStrictEqual(RefreshPolicy.resolve({}), RefreshPolicy.defaults)
      assert.deepStrictEqual(
        { ...RefreshPolicy.defaults, retry: "" },
        {
          staleWindow: undefined,
          expiredWindow: undefined,
          jitter: 0.5,
          mintDeadline: 20_000,
          retry: "",
          revokeOnRelease: false,
          waitUntil: undefined
        }
      )
    })

    it("R2: an option that is undefined is its default", () => {
      const resolved = RefreshPolicy.resolve({
        staleWindow: undefined,
        expiredWindow: undefined,
        jitter: undefined,
        mintDeadline: undefined,
        retry: undefined,
        revokeOnRelease: undefined
      })
      assert.deepStrictEqual(resolved, RefreshPolicy.defaults)
    })

    it("R2: windows are taken in every form of a duration, as milliseconds", () => {
      for (const staleWindow of [
        "2 minutes",
        120_000,
        Duration.minutes(2),
        120_000_000_000n,
        [120, 0]
      ] as const) {
        assert.strictEqual(RefreshPolicy.resolve({ staleWindow }).staleWindow, 120_000)
        assert.strictEqual(RefreshPolicy.resolve({ expiredWindow: staleWindow }).expiredWindow, 120_000)
      }
      const resolved = RefreshPolicy.resolve({ staleWindow: "3 minutes", expiredWindow: "7 seconds" })
      assert.strictEqual(resolved.staleWindow, 180_000)
      assert.strictEqual(resolved.expiredWindow, 7_000)
    })

    it.prop(
      "R2: the jitter is between 0 and 0.5, whatever is set",
      { jitter: FastCheck.oneof(FastCheck.double(), FastCheck.double({ min: 0, max: 0.5, noNaN: true })) },
      ({ jitter }) => {
        const resolved = RefreshPolicy.resolve({ jitter }).jitter
        assert.isAtLeast(resolved, 0)
        assert.isAtMost(resolved, 0.5)
        if (jitter >= 0 && jitter <= 0.5) {
          assert.strictEqual(resolved, jitter)
        }
      },
      runs
    )

    it("R2: a jitter outside of its range is the nearest end, NaN the default", () => {
      assert.strictEqual(RefreshPolicy.resolve({ jitter: -1 }).jitter, 0)
      assert.strictEqual(RefreshPolicy.resolve({ jitter: 0.6 }).jitter, 0.5)
      assert.strictEqual(RefreshPolicy.resolve({ jitter: Number.POSITIVE_INFINITY }).jitter, 0.5)
      assert.strictEqual(RefreshPolicy.resolve({ jitter: Number.NaN }).jitter, 0.5)
    })

    it.prop(
      "R2: whatever a policy sets, a token is fresh at birth and ages in order",
      {
        staleWindow: optionalDuration,
        expiredWindow: optionalDuration,
        jitter: FastCheck.option(FastCheck.double(), { nil: undefined }),
        lifetime: FastCheck.integer({ min: 1_000, max: 36_525 * 86_400_000 }),
        drawn: FastCheck.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
      },
      ({ drawn, expiredWindow, jitter, lifetime, staleWindow }) => {
        const resolved = RefreshPolicy.resolve({ staleWindow, expiredWindow, jitter })
        const timeline = Expiry.timeline(0, lifetime, drawn * resolved.jitter, resolved)
        assert.strictEqual(Expiry.phase(timeline, 0), "fresh")
        assert.isAtLeast(timeline.staleAt, lifetime / 2)
        assert.isAtMost(timeline.staleAt, timeline.expiredAt)
        assert.isAtMost(timeline.expiredAt, timeline.expiresAt)
      },
      runs
    )

    it("R4: a deadline is kept; one that is zero, negative, NaN or infinite is the default", () => {
      assert.strictEqual(RefreshPolicy.resolve({ mintDeadline: "5 seconds" }).mintDeadline, 5_000)
      assert.strictEqual(RefreshPolicy.resolve({ mintDeadline: 1 }).mintDeadline, 1)
      for (const mintDeadline of [
        0,
        -1,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Duration.infinity,
        "0 millis"
      ] as const) {
        assert.strictEqual(RefreshPolicy.resolve({ mintDeadline }).mintDeadline, 20_000)
      }
    })

    it.prop(
      "R4: a flight always ends, whatever deadline is set",
      { mintDeadline: optionalDuration },
      ({ mintDeadline }) => {
        const resolved = RefreshPolicy.resolve({ mintDeadline }).mintDeadline
        assert.isTrue(Number.isFinite(resolved))
        assert.isAbove(resolved, 0)
      },
      runs
    )

    it.prop(
      "R17: no deadline is longer than a timer can be",
      { mintDeadline: optionalDuration },
      ({ mintDeadline }) =>
        assert.isAtMost(RefreshPolicy.resolve({ mintDeadline }).mintDeadline, 2_147_483_647),
      runs
    )

    it("R11: the policy's schedule wins over the flow's, and the flow's over the default", () => {
      const policy = Schedule.recurs(1)
      const flow = Schedule.recurs(2)
      assert.strictEqual(RefreshPolicy.resolve({ retry: policy }, flow).retry, policy)
      assert.strictEqual(RefreshPolicy.resolve({ retry: policy }).retry, policy)
      assert.strictEqual(RefreshPolicy.resolve({}, flow).retry, flow)
      assert.strictEqual(RefreshPolicy.resolve(undefined, flow).retry, flow)
      assert.strictEqual(RefreshPolicy.resolve({}).retry, RefreshPolicy.defaultRetry)
      assert.strictEqual(RefreshPolicy.resolve(undefined).retry, RefreshPolicy.defaultRetry)
    })

    it("R18: a release revokes only if asked to", () => {
      assert.isFalse(RefreshPolicy.resolve(undefined).revokeOnRelease)
      assert.isFalse(RefreshPolicy.resolve({}).revokeOnRelease)
      assert.isTrue(RefreshPolicy.resolve({ revokeOnRelease: true }).revokeOnRelease)
    })
  })

  describe("defaultRetry", () => {
    /** The delays, in milliseconds, that the schedule asks for while a mint keeps failing. */
    const delays = (seed: number) =>
      Schedule.run(
        Schedule.delays(RefreshPolicy.defaultRetry),
        0,
        Array.from({ length: 10 }, () => unavailable)
      ).pipe(
        Effect.withRandom(Random.make(seed)),
        // The last output belongs to the decision not to go on.
        Effect.map((all) => Chunk.toReadonlyArray(all).slice(0, -1).map(Duration.toMillis))
      )

    const manyDelays = Effect.forEach(
      Array.from({ length: 1_000 }, (_, seed) => seed),
      delays
    )

    it.effect("R11: three delays, of at most 200, 400 and 800 ms", () =>
      Effect.gen(function* () {
        for (const drawn of yield* manyDelays) {
          assert.lengthOf(drawn, 3)
          for (const [index, bound] of [200, 400, 800].entries()) {
            const delay = drawn[index] ?? Number.NaN
            assert.isAtLeast(delay, 0)
            assert.isAtMost(delay, bound)
          }
        }
      })
    )

    it.effect("R11: the jitter is full: delays from nothing to the bound", () =>
      Effect.gen(function* () {
        const drawn = yield* manyDelays
        for (const [index, bound] of [200, 400, 800].entries()) {
          const fractions = drawn.map((delays) => (delays[index] ?? Number.NaN) / bound)
          assert.isBelow(Math.min(...fractions), 0.05)
          assert.isAbove(Math.max(...fractions), 0.95)
          const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length
          assert.approximately(mean, 0.5, 0.05)
        }
      })
    )

    it.effect("R11: four tries in all, within 1.4 seconds", () =>
      Effect.gen(function* () {
        const tries: Array<number> = []
        const fiber = yield* Effect.fork(
          Clock.currentTimeMillis.pipe(
            Effect.tap((now) => Effect.sync(() => tries.push(now))),
            Effect.zipRight(Effect.fail(unavailable)),
            Effect.retry(RefreshPolicy.defaultRetry),
            Effect.flip
          )
        )
        yield* TestClock.adjust("1400 millis")
        assert.strictEqual(yield* Fiber.join(fiber), unavailable)
        assert.lengthOf(tries, 4)
      })
    )
  })
})
