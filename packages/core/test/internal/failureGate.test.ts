import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import * as AuthError from "../../src/AuthError.ts"
import {
  afterFailure,
  isClosed,
  isTerminal,
  pause,
  type FailureGate
} from "../../src/internal/failureGate.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const fields = { provider: "acme", operation: "login", message: "no" } as const
const unauthorized = new AuthError.Unauthorized(fields)
const denied = new AuthError.AccessDenied(fields)
const expired = new AuthError.Expired({ ...fields, credential: "refresh_token" })
const unavailable = new AuthError.Unavailable({ ...fields, retryAfter: DateTime.unsafeMake(9e12) })
const unusable = new AuthError.InvalidResponse(fields)
const unreadable = new AuthError.InvalidResponse({ ...fields, unreadable: true })
const limited = (retryAfter?: number) =>
  new AuthError.RateLimited({
    ...fields,
    retryAfter: retryAfter === undefined ? undefined : DateTime.unsafeMake(retryAfter)
  })

const now = FastCheck.integer({ min: 0, max: 4_102_444_800_000 })

const must = (gate: FailureGate | undefined): FailureGate => gate ?? assert.fail("the gate is open")

describe("failureGate", () => {
  it("R11: the pause is 1 s, doubling to 5 minutes", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(pause),
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000)
    )
  })

  it.prop(
    "R11: the pause never shrinks, and is finite however many failures there were",
    { failures: FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 }) },
    ({ failures }) => {
      assert.isAtLeast(pause(failures), 1_000)
      assert.isAtMost(pause(failures), 300_000)
      assert.isAtLeast(pause(failures + 1), pause(failures))
    },
    runs
  )

  it("R11: what no retry can help with is terminal", () => {
    for (const [error, terminal] of [
      [unauthorized, true],
      [denied, true],
      [expired, true],
      [unavailable, false],
      [unusable, true],
      [unreadable, false],
      [limited(), false],
      [limited(1), false]
    ] as const) {
      assert.strictEqual(isTerminal(error), terminal, error._tag)
    }
  })

  it.prop(
    "R11: terminal failures in a row close the gate for 1 s, 2 s, 4 s … 5 min",
    {
      now,
      errors: FastCheck.array(FastCheck.constantFrom(unauthorized, denied, expired, unusable), {
        minLength: 1,
        maxLength: 15
      })
    },
    ({ errors, now }) => {
      let gate: FailureGate | undefined
      for (const [index, error] of errors.entries()) {
        gate = must(afterFailure(gate, error, now + index))
        assert.deepStrictEqual(gate, {
          error,
          failures: index + 1,
          closedAt: now + index,
          duration: Math.min(300_000, 1_000 * 2 ** index)
        })
      }
    },
    runs
  )

  it("R11: a failure that may pass leaves the gate open, and forgets the terminal ones before it", () => {
    const closed = must(afterFailure(must(afterFailure(undefined, unauthorized, 0)), unauthorized, 1_000))
    for (const error of [unavailable, unreadable, limited()]) {
      assert.isUndefined(afterFailure(undefined, error, 5_000), error._tag)
      assert.isUndefined(afterFailure(closed, error, 5_000), error._tag)
    }
  })

  it.prop(
    "R11: a provider that names a moment is not asked before it",
    { now, ahead: FastCheck.integer({ min: -1_000_000, max: 1_000_000_000 }) },
    ({ ahead, now }) => {
      FastCheck.pre(now + ahead >= 0)
      const error = limited(now + ahead)
      const gate = afterFailure(undefined, error, now)
      if (ahead <= 0) {
        assert.isUndefined(gate)
        return
      }
      assert.strictEqual(must(gate).error, error)
      assert.isTrue(isClosed(gate, now))
      assert.isTrue(isClosed(gate, now + ahead - 1))
      assert.isFalse(isClosed(gate, now + ahead))
    },
    runs
  )

  it("R11: a moment that is now, or has passed, closes nothing", () => {
    assert.isUndefined(afterFailure(undefined, limited(5_000), 5_000))
    assert.isUndefined(afterFailure(undefined, limited(4_999), 5_000))
    assert.isDefined(afterFailure(undefined, limited(5_001), 5_000))
  })

  it("R11, R12: a terminal failure closes the gate for as long as the budget allows no mint", () => {
    assert.strictEqual(must(afterFailure(undefined, unauthorized, 0, 7_000)).duration, 7_000)
    assert.strictEqual(must(afterFailure(undefined, unauthorized, 0, 900)).duration, 1_000)
    assert.isUndefined(afterFailure(undefined, unavailable, 0, 7_000))
    assert.strictEqual(must(afterFailure(undefined, limited(2_000), 0, 7_000)).duration, 2_000)
  })

  it("R11: waiting for a moment does not count as a failure", () => {
    const waited = afterFailure(undefined, limited(60_000), 0)
    assert.strictEqual(must(afterFailure(waited, unauthorized, 60_000)).duration, 1_000)
  })

  it("R11: no gate is an open gate", () => {
    assert.isFalse(isClosed(undefined, 0))
  })

  it.prop(
    "R11: a gate is closed from its failure to the end of its pause, and at no other time",
    {
      now,
      failures: FastCheck.integer({ min: 1, max: 12 }),
      offset: FastCheck.integer({ min: -400_000, max: 400_000 })
    },
    ({ failures, now, offset }) => {
      let gate: FailureGate | undefined
      for (let count = 0; count < failures; count += 1) {
        gate = afterFailure(gate, unauthorized, now)
      }
      const { duration } = must(gate)
      assert.strictEqual(isClosed(gate, now + offset), offset >= 0 && offset < duration)
      assert.isTrue(isClosed(gate, now))
      assert.isTrue(isClosed(gate, now + duration - 1))
      assert.isFalse(isClosed(gate, now + duration))
    },
    runs
  )

  it("R17: a clock that is set back before the failure opens the gate, rather than hold it shut", () => {
    const gate = afterFailure(undefined, unauthorized, 1_000_000)
    assert.isTrue(isClosed(gate, 1_000_000))
    assert.isFalse(isClosed(gate, 999_999))
    assert.isFalse(isClosed(gate, 0))
  })
})
