import type * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Options } from "../TokenStoreSuite.ts"
import { ample, granted, numbered, open, opened, testOf, timeOf, written } from "./storeHarness.ts"

/** Leases: exclusive, and their owner's. */
export const leases = (options: Options): void => {
  const test = testOf(options)
  const { pass, precision, runs, timeToLive } = timeOf(options)
  const taken = (store: TokenStore.Service, key = "k") => Effect.map(store.lease(key, ample), Option.isNone)

  describe("leases", () => {
    test("R13: until its time to live ends a lease is granted to nobody else", () =>
      Effect.gen(function* () {
        const place = yield* options.place
        const store = yield* open(place)
        granted(yield* store.lease("k", timeToLive))
        assert.isTrue(yield* taken(store))
        yield* pass(place, timeToLive - precision)
        assert.isTrue(yield* taken(store))
        yield* pass(place, precision)
        granted(yield* store.lease("k", timeToLive))
        assert.isTrue(yield* taken(store))
      }))

    test("R13: of 100 who ask at once one gets it", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        const asked = Array.from({ length: 100 }, () => store.lease("k", ample))
        const leases = yield* Effect.all(asked, { concurrency: "unbounded" })
        assert.lengthOf(leases.filter(Option.isSome), 1)
      }))

    test("R13: one that is given back is free at once, and giving it back again is nothing", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        const first = granted(yield* store.lease("k", ample))
        yield* first.release
        const second = granted(yield* store.lease("k", ample))
        yield* first.release
        assert.isFalse(yield* first.renew)
        assert.isTrue(yield* taken(store))
        yield* second.release
        granted(yield* store.lease("k", ample))
      }))

    test("R13: a renewal extends it by its full time to live", () =>
      Effect.gen(function* () {
        const place = yield* options.place
        const store = yield* open(place)
        const lease = granted(yield* store.lease("k", timeToLive))
        for (const _ of [1, 2, 3]) {
          yield* pass(place, timeToLive / 2)
          assert.isTrue(yield* lease.renew)
        }
        yield* pass(place, timeToLive - precision)
        assert.isTrue(yield* taken(store))
        yield* pass(place, precision)
        granted(yield* store.lease("k", timeToLive))
      }))

    test("R13: an owner that outlived its lease can neither renew it nor give another's back", () =>
      Effect.gen(function* () {
        const place = yield* options.place
        const store = yield* open(place)
        const lost = granted(yield* store.lease("k", timeToLive))
        yield* pass(place, timeToLive + precision)
        assert.isFalse(yield* lost.renew, "nobody has taken it yet, and it is lost all the same")
        const held = granted(yield* store.lease("k", timeToLive))
        assert.isFalse(yield* lost.renew)
        yield* lost.release
        assert.isTrue(yield* taken(store))
        assert.isTrue(yield* held.renew)
        assert.isFalse(yield* lost.renew)
      }))

    test("R13: keys are leased apart, and a lease says nothing of the record", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        const lease = granted(yield* store.lease("a", ample))
        granted(yield* store.lease("b", ample))
        const version = written(yield* store.save("a", numbered(1), 0))
        yield* store.remove("a")
        assert.isTrue(yield* lease.renew)
        assert.isTrue(yield* taken(store, "a"))
        yield* lease.release
        assert.isAbove(written(yield* store.save("a", numbered(2), 0)), version)
      }))

    test("R13: who is interrupted while asking blocks nobody for longer than a time to live", () =>
      Effect.gen(function* () {
        const place = yield* options.place
        const store = yield* open(place)
        for (let round = 0; round < 5; round++) {
          const asking = yield* Effect.fork(store.lease("k", timeToLive))
          for (let yields = 0; yields < round; yields++) {
            yield* Effect.yieldNow()
          }
          yield* Fiber.interrupt(asking)
        }
        yield* pass(place, timeToLive + precision)
        granted(yield* store.lease("k", timeToLive))
      }))

    // Waiting for real it would take minutes; the cases around it are its essence.
    if (options.clock !== "own") {
      test.prop(
        "R13: in any history a lease has one holder at a time, and only that one can renew it",
        [
          FastCheck.array(
            FastCheck.record({
              does: FastCheck.constantFrom("wait", "take", "renew", "release"),
              who: FastCheck.constantFrom(0, 1, 2),
              /** In halves of a time to live. */
              wait: FastCheck.constantFrom(1, 2, 3)
            }),
            { maxLength: 40 }
          )
        ],
        ([steps]) =>
          Effect.gen(function* () {
            const place = yield* options.place
            const store = yield* open(place)
            const leases: Array<TokenStore.Lease | undefined> = []
            let now = 0
            let holder: { readonly lease: TokenStore.Lease; readonly until: number } | undefined
            for (const { does, wait, who } of steps) {
              const mine = leases[who]
              const held = holder !== undefined && now < holder.until
              if (does === "wait") {
                yield* pass(place, (wait * timeToLive) / 2)
                now += wait
              } else if (does === "take") {
                const lease = yield* store.lease("k", timeToLive)
                assert.strictEqual(Option.isSome(lease), !held)
                if (Option.isSome(lease)) {
                  leases[who] = lease.value
                  holder = { lease: lease.value, until: now + 2 }
                }
              } else if (mine !== undefined && does === "release") {
                yield* mine.release
                holder = holder?.lease === mine ? undefined : holder
              } else if (mine !== undefined) {
                const renewed = held && holder?.lease === mine
                assert.strictEqual(yield* mine.renew, renewed)
                holder = renewed ? { lease: mine, until: now + 2 } : holder
              }
            }
          }),
        { fastCheck: { numRuns: runs } }
      )
    }
  })
}
