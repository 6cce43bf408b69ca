import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { decide, open, strike, type RejectionGate, type Served } from "../../src/internal/rejection.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const served = (over: Partial<Served> = {}): Served => ({
  generation: 7,
  dropped: false,
  probation: false,
  struck: false,
  ...over
})

const struckAt = (now: number, times: number): RejectionGate => {
  let gate = open
  for (let count = 0; count < times; count += 1) {
    gate = strike(gate, now)
  }
  return gate
}

const anyServed = FastCheck.record({
  generation: FastCheck.integer({ min: 1, max: 9 }),
  dropped: FastCheck.boolean(),
  probation: FastCheck.boolean(),
  struck: FastCheck.boolean()
})

const anyGate = FastCheck.record({
  at: FastCheck.integer({ min: 0, max: 1_000_000 }),
  times: FastCheck.integer({ min: 0, max: 12 })
}).map(({ at, times }) => struckAt(at, times))

const moment = FastCheck.integer({ min: 0, max: 2_000_000 })

describe("rejection", () => {
  it("R9: an older generation: retry with the current token, no mint", () => {
    for (const state of [served(), served({ probation: true }), served({ probation: true, struck: true })]) {
      assert.strictEqual(decide(6, state, open, 0), "retry")
      assert.strictEqual(decide(1, state, struckAt(0, 3), 0), "retry")
    }
  })

  it("R9: the same generation is dropped, once: later rejections of it wait for the one mint", () => {
    assert.strictEqual(decide(7, served(), open, 0), "drop")
    assert.strictEqual(decide(7, served({ dropped: true }), open, 0), "retry")
    assert.strictEqual(decide(7, served({ dropped: true, probation: true, struck: true }), open, 0), "retry")
  })

  it("R9: one on probation is not replaced: it is struck, and the 401 returned", () => {
    assert.strictEqual(decide(7, served({ probation: true }), open, 0), "strike")
    assert.strictEqual(decide(7, served({ probation: true }), struckAt(0, 4), 0), "strike")
  })

  it("R11: once struck, no mint follows while the gate is closed, and one when it has opened", () => {
    const gate = strike(open, 10_000)
    const state = served({ probation: true, struck: true })
    assert.strictEqual(decide(7, state, gate, 10_000), "return")
    assert.strictEqual(decide(7, state, gate, 10_999), "return")
    assert.strictEqual(decide(7, state, gate, 11_000), "drop")
  })

  it("R11: strikes close the gate for 1 s, doubling to 5 min", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 9, 10, 20].map((times) => struckAt(5, times)),
      [1_000, 2_000, 4_000, 256_000, 300_000, 300_000].map((duration, index) => ({
        strikes: [1, 2, 3, 9, 10, 20][index] ?? 0,
        closedAt: 5,
        duration
      }))
    )
  })

  it("R12: once struck, no mint follows while the budget is spent, though the gate has opened", () => {
    const gate = strike(open, 10_000)
    const state = served({ probation: true, struck: true })
    assert.strictEqual(decide(7, state, gate, 11_000, false), "return")
    assert.strictEqual(decide(7, state, gate, 11_000, true), "drop")
  })

  it("R9: a token that is not on probation is dropped whatever the budget, and never served again", () => {
    assert.strictEqual(decide(7, served(), open, 0, false), "drop")
    assert.strictEqual(decide(7, served({ probation: true }), open, 0, false), "strike")
    assert.strictEqual(decide(6, served(), open, 0, false), "retry")
  })

  it("R17: a clock that is set back opens the gate, rather than hold it shut", () => {
    assert.strictEqual(
      decide(7, served({ probation: true, struck: true }), strike(open, 10_000), 9_999),
      "drop"
    )
  })

  it("R9: a gate that was never struck is open", () => {
    assert.strictEqual(decide(7, served({ probation: true, struck: true }), open, 0), "drop")
  })

  it.prop(
    "R9: a mint follows only for the current generation, while it is served, and never for an unstruck one on probation",
    { rejected: FastCheck.integer({ min: 1, max: 9 }), served: anyServed, gate: anyGate, now: moment },
    ({ gate, now, rejected, served }) => {
      FastCheck.pre(rejected <= served.generation)
      const decision = decide(rejected, served, gate, now)
      if (decision === "drop") {
        assert.strictEqual(rejected, served.generation)
        assert.isFalse(served.dropped)
        assert.isTrue(!served.probation || served.struck)
      }
      if (decision === "strike") {
        assert.isTrue(served.probation && !served.struck && !served.dropped)
      }
      assert.strictEqual(decision === "retry", rejected < served.generation || served.dropped)
    },
    runs
  )

  it.prop(
    "R9: an API that rejects every token causes at most one mint per pause, not one per request",
    { gaps: FastCheck.array(FastCheck.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 200 }) },
    ({ gaps }) => {
      let now = 0
      let state = served({ generation: 1 })
      let gate = open
      let mints = 0
      for (const gap of gaps) {
        now += gap
        const decision = decide(state.generation, state, gate, now)
        if (decision === "strike") {
          gate = strike(gate, now)
          state = served({ generation: state.generation, probation: true, struck: true })
        } else if (decision === "drop") {
          mints += 1
          state = served({ generation: state.generation + 1, probation: true })
        }
      }
      // The first, and one after each pause of 1, 2, 4 … seconds that fitted in.
      assert.isAtMost(mints, 1 + Math.floor(Math.log2(now / 1_000 + 1)) + 1)
    },
    runs
  )
})
