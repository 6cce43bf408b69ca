import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Options } from "../TokenStoreSuite.ts"
import {
  ample,
  assertRecord,
  conflict,
  granted,
  numbered,
  numberOf,
  open,
  opened,
  openElsewhere,
  stored,
  testOf,
  timeOf,
  written
} from "./storeHarness.ts"

/** What a store claims beyond one process's life. */
export const claims = (options: Options): void => {
  const test = testOf(options)
  const { pass, precision, timeToLive } = timeOf(options)

  describe("claims", () => {
    test(`Stores: it says of itself that it is ${options.shared ? "" : "not "}shared`, () =>
      Effect.map(opened(options), ({ shared }) => assert.strictEqual(shared, options.shared)))

    if (options.durable) {
      test("Stores: records and versions outlive the process that wrote them", () =>
        Effect.gen(function* () {
          const place = yield* options.place
          const first = yield* Effect.scoped(
            Effect.flatMap(open(place), (store) => Effect.map(store.save("k", numbered(1), 0), written))
          )
          const removed = yield* Effect.scoped(
            Effect.gen(function* () {
              const store = yield* open(place)
              const record = Option.some({ tokens: numbered(1), version: first })
              assertRecord(yield* store.load("k"), record)
              assertRecord(conflict(yield* store.save("k", numbered(2), 0)), record)
              const second = written(yield* store.save("k", numbered(2), first))
              assert.isAbove(second, first)
              yield* store.remove("k")
              return second
            })
          )
          yield* Effect.scoped(
            Effect.gen(function* () {
              const store = yield* open(place)
              assert.isTrue(Option.isNone(yield* store.load("k")))
              assert.isAbove(written(yield* store.save("k", numbered(3), 0)), removed)
            })
          )
        }))
    }

    if (options.shared) {
      test("R13: of 100 saves by two processes one is written, and both see it", () =>
        Effect.gen(function* () {
          const place = yield* options.place
          const stores = [yield* open(place), yield* openElsewhere(place)]
          const saves = Array.from({ length: 50 }, (_, index) =>
            stores.map((store, process) => store.save("k", numbered(2 * index + process), 0))
          )
          const saved = yield* Effect.all(saves.flat(), { concurrency: "unbounded" })
          const won = saved.flatMap((one, index) => (one._tag === "Written" ? [index] : []))
          assert.lengthOf(won, 1)
          for (const store of stores) {
            assert.strictEqual(numberOf(stored(yield* store.load("k")).tokens), won[0])
          }
        }))

      test("R13: what one process saves the other reads, and cannot overwrite unseen", () =>
        Effect.gen(function* () {
          const place = yield* options.place
          const one = yield* open(place)
          const other = yield* openElsewhere(place)
          let version = 0
          for (const [index, [writer, reader]] of [
            [one, other] as const,
            [other, one] as const,
            [one, other] as const
          ].entries()) {
            const before = version
            version = written(yield* writer.save("k", numbered(index), before))
            const current = Option.some({ tokens: numbered(index), version })
            assertRecord(yield* reader.load("k"), current)
            assertRecord(conflict(yield* reader.save("k", numbered(99), before)), current)
          }
          yield* other.remove("k")
          assert.isTrue(Option.isNone(yield* one.load("k")))
          assert.isAbove(written(yield* one.save("k", numbered(9), 0)), version)
        }))

      test("R13: a lease holds between processes", () =>
        Effect.gen(function* () {
          const place = yield* options.place
          const one = yield* open(place)
          const other = yield* openElsewhere(place)
          const asked = Array.from({ length: 50 }, () => [one.lease("k", ample), other.lease("k", ample)])
          const leases = yield* Effect.all(asked.flat(), { concurrency: "unbounded" })
          const [lease, ...others] = leases.filter(Option.isSome)
          assert.isDefined(lease)
          assert.lengthOf(others, 0)
          const held = granted(lease)
          assert.isTrue(yield* held.renew)
          yield* held.release
          const lost = granted(yield* one.lease("k", timeToLive))
          yield* pass(place, timeToLive + precision)
          granted(yield* other.lease("k", timeToLive))
          assert.isFalse(yield* lost.renew)
          yield* lost.release
          assert.isTrue(Option.isNone(yield* one.lease("k", ample)))
        }))
    }
  })
}
