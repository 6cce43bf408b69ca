import type * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Arbitraries from "../Arbitraries.ts"
import type { Options } from "../TokenStoreSuite.ts"
import {
  assertRecord,
  conflict,
  numbered,
  numberOf,
  opened,
  stored,
  testOf,
  timeOf,
  written
} from "./storeHarness.ts"

const step = FastCheck.record({
  key: FastCheck.constantFrom("a", "b"),
  does: FastCheck.constantFrom("save", "save", "save", "remove"),
  tokens: Arbitraries.tokenSet,
  /** By how much the expected version is off. */
  off: FastCheck.constantFrom(0, 0, 0, -1, 1)
})

/** Records: atomic and ordered. */
export const records = (options: Options): void => {
  const test = testOf(options)
  const { runs } = timeOf(options)

  describe("records", () => {
    test("Stores: it has a name, which the status of a manager shows", () =>
      Effect.map(opened(options), ({ name }) => {
        assert.match(name ?? "", /^\w[\w ,]+$/)
      }))

    test("Stores: what was never saved is not there, and removing it is nothing", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        assert.isTrue(Option.isNone(yield* store.load("k")))
        yield* store.remove("k")
        assert.isTrue(Option.isNone(yield* store.load("k")))
      }))

    test.prop(
      "Stores: a record is as it was saved: every token, scope, origin and instant",
      [FastCheck.array(Arbitraries.tokenSet, { minLength: 1, maxLength: 5 })],
      ([sets]) =>
        Effect.gen(function* () {
          const store = yield* opened(options)
          let version = 0
          for (const tokens of sets) {
            version = written(yield* store.save("k", tokens, version))
            assertRecord(yield* store.load("k"), Option.some({ tokens, version }))
          }
        }),
      { fastCheck: { numRuns: runs } }
    )

    test("R13: a save at another version changes nothing, and brings what is there", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        assert.isTrue(Option.isNone(conflict(yield* store.save("k", numbered(1), 1))))
        assert.isTrue(Option.isNone(yield* store.load("k")))
        const version = written(yield* store.save("k", numbered(1), 0))
        assert.isAbove(version, 0)
        const current = Option.some({ tokens: numbered(1), version })
        for (const expected of [0, -1, version - 1, version + 1, Number.NaN]) {
          assertRecord(conflict(yield* store.save("k", numbered(2), expected)), current)
          assertRecord(yield* store.load("k"), current)
        }
      }))

    test("R13: of 100 saves at one version one is written, and the others see it", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        let version = 0
        for (const round of [1, 2]) {
          const saves = Array.from({ length: 100 }, (_, index) =>
            store.save("k", numbered(1_000 * round + index), version)
          )
          const saved = yield* Effect.all(saves, { concurrency: "unbounded" })
          const won = saved.flatMap((one, index) => (one._tag === "Written" ? [{ index, one }] : []))
          assert.lengthOf(won, 1)
          const current = stored(yield* store.load("k"))
          assert.deepStrictEqual(
            [numberOf(current.tokens), current.version],
            [1_000 * round + Number(won[0]?.index), won[0]?.one.version]
          )
          assert.isAbove(current.version, version)
          for (const one of saved) {
            if (one._tag === "Conflict") {
              assertRecord(one.current, Option.some(current))
            }
          }
          version = current.version
        }
      }))

    test("R13: versions grow across a removal: who read before it cannot save after it", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        let before = written(yield* store.save("k", numbered(1), 0))
        for (const round of [2, 3, 4]) {
          yield* store.remove("k")
          assert.isTrue(Option.isNone(yield* store.load("k")))
          assert.isTrue(Option.isNone(conflict(yield* store.save("k", numbered(round), before))))
          const version = written(yield* store.save("k", numbered(round), 0))
          assert.isAbove(version, before)
          const late = conflict(yield* store.save("k", numbered(99), before))
          assertRecord(late, Option.some({ tokens: numbered(round), version }))
          before = version
        }
      }))

    test("Stores: keys do not know of each other", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        // Prefixes of each other, and what a file system, a glob or an SQL `LIKE` could take for the same.
        const keys = ["k", "kk", "K", "k-1", "k_1", "k%", "k*", "k:1", "k/1", "k 1", "ключ"]
        for (const [index, key] of keys.entries()) {
          written(yield* store.save(key, numbered(index), 0))
        }
        yield* store.remove("k")
        for (const [index, key] of keys.entries()) {
          const record = yield* store.load(key)
          assert.deepStrictEqual(
            Option.map(record, ({ tokens }) => numberOf(tokens)),
            key === "k" ? Option.none() : Option.some(index),
            key
          )
        }
      }))

    test("Stores: a reader sees the old or the new record, never a mixture", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        const writer = yield* Effect.fork(
          Effect.iterate(0, {
            while: (version) => version < 50,
            body: (version) => Effect.map(store.save("k", numbered(version), version), written)
          })
        )
        let latest = 0
        for (let read = 0; read < 200; read++) {
          const record = yield* store.load("k")
          if (Option.isSome(record)) {
            numberOf(record.value.tokens)
            assert.isAtLeast(record.value.version, latest)
            latest = record.value.version
          }
          yield* Effect.yieldNow()
        }
        yield* Fiber.join(writer)
      }))

    test("Stores: a save that is interrupted is made or not made, and the next one goes through", () =>
      Effect.gen(function* () {
        const store = yield* opened(options)
        let version = 0
        for (let round = 1; round <= 20; round++) {
          const save = yield* Effect.fork(store.save("k", numbered(2 * round), version))
          for (let yields = 0; yields < round % 5; yields++) {
            yield* Effect.yieldNow()
          }
          yield* Fiber.interrupt(save)
          const seen = yield* store.load("k")
          const found = Option.match(seen, { onNone: () => 0, onSome: (record) => record.version })
          assert.isAtLeast(found, version)
          version = written(yield* store.save("k", numbered(2 * round + 1), found))
          assert.strictEqual(numberOf(stored(yield* store.load("k")).tokens), 2 * round + 1)
        }
      }))

    test.prop(
      "R13: any history is that of one compare-and-set register for each key",
      [FastCheck.array(step, { maxLength: 30 })],
      ([steps]) =>
        Effect.gen(function* () {
          const store = yield* opened(options)
          const model = new Map<string, TokenStore.Stored>()
          const highest = new Map<string, number>()
          for (const { does, key, off, tokens } of steps) {
            const before = Option.fromNullable(model.get(key))
            if (does === "remove") {
              yield* store.remove(key)
              model.delete(key)
            } else {
              const expected = Option.match(before, { onNone: () => 0, onSome: ({ version }) => version })
              const saved = yield* store.save(key, tokens, expected + off)
              if (off === 0) {
                const version = written(saved)
                assert.isAbove(version, highest.get(key) ?? 0)
                highest.set(key, version)
                model.set(key, { tokens, version })
              } else {
                assertRecord(conflict(saved), before)
              }
            }
            for (const each of ["a", "b"]) {
              assertRecord(yield* store.load(each), Option.fromNullable(model.get(each)))
            }
          }
        }),
      { fastCheck: { numRuns: runs } }
    )
  })
}
