import * as PlatformError from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import { it } from "../../testing/src/SettledTest.ts"
import * as TokenSet from "../src/TokenSet.ts"
import * as TokenStore from "../src/TokenStore.ts"

const tokensOf = (accessToken: string): TokenSet.TokenSet =>
  Either.getOrThrow(
    TokenSet.fromAnswer({
      accessToken,
      lifetime: 3_600_000,
      sentAt: 1_000,
      refreshToken: `${accessToken}-refresh`,
      refreshExpiresAt: 9_000_000,
      scope: "read write"
    })
  )

const first = tokensOf("access-1")
const second = tokensOf("access-2")

const written = (saved: TokenStore.Saved): number =>
  TokenStore.Saved.$match(saved, {
    Written: ({ version }) => version,
    Conflict: () => assert.fail("a conflict")
  })

const conflict = (saved: TokenStore.Saved): Option.Option<TokenStore.Stored> =>
  TokenStore.Saved.$match(saved, {
    Written: () => assert.fail("written"),
    Conflict: ({ current }) => current
  })

const granted = (lease: Option.Option<TokenStore.Lease>): TokenStore.Lease =>
  Option.getOrThrowWith(lease, () => new Error("the lease was refused"))

/** `assert.deepStrictEqual` sees neither what is redacted nor whether an Option is none. */
const assertHolds = (
  actual: Option.Option<TokenStore.Stored>,
  expected: TokenStore.Stored | undefined
): void => {
  const stored = Option.getOrUndefined(actual)
  assert.strictEqual(stored?.version, expected?.version)
  assert.isTrue(Equal.equals(stored?.tokens, expected?.tokens), "other tokens")
}

const stores: ReadonlyArray<readonly [string, Layer.Layer<TokenStore.TokenStore>]> = [
  ["memory", TokenStore.layerMemory],
  ["KeyValueStore", Layer.provide(TokenStore.layerKeyValueStore, KeyValueStore.layerMemory)]
]

