import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { afterMint, capacity, full, waitFor, type MintBudget } from "../../src/internal/mintBudget.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const hour = 3_600_000
const day = 24 * hour

type Brought = keyof MintBudget

/** Mints as often as the budget allows without waiting, and says how often that was. */
const burst = (
  budget: MintBudget,
  brought: (mint: number) => Brought,
  lifetime: number | undefined,
  now: number
): { readonly budget: MintBudget; readonly mints: number } => {
  let mints = 0
  while (waitFor(budget, lifetime, now) === 0 && mints < 100) {
    budget = afterMint(budget, brought(mints), lifetime, now)
    mints += 1
  }
  return { budget, mints }
}

const issued = (): Brought => "issued"
const failed = (): Brought => "failed"

const now = FastCheck.integer({ min: 978_307_200_000, max: 4_102_444_800_000 })
const lifetime = FastCheck.oneof(
  FastCheck.constant(undefined),
  FastCheck.constantFrom(1_000, 20_000, 300_000, hour, day, 30 * day),
  FastCheck.integer({ min: 1_000, max: 36_525 * day })
)
const brought = FastCheck.constantFrom<Brought>("issued", "failed")

const intervalOf = (kind: Brought, lifetime: number | undefined): number =>
  kind === "issued" ? (lifetime ?? 40_000) / 4 : Math.min(10_000, (lifetime ?? 40_000) / 4)

