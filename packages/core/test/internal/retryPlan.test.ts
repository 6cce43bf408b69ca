import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { it } from "../../../testing/src/SettledTest.ts"
import * as AuthError from "../../src/AuthError.ts"
import { delayUntilNext, giveUp, retryPlan, worthRetrying } from "../../src/internal/retryPlan.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const fields = {
  provider: "acme",
  operation: "login",
  message: "acme is failing",
  endpoint: "POST https://acme.example/token",
  status: 503,
  code: "c",
  requestId: "r"
} as const

const at = (millis: number | undefined) => (millis === undefined ? undefined : DateTime.unsafeMake(millis))
const unavailable = (retryAfter?: number) =>
  new AuthError.Unavailable({ ...fields, retryAfter: at(retryAfter) })
const limited = (retryAfter?: number) => new AuthError.RateLimited({ ...fields, retryAfter: at(retryAfter) })
const malformed = new AuthError.InvalidResponse({ ...fields, status: 200, unreadable: true })
const terminal: ReadonlyArray<AuthError.AuthError> = [
  new AuthError.Unauthorized(fields),
  new AuthError.AccessDenied(fields),
  new AuthError.Expired({ ...fields, credential: "refresh_token" }),
  new AuthError.Expired({ ...fields, operation: "refresh", credential: "refresh_token" }),
  new AuthError.InvalidResponse({ ...fields, status: 404 }),
  new AuthError.InvalidResponse({ ...fields, status: 200 })
]

const now = FastCheck.integer({ min: 0, max: 4_102_444_800_000 })

describe("retryPlan", () => {
  describe("delayUntilNext", () => {
    it.prop(
      "R11: what the schedule says, and not before Retry-After",
      {
        now,
        scheduled: FastCheck.integer({ min: 0, max: 10_000 }),
        ahead: FastCheck.integer({ min: -100_000, max: 100_000 })
      },
      ({ ahead, now, scheduled }) => {
        FastCheck.pre(now + ahead >= 0)
        for (const error of [unavailable(now + ahead), limited(now + ahead)]) {
          assert.strictEqual(delayUntilNext(error, scheduled, now), Math.max(scheduled, ahead))
        }
        for (const error of [unavailable(), limited(), malformed]) {
          assert.strictEqual(delayUntilNext(error, scheduled, now), scheduled)
        }
      },
      runs
    )
  })

  describe("worthRetrying", () => {
    it("R11: terminal failures are never retried by us", () => {
      for (const error of terminal) {
        assert.isFalse(worthRetrying(error, Number.POSITIVE_INFINITY), error._tag)
      }
    })

    it("R11: transient ones are, up to a Retry-After that ends before the deadline", () => {
      for (const error of [
        unavailable(),
        limited(),
        malformed,
        unavailable(0),
        unavailable(999),
        limited(999)
      ]) {
        assert.isTrue(worthRetrying(error, 1_000), error._tag)
      }
      for (const error of [unavailable(1_000), limited(1_000), limited(1_001), unavailable(8.64e15)]) {
        assert.isFalse(worthRetrying(error, 1_000), error._tag)
      }
    })
  })

  describe("giveUp", () => {
    it("R11: a pause longer than the deadline is RateLimited, with the date", () => {
      const given = giveUp(unavailable(5_000), 5_000)
      assert.strictEqual(given._tag, "RateLimited")
      assert.deepStrictEqual(JSON.parse(JSON.stringify(given)), {
        ...fields,
        retryAfter: "1970-01-01T00:00:05.000Z",
        _tag: "RateLimited"
      })
      assert.deepStrictEqual(given._tag === "RateLimited" && given.retryAfter, at(5_000))
    })

    it("R11: any other failure is itself", () => {
      for (const error of [
        unavailable(),
        unavailable(4_999),
        limited(),
        limited(9_000),
        malformed,
        ...terminal
      ]) {
        assert.strictEqual(giveUp(error, 5_000), error)
      }
    })
  })

  describe("schedule", () => {
    /** When the tries of a mint happened, if each fails with what `fail` makes of that moment. */
    const tries = (
      fail: (now: number) => AuthError.AuthError,
      schedule: Schedule.Schedule<unknown, AuthError.AuthError>,
      deadlineAt: number
    ) =>
      Effect.gen(function* () {
        const times: Array<number> = []
        const fiber = yield* Clock.currentTimeMillis.pipe(
          Effect.tap((now) => Effect.sync(() => times.push(now))),
          Effect.flatMap((now) => Effect.fail(fail(now))),
          Effect.retry(retryPlan(schedule, deadlineAt)),
          Effect.exit,
          Effect.fork
        )
        yield* TestClock.adjust(Duration.days(1))
        assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
        return times
      })

    const spaced = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(3))

    it.effect("R11: transient failures are retried by the schedule", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* tries(() => unavailable(), spaced, 60_000), [0, 1_000, 2_000, 3_000])
      })
    )

    it.effect("R11: a schedule of a flow's own decides how often", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* tries(() => limited(), Schedule.recurs(1), 60_000), [0, 0])
      })
    )

    it.effect("R11: a schedule that looks at the error sees it", () =>
      Effect.gen(function* () {
        const patient = Schedule.whileInput(
          spaced,
          (error: AuthError.AuthError) => error._tag === "Unavailable"
        )
        const times = yield* tries((now) => (now < 2_000 ? unavailable() : limited()), patient, 60_000)
        assert.deepStrictEqual(times, [0, 1_000, 2_000])
      })
    )

    for (const error of terminal) {
      it.effect(
        `R11: ${error._tag} of a ${error.operation} (${error.status}) is not retried, whatever the schedule`,
        () =>
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* tries(() => error, Schedule.recurs(9), 60_000), [0])
          })
      )
    }

    it.effect("R11: Retry-After is honoured, where the schedule would come sooner", () =>
      Effect.gen(function* () {
        const times = yield* tries(
          (now) => (now < 5_000 ? limited(now + 5_000) : unavailable()),
          spaced,
          60_000
        )
        assert.deepStrictEqual(times, [0, 5_000, 6_000, 7_000])
      })
    )

    it.effect("R11: a Retry-After that has passed, or comes sooner, changes nothing", () =>
      Effect.gen(function* () {
        const times = yield* tries((now) => unavailable(Math.max(0, now - 500)), spaced, 60_000)
        assert.deepStrictEqual(times, [0, 1_000, 2_000, 3_000])
      })
    )

    it.effect("R11: one that ends at or after the deadline is not waited for", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* tries(() => limited(20_000), spaced, 20_000), [0])
      })
    )

    it.effect("R11: one that ends just before the deadline is", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* tries((now) => (now === 0 ? unavailable(19_999) : unavailable(30_000)), spaced, 20_000),
          [0, 19_999]
        )
      })
    )

    it.effect("R11: a failure in between that is terminal ends it", () =>
      Effect.gen(function* () {
        const times = yield* tries(
          (now) => (now < 2_000 ? unavailable() : new AuthError.Unauthorized(fields)),
          Schedule.spaced("1 second"),
          60_000
        )
        assert.deepStrictEqual(times, [0, 1_000, 2_000])
      })
    )
  })
})