for (const [name, layer] of stores) {
  /** A test with a store of its own: `it.layer` would share one clock. */
  const test = (
    name: string,
    body: (store: TokenStore.Service) => Effect.Effect<void, TokenStore.StoreError>
  ): void => it.effect(name, () => Effect.provide(Effect.flatMap(TokenStore.TokenStore, body), layer))

  describe(`TokenStore (${name})`, () => {
    test("Stores: does not claim to hold across processes", (store) =>
      Effect.sync(() => assert.isFalse(store.shared)))

    describe("save", () => {
      test("Stores: a record is as it was saved", (store) =>
        Effect.gen(function* () {
          assert.isTrue(Option.isNone(yield* store.load("k")))
          const version = written(yield* store.save("k", first, 0))
          assert.isAbove(version, 0)
          const stored = Option.getOrThrow(yield* store.load("k"))
          assert.strictEqual(stored.version, version)
          assert.isTrue(Equal.equals(stored.tokens, first))
          assert.strictEqual(Redacted.value(stored.tokens.accessToken), "access-1")
          const refreshToken = Option.getOrThrow(stored.tokens.refreshToken)
          assert.strictEqual(Redacted.value(refreshToken.value), "access-1-refresh")
          assert.strictEqual(Option.getOrUndefined(refreshToken.expiresAt), 9_000_000)
        }))

      test("R13: a write carries the version it replaces, and each version is greater", (store) =>
        Effect.gen(function* () {
          const one = written(yield* store.save("k", first, 0))
          const two = written(yield* store.save("k", second, one))
          const three = written(yield* store.save("k", first, two))
          assert.isAbove(two, one)
          assert.isAbove(three, two)
          assertHolds(yield* store.load("k"), { tokens: first, version: three })
        }))

      test("R13: a write at another version changes nothing, and brings what is there", (store) =>
        Effect.gen(function* () {
          assert.isTrue(Option.isNone(conflict(yield* store.save("k", first, 1))))
          assert.isTrue(Option.isNone(yield* store.load("k")))
          const version = written(yield* store.save("k", first, 0))
          for (const expected of [0, version - 1, version + 1, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
            const current = conflict(yield* store.save("k", second, expected))
            assertHolds(current, { tokens: first, version })
          }
          assertHolds(yield* store.load("k"), { tokens: first, version })
        }))

      test("R13: of many writers at one version one wins", (store) =>
        Effect.gen(function* () {
          let version = 0
          for (const round of [1, 2, 3]) {
            const saved = yield* Effect.all(
              Array.from({ length: 20 }, (_, index) =>
                store.save("k", tokensOf(`access-${round}-${index}`), version)
              ),
              { concurrency: "unbounded" }
            )
            const winners = saved.flatMap((one, index) =>
              one._tag === "Written" ? [{ index, version: one.version }] : []
            )
            assert.lengthOf(winners, 1)
            const stored = Option.getOrThrow(yield* store.load("k"))
            assert.strictEqual(stored.version, winners[0]?.version)
            assert.strictEqual(
              Redacted.value(stored.tokens.accessToken),
              `access-${round}-${winners[0]?.index}`
            )
            version = stored.version
          }
        }))

      test("Stores: keys do not know of each other", (store) =>
        Effect.gen(function* () {
          yield* store.save("a", first, 0)
          const version = written(yield* store.save("b", second, 0))
          yield* store.remove("a")
          assert.isTrue(Option.isNone(yield* store.load("a")))
          assertHolds(yield* store.load("b"), { tokens: second, version })
        }))
    })

    describe("remove", () => {
      test("Stores: a key is forgotten, and can be written anew", (store) =>
        Effect.gen(function* () {
          yield* store.remove("k")
          assert.isTrue(Option.isNone(yield* store.load("k")))
          written(yield* store.save("k", first, 0))
          yield* store.remove("k")
          yield* store.remove("k")
          assert.isTrue(Option.isNone(yield* store.load("k")))
          const version = written(yield* store.save("k", second, 0))
          assertHolds(yield* store.load("k"), { tokens: second, version })
        }))

      test("R13: versions grow across a removal: one who read before it cannot write after it", (store) =>
        Effect.gen(function* () {
          const seen = [written(yield* store.save("k", first, 0))]
          for (const _ of [1, 2, 3]) {
            const before = Math.max(...seen)
            yield* store.remove("k")
            assert.isTrue(Option.isNone(conflict(yield* store.save("k", second, before))))
            const version = written(yield* store.save("k", second, 0))
            assert.isAbove(version, before)
            assertHolds(conflict(yield* store.save("k", first, before)), { tokens: second, version })
            seen.push(version)
          }
        }))
    })

    it.effect.prop(
      "R13: any history of saves and removals is that of a compare-and-set register",
      {
        steps: FastCheck.array(
          FastCheck.oneof(
            FastCheck.record({
              _tag: FastCheck.constant("save"),
              key: FastCheck.constantFrom("a", "b"),
              tokens: FastCheck.constantFrom(first, second),
              /** By how much the expected version is off. */
              off: FastCheck.constantFrom(0, 0, 0, -1, 1)
            }),
            FastCheck.record({ _tag: FastCheck.constant("remove"), key: FastCheck.constantFrom("a", "b") })
          ),
          { maxLength: 30 }
        )
      },
      ({ steps }) =>
        Effect.gen(function* () {
          const store = yield* TokenStore.TokenStore
          const records = new Map<string, TokenStore.Stored>()
          const highest = new Map<string, number>()
          for (const step of steps) {
            const before = records.get(step.key)
            if ("tokens" in step) {
              const saved = yield* store.save(step.key, step.tokens, (before?.version ?? 0) + step.off)
              if (step.off === 0) {
                const version = written(saved)
                assert.isAbove(version, highest.get(step.key) ?? 0)
                highest.set(step.key, version)
                records.set(step.key, { tokens: step.tokens, version })
              } else {
                assertHolds(conflict(saved), before)
              }
            } else {
              yield* store.remove(step.key)
              records.delete(step.key)
            }
            for (const key of ["a", "b"]) {
              assertHolds(yield* store.load(key), records.get(key))
            }
          }
        }).pipe(Effect.provide(layer)),
      { fastCheck: { numRuns: 100 } }
    )

    describe("lease", () => {
      test("R13: until its time to live ends it is granted to nobody else", (store) =>
        Effect.gen(function* () {
          granted(yield* store.lease("k", "30 seconds"))
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          yield* TestClock.adjust(Duration.millis(29_999))
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          yield* TestClock.adjust(Duration.millis(1))
          granted(yield* store.lease("k", "30 seconds"))
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
        }))

      test("R13: of many who ask at once one gets it", (store) =>
        Effect.gen(function* () {
          const leases = yield* Effect.all(
            Array.from({ length: 20 }, () => store.lease("k", "30 seconds")),
            { concurrency: "unbounded" }
          )
          assert.lengthOf(leases.filter(Option.isSome), 1)
        }))

      test("R13: keys are leased apart", (store) =>
        Effect.gen(function* () {
          granted(yield* store.lease("a", "30 seconds"))
          granted(yield* store.lease("b", "30 seconds"))
        }))

      test("R13: one that is given back is free at once; giving it back twice is nothing", (store) =>
        Effect.gen(function* () {
          const lease = granted(yield* store.lease("k", "30 seconds"))
          yield* lease.release
          const other = granted(yield* store.lease("k", "30 seconds"))
          yield* lease.release
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          yield* other.release
          granted(yield* store.lease("k", "30 seconds"))
        }))

      test("R13: a renewal extends it by its full time to live", (store) =>
        Effect.gen(function* () {
          const lease = granted(yield* store.lease("k", "30 seconds"))
          for (const _ of [1, 2, 3]) {
            yield* TestClock.adjust("20 seconds")
            assert.isTrue(yield* lease.renew)
          }
          yield* TestClock.adjust(Duration.millis(29_999))
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          yield* TestClock.adjust(Duration.millis(1))
          granted(yield* store.lease("k", "30 seconds"))
        }))

      test("R13: one that was given back cannot be renewed", (store) =>
        Effect.gen(function* () {
          const lease = granted(yield* store.lease("k", "30 seconds"))
          yield* lease.release
          assert.isFalse(yield* lease.renew)
          granted(yield* store.lease("k", "30 seconds"))
        }))

      test("R13: an owner that outlived its lease can neither renew nor release another's", (store) =>
        Effect.gen(function* () {
          const lost = granted(yield* store.lease("k", "30 seconds"))
          yield* TestClock.adjust("31 seconds")
          const held = granted(yield* store.lease("k", "60 seconds"))
          assert.isFalse(yield* lost.renew)
          yield* lost.release
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          yield* TestClock.adjust("59 seconds")
          assert.isTrue(Option.isNone(yield* store.lease("k", "30 seconds")))
          assert.isTrue(yield* held.renew)
          assert.isFalse(yield* lost.renew)
        }))

      test("R13: a lease that ended is lost, even if nobody has taken it yet", (store) =>
        Effect.gen(function* () {
          const lost = granted(yield* store.lease("k", "30 seconds"))
          yield* TestClock.adjust("31 seconds")
          assert.isFalse(yield* lost.renew)
          granted(yield* store.lease("k", "30 seconds"))
        }))

      test("R13: a lease says nothing of the record, nor the record of the lease", (store) =>
        Effect.gen(function* () {
          const lease = granted(yield* store.lease("k", "30 seconds"))
          const version = written(yield* store.save("k", first, 0))
          yield* store.remove("k")
          assert.isTrue(yield* lease.renew)
          yield* lease.release
          assert.isAbove(written(yield* store.save("k", first, 0)), version)
        }))

      it.effect.prop(
        "R13: in any history the lease has one holder at a time, and only the holder can renew",
        {
          steps: FastCheck.array(
            FastCheck.oneof(
              FastCheck.record({
                does: FastCheck.constant("wait"),
                millis: FastCheck.constantFrom(1, 500, 999, 1_000, 2_500)
              }),
              FastCheck.record({
                does: FastCheck.constantFrom("take", "renew", "release"),
                who: FastCheck.constantFrom(0, 1, 2)
              })
            ),
            { maxLength: 40 }
          )
        },
        ({ steps }) =>
          Effect.gen(function* () {
            const store = yield* TokenStore.TokenStore
            const leases: Array<TokenStore.Lease | undefined> = [undefined, undefined, undefined]
            let now = 0
            let holder: { readonly lease: TokenStore.Lease; until: number } | undefined
            for (const step of steps) {
              if ("millis" in step) {
                yield* TestClock.adjust(Duration.millis(step.millis))
                now += step.millis
                continue
              }
              const mine = leases[step.who]
              const free = holder === undefined || now >= holder.until
              if (step.does === "take") {
                const lease = yield* store.lease("k", "1 second")
                assert.strictEqual(Option.isSome(lease), free)
                if (Option.isSome(lease)) {
                  leases[step.who] = lease.value
                  holder = { lease: lease.value, until: now + 1_000 }
                }
              } else if (mine !== undefined && step.does === "release") {
                yield* mine.release
                holder = holder?.lease === mine ? undefined : holder
              } else if (mine !== undefined && holder?.lease === mine && !free) {
                assert.isTrue(yield* mine.renew)
                holder.until = now + 1_000
              } else if (mine !== undefined && holder?.lease !== mine) {
                assert.isFalse(yield* mine.renew)
              }
            }
          }).pipe(Effect.provide(layer)),
        { fastCheck: { numRuns: 100 } }
      )
    })
  })
}

describe("TokenStore codec", () => {
  it.effect("Stores: a token set survives as text, for stores in other packages", () =>
    Effect.gen(function* () {
      for (const tokens of [first, TokenSet.startedFrom(second, Option.some(Redacted.make("configured")))]) {
        const text = yield* TokenStore.encodeTokens(tokens)
        assert.isTrue(Equal.equals(yield* TokenStore.decodeTokens(text), tokens))
      }
    })
  )

  it.effect("R15: a text that is none is corrupt, and is not repeated", () =>
    Effect.gen(function* () {
      for (const text of ["", "hunter2", '{"accessToken":"hunter2"}', '"hunter2"', "null"]) {
        const error = yield* Effect.flip(TokenStore.decodeTokens(text))
        assert.strictEqual(error.reason, "corrupt")
        assert.notInclude(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }), "hunter2")
      }
    })
  )
})