describe("mintBudget", () => {
  it("R12: the capacity is five", () => {
    assert.strictEqual(capacity, 5)
    for (const lifetime of [undefined, 1_000, hour, day]) {
      assert.strictEqual(burst(full(0), issued, lifetime, 0).mints, 5)
      assert.strictEqual(burst(full(0), failed, lifetime, 0).mints, 5)
    }
  })

  it.prop(
    "R12: never more than the capacity of one kind without waiting, whatever came before",
    {
      now,
      lifetime,
      kind: brought,
      before: FastCheck.array(
        FastCheck.record({
          wait: FastCheck.integer({ min: 0, max: 2 * day }),
          brought,
          anyway: FastCheck.boolean()
        }),
        { maxLength: 20 }
      )
    },
    ({ before, kind, lifetime, now }) => {
      let budget = full(now)
      let at = now
      for (const step of before) {
        at += step.wait
        if (step.anyway || waitFor(budget, lifetime, at) === 0) {
          budget = afterMint(budget, step.brought, lifetime, at)
        }
      }
      const { budget: spent, mints } = burst(budget, () => kind, lifetime, at)
      assert.isAtMost(mints, capacity)
      assert.isAbove(waitFor(spent, lifetime, at), 0)
    },
    runs
  )

  it.prop(
    "R12: never more than two buckets of different mints without waiting",
    { now, lifetime, kinds: FastCheck.array(brought, { minLength: 20, maxLength: 20 }) },
    ({ kinds, lifetime, now }) => {
      const { mints } = burst(full(now), (mint) => kinds[mint] ?? "issued", lifetime, now)
      assert.isAtLeast(mints, capacity)
      assert.isBelow(mints, 2 * capacity)
    },
    runs
  )

  it("R12: before the first mint one is earned back every 10 seconds", () => {
    for (const kind of ["issued", "failed"] as const) {
      const { budget } = burst(full(0), () => kind, undefined, 0)
      assert.strictEqual(waitFor(budget, undefined, 0), 10_000)
      assert.strictEqual(waitFor(budget, undefined, 4_000), 6_000)
      assert.strictEqual(waitFor(budget, undefined, 9_999), 1)
      assert.strictEqual(waitFor(budget, undefined, 10_000), 0)
      assert.strictEqual(burst(budget, () => kind, undefined, 10_000).mints, 1)
      assert.strictEqual(burst(budget, () => kind, undefined, 30_000).mints, 3)
    }
  })

  it("R12: a mint that brought a token is earned back every quarter of the lifetime", () => {
    for (const lifetime of [20_000, hour, day]) {
      const { budget } = burst(full(0), issued, lifetime, 0)
      assert.strictEqual(waitFor(budget, lifetime, 0), lifetime / 4)
      // Rounding may add a millisecond, never take one away.
      assert.include([1, 2], waitFor(budget, lifetime, lifetime / 4 - 1))
      assert.strictEqual(waitFor(budget, lifetime, lifetime / 4), 0)
      assert.strictEqual(burst(budget, issued, lifetime, lifetime / 4).mints, 1)
      assert.strictEqual(burst(budget, issued, lifetime, lifetime).mints, 4)
      assert.strictEqual(burst(budget, issued, lifetime, 100 * lifetime).mints, 5)
    }
  })

  it("R12: a mint that brought nothing is earned back every 10 seconds, or sooner where tokens are short", () => {
    for (const [lifetime, interval] of [
      [day, 10_000],
      [hour, 10_000],
      [40_000, 10_000],
      [20_000, 5_000],
      [1_000, 250]
    ] as const) {
      const { budget } = burst(full(0), failed, lifetime, 0)
      assert.strictEqual(waitFor(budget, lifetime, 0), interval)
      assert.strictEqual(waitFor(budget, lifetime, interval), 0)
      assert.strictEqual(burst(budget, failed, lifetime, interval).mints, 1)
    }
  })

  it.prop(
    "R12: who waits as long as the budget says may mint then",
    {
      now,
      lifetime,
      steps: FastCheck.array(FastCheck.record({ wait: FastCheck.integer({ min: 0, max: hour }), brought }), {
        minLength: 1,
        maxLength: 20
      })
    },
    ({ lifetime, now, steps }) => {
      let budget = full(now)
      let at = now
      for (const step of steps) {
        at += step.wait
        const wait = waitFor(budget, lifetime, at)
        assert.isAtLeast(wait, 0)
        assert.isTrue(Number.isInteger(wait))
        at += wait
        // Not to the millisecond: see below.
        assert.isAtMost(waitFor(budget, lifetime, at), 1)
        budget = afterMint(budget, step.brought, lifetime, at)
      }
    },
    runs
  )

  it("R12: who waits as long as the budget says may mint then, to the millisecond", () => {
    const lifetime = 30 * day
    let budget = full(0)
    let at = 0
    for (const wait of [0, 1_869_639, 743_281, 815_570, 597_719, 2_319_933]) {
      at += wait
      at += waitFor(budget, lifetime, at)
      assert.strictEqual(waitFor(budget, lifetime, at), 0)
      budget = afterMint(budget, "issued", lifetime, at)
    }
  })

  it.prop(
    "R12: over any stretch of time there are no more mints than the capacity and what was earned back",
    {
      now,
      lifetime,
      kind: brought,
      waits: FastCheck.array(
        FastCheck.oneof(
          FastCheck.integer({ min: 0, max: 20_000 }),
          FastCheck.integer({ min: 0, max: 8 * day })
        ),
        { minLength: 1, maxLength: 40 }
      )
    },
    ({ kind, lifetime, now, waits }) => {
      let budget = full(now)
      let at = now
      let mints = 0
      for (const wait of waits) {
        at += wait
        const round = burst(budget, () => kind, lifetime, at)
        budget = round.budget
        mints += round.mints
      }
      assert.isAtMost(mints, capacity + (at - now) / intervalOf(kind, lifetime) + 1e-6)
    },
    runs
  )

  it.prop(
    "R12: a healthy flow, one mint for each three quarters of a lifetime, never waits",
    {
      now,
      lifetime: FastCheck.integer({ min: 1_000, max: 36_525 * day }),
      mints: FastCheck.integer({ min: 1, max: 50 })
    },
    ({ lifetime, mints, now }) => {
      let budget = full(now)
      for (let mint = 0; mint < mints; mint += 1) {
        const at = now + Math.ceil(mint * lifetime * 0.75)
        const known = mint === 0 ? undefined : lifetime
        assert.strictEqual(waitFor(budget, known, at), 0)
        budget = afterMint(budget, "issued", known, at)
      }
    },
    runs
  )

  it("R12: mints that brought a token do not spend what failures may", () => {
    let budget = full(0)
    for (let mint = 0; mint < 4; mint += 1) {
      budget = afterMint(budget, "issued", day, 0)
    }
    assert.strictEqual(burst(budget, failed, day, 0).mints, 5)
  })

  it("R12: failures do not spend what a long token earns back slowly", () => {
    const { budget } = burst(full(0), failed, day, 0)
    assert.strictEqual(waitFor(budget, day, 10_000), 0)
    const recovered = afterMint(budget, "issued", day, 10_000)
    assert.strictEqual(burst(recovered, issued, day, 60_000).mints, 4)
  })

  it.prop(
    "R17: a clock that is set back earns nothing and loses nothing",
    {
      now,
      lifetime,
      kind: brought,
      spent: FastCheck.integer({ min: 0, max: 5 }),
      back: FastCheck.integer({ min: 0, max: 30 * day })
    },
    ({ back, kind, lifetime, now, spent }) => {
      let budget = full(now)
      for (let mint = 0; mint < spent; mint += 1) {
        budget = afterMint(budget, kind, lifetime, now)
      }
      assert.strictEqual(burst(budget, () => kind, lifetime, now - back).mints, capacity - spent)
    },
    runs
  )

  it.prop(
    "R17: after a clock was set back, who waits as long as the budget says may mint then",
    { now, lifetime, kind: brought, back: FastCheck.integer({ min: 60_000, max: 30 * day }) },
    ({ back, kind, lifetime, now }) => {
      const { budget } = burst(full(now), () => kind, lifetime, now)
      const setBack = now - back
      const wait = waitFor(budget, lifetime, setBack)
      assert.isAtMost(waitFor(budget, lifetime, setBack + wait), 2)
    },
    runs
  )
})