describe("TokenStore (KeyValueStore)", () => {
  const secret = "hunter2-hunter2-hunter2"

  const surfaces = (error: TokenStore.StoreError): string =>
    [
      String(error),
      error.message,
      error.stack,
      JSON.stringify(error),
      inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
      Cause.pretty(Cause.fail(error), { renderErrorCause: true })
    ].join("\n")

  const over = <A, E>(
    kv: KeyValueStore.KeyValueStore,
    body: (store: TokenStore.Service) => Effect.Effect<A, E>
  ): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.provideService(TokenStore.makeKeyValueStore, KeyValueStore.KeyValueStore, kv), body)

  const memory = Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)

  it.effect("Stores: tokens survive a restart, and versions go on from where they were", () =>
    Effect.gen(function* () {
      const kv = yield* memory
      const version = yield* over(kv, (store) => Effect.map(store.save("k", first, 0), written))
      yield* over(kv, (store) =>
        Effect.gen(function* () {
          assertHolds(yield* store.load("k"), { tokens: first, version })
          assert.isAbove(written(yield* store.save("k", second, version)), version)
          yield* store.remove("k")
        })
      )
      yield* over(kv, (store) =>
        Effect.gen(function* () {
          assert.isTrue(Option.isNone(yield* store.load("k")))
          assert.isAbove(written(yield* store.save("k", second, 0)), version + 1)
        })
      )
    })
  )

  it.effect("Stores: a removed key keeps no token", () =>
    Effect.gen(function* () {
      const kv = yield* memory
      yield* over(kv, (store) => Effect.zipRight(store.save("k", tokensOf(secret), 0), store.remove("k")))
      assert.notInclude(
        Option.getOrElse(yield* kv.get("k"), () => ""),
        secret
      )
    })
  )

  it.effect("Stores: a record that is not ours is an error, and stays as it is", () =>
    Effect.gen(function* () {
      const kv = yield* memory
      yield* over(kv, (store) => store.save("good", tokensOf(secret), 0))
      const good = Option.getOrThrow(yield* kv.get("good"))
      for (const record of [
        "",
        secret,
        `{"accessToken":"${secret}"}`,
        good.slice(0, -1),
        good.slice(0, good.length / 2),
        good.replace('"version":1', '"version":0'),
        good.replace('"version":1', '"version":-1'),
        good.replace('"version":1', '"version":1.5'),
        good.replace('"version":1', '"version":"1"'),
        good.replace(secret, ""),
        good.replace(/"expiresAt":\d+/, '"expiresAt":null'),
        "null",
        "[]",
        `"${secret}"`
      ]) {
        yield* kv.set("k", record)
        yield* over(kv, (store) =>
          Effect.gen(function* () {
            const operations: ReadonlyArray<Effect.Effect<unknown, TokenStore.StoreError>> = [
              store.load("k"),
              store.save("k", first, 0),
              store.save("k", first, 1)
            ]
            for (const operation of operations) {
              const error = yield* Effect.flip(operation)
              assert.strictEqual(error._tag, "StoreError")
              assert.strictEqual(error.reason, "corrupt", record)
              assert.notInclude(surfaces(error), secret)
            }
            // A neighbour is not affected, and the store goes on.
            assert.isTrue(Option.isSome(yield* store.load("good")))
          })
        )
        assert.strictEqual(Option.getOrUndefined(yield* kv.get("k")), record)
      }
    })
  )

  describe("a KeyValueStore that fails", () => {
    const failure = new PlatformError.SystemError({
      reason: "PermissionDenied",
      module: "KeyValueStore",
      method: "get",
      pathOrDescriptor: `redis://user:${secret}@host`,
      description: secret,
      cause: new Error(secret)
    })

    /** The store in memory, with some of its operations replaced. */
    const breaking = (over: Partial<KeyValueStore.KeyValueStore>) =>
      Effect.map(memory, (kv): KeyValueStore.KeyValueStore => ({ ...kv, ...over }))

    it.effect("R15: is unreachable, and what it said stays hidden", () =>
      Effect.gen(function* () {
        const reading = yield* breaking({ get: () => Effect.fail(failure) })
        yield* over(reading, (store) =>
          Effect.gen(function* () {
            for (const operation of [
              store.load("k"),
              store.save("k", tokensOf(secret), 0),
              store.remove("k")
            ]) {
              const error = yield* Effect.flip(operation)
              assert.strictEqual(error._tag, "StoreError")
              assert.strictEqual(error.reason, "unreachable")
              assert.notInclude(surfaces(error), secret)
            }
          })
        )
        const writing = yield* breaking({ set: () => Effect.fail(failure) })
        yield* over(writing, (store) =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(store.save("k", tokensOf(secret), 0))
            assert.strictEqual(error.reason, "unreachable")
            assert.notInclude(surfaces(error), secret)
            assert.isTrue(Option.isNone(yield* store.load("k")))
          })
        )
      })
    )

    it.effect("R7: a write that failed can be made again at the same version", () =>
      Effect.gen(function* () {
        const kv = yield* memory
        let broken = true
        const flaky: KeyValueStore.KeyValueStore = {
          ...kv,
          set: (key, value) => Effect.suspend(() => (broken ? Effect.fail(failure) : kv.set(key, value)))
        }
        yield* over(flaky, (store) =>
          Effect.gen(function* () {
            yield* Effect.flip(store.save("k", first, 0))
            broken = false
            const version = written(yield* store.save("k", first, 0))
            assertHolds(yield* store.load("k"), { tokens: first, version })
          })
        )
      })
    )

    it.effect("R13: leases need no KeyValueStore", () =>
      Effect.gen(function* () {
        const kv = yield* breaking({ get: () => Effect.fail(failure), set: () => Effect.fail(failure) })
        yield* over(kv, (store) =>
          Effect.gen(function* () {
            const lease = granted(yield* store.lease("k", "30 seconds"))
            assert.isTrue(yield* lease.renew)
            yield* lease.release
          })
        )
      })
    )

    it.effect("Stores: a save that is interrupted lets the next one in", () =>
      Effect.gen(function* () {
        const kv = yield* memory
        const reached = yield* Deferred.make<void>()
        let hanging = true
        const slow: KeyValueStore.KeyValueStore = {
          ...kv,
          get: (key) =>
            Effect.suspend(() =>
              hanging ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never) : kv.get(key)
            )
        }
        yield* over(slow, (store) =>
          Effect.gen(function* () {
            const holding = yield* Effect.fork(store.save("k", first, 0))
            yield* Deferred.await(reached)
            const waiting = yield* Effect.fork(store.save("k", second, 0))
            yield* Effect.yieldNow()
            hanging = false
            yield* Fiber.interrupt(holding)
            written(yield* Fiber.join(waiting))
          })
        )
      })
    )
  })

  it.effect(
    "R13: of many writers at one version one wins, also where reading and writing take their time",
    () =>
      Effect.gen(function* () {
        const kv = yield* memory
        const slow: KeyValueStore.KeyValueStore = {
          ...kv,
          get: (key) => Effect.zipRight(Effect.yieldNow(), kv.get(key)),
          set: (key, value) => Effect.zipRight(Effect.yieldNow(), kv.set(key, value))
        }
        yield* over(slow, (store) =>
          Effect.gen(function* () {
            const saved = yield* Effect.all(
              Array.from({ length: 20 }, (_, index) => store.save("k", tokensOf(`access-${index}`), 0)),
              { concurrency: "unbounded" }
            )
            assert.lengthOf(
              saved.filter((one) => one._tag === "Written"),
              1
            )
          })
        )
      })
  )

  it.effect("Stores: a conflict writes nothing", () =>
    Effect.gen(function* () {
      const kv = yield* memory
      let writes = 0
      const counting: KeyValueStore.KeyValueStore = {
        ...kv,
        set: (key, value) => Effect.suspend(() => ((writes += 1), kv.set(key, value)))
      }
      yield* over(counting, (store) =>
        Effect.gen(function* () {
          yield* store.save("k", first, 0)
          conflict(yield* store.save("k", second, 0))
          yield* store.remove("absent")
          assert.strictEqual(writes, 1)
        })
      )
    })
  )
})
