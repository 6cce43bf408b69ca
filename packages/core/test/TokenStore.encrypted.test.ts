import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const key = (fill: number) => Redacted.make(Encoding.encodeBase64(new Uint8Array(32).fill(fill)))

const tokens = TokenSet.fromAnswer({
  accessToken: "plain-access",
  lifetime: 3_600_000,
  sentAt: 0,
  refreshToken: "plain-refresh",
  scope: "plain-scope"
})

const setup = Effect.gen(function* () {
  const texts = new Map<string, string>()
  const kv = KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => Option.fromNullable(texts.get(key))),
    set: (key, value) => Effect.sync(() => void texts.set(key, value)),
    remove: (key) => Effect.sync(() => void texts.delete(key)),
    clear: Effect.sync(() => texts.clear()),
    size: Effect.sync(() => texts.size)
  })
  const store = yield* Effect.provideService(TokenStore.makeKeyValueStore, KeyValueStore.KeyValueStore, kv)
  return { store, texts, tokens: yield* tokens }
})

const reason = (result: Either.Either<unknown, TokenStore.StoreError>) =>
  Either.isLeft(result) ? result.left.reason : "success"

describe("TokenStore.encrypted", () => {
  it.effect("a record is read back, and nothing of it stands in the store in plain", () =>
    Effect.gen(function* () {
      const { store, texts, tokens } = yield* setup
      const encrypted = yield* TokenStore.makeEncrypted(store, [key(1)])
      assert.strictEqual(encrypted.name, "KeyValueStore, encrypted")
      yield* encrypted.save("record", tokens, 0)
      // Not deepStrictEqual: it takes a Some for a None.
      assert.isTrue(Equal.equals(Option.getOrThrow(yield* encrypted.load("record")).tokens, tokens))
      for (const text of texts.values()) {
        assert.notInclude(text, "plain-")
        assert.include(text, "eyJ")
      }
    })
  )

  it.effect("the first key writes, all of them read", () =>
    Effect.gen(function* () {
      const { store, tokens } = yield* setup
      const before = yield* TokenStore.makeEncrypted(store, [key(1)])
      yield* before.save("record", tokens, 0)
      const during = yield* TokenStore.makeEncrypted(store, [key(2), key(1)])
      const read = Option.getOrThrow(yield* during.load("record"))
      yield* during.save("record", read.tokens, read.version)
      const after = yield* TokenStore.makeEncrypted(store, [key(2)])
      assert.isTrue(Option.isSome(yield* after.load("record")))
      assert.strictEqual(reason(yield* Effect.either(before.load("record"))), "locked")
    })
  )

  it.effect("a record under an unknown key is a typed error, and is neither overwritten nor removed", () =>
    Effect.gen(function* () {
      const { store, texts, tokens } = yield* setup
      const writer = yield* TokenStore.makeEncrypted(store, [key(1)])
      yield* writer.save("record", tokens, 0)
      const before = texts.get("record")
      const stranger = yield* TokenStore.makeEncrypted(store, [key(2)])
      assert.strictEqual(reason(yield* Effect.either(stranger.load("record"))), "locked")
      assert.strictEqual(reason(yield* Effect.either(stranger.save("record", tokens, 0))), "locked")
      assert.strictEqual(texts.get("record"), before)
    })
  )

  it.effect("a record in plain, a record of another key, and a changed one are refused", () =>
    Effect.gen(function* () {
      const { store, tokens } = yield* setup
      const encrypted = yield* TokenStore.makeEncrypted(store, [key(1)])
      yield* store.save("plain", tokens, 0)
      assert.strictEqual(reason(yield* Effect.either(encrypted.load("plain"))), "locked")
      yield* encrypted.save("one", tokens, 0)
      const sealed = Option.getOrThrow(yield* store.load("one")).tokens
      yield* store.save("other", sealed, 0)
      assert.strictEqual(reason(yield* Effect.either(encrypted.load("other"))), "locked")
      const jwe = Redacted.value(sealed.accessToken)
      const changed = new TokenSet.TokenSet({
        ...sealed,
        accessToken: Redacted.make(`${jwe.slice(0, -4)}AAAA`)
      })
      yield* store.save("changed", changed, 0)
      assert.strictEqual(reason(yield* Effect.either(encrypted.load("changed"))), "locked")
    })
  )

  it.effect("a conflict hands out the current record, decrypted", () =>
    Effect.gen(function* () {
      const { store, tokens } = yield* setup
      const encrypted = yield* TokenStore.makeEncrypted(store, [key(1)])
      yield* encrypted.save("record", tokens, 0)
      const saved = yield* encrypted.save("record", tokens, 0)
      assert.isTrue(saved._tag === "Conflict" && Option.isSome(saved.current))
      assert.isTrue(
        saved._tag === "Conflict" && Equal.equals(Option.getOrThrow(saved.current).tokens, tokens)
      )
    })
  )

  it.effect("a key that is none fails the layer, without a word of the key", () =>
    Effect.gen(function* () {
      const layer = TokenStore.encrypted(Redacted.make("too-short"))(TokenStore.layerMemory)
      const result = yield* Effect.either(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(reason(result), "locked")
      assert.notInclude(JSON.stringify(result), "too-short")
    })
  )

  it.effect("Options: a key that is missing, empty or no string is locked, and says that it is missing", () =>
    Effect.gen(function* () {
      const { store } = yield* setup
      for (const unset of ["null", "7", '""', '" "', '"\\n"']) {
        for (const keys of [
          [Redacted.make(JSON.parse(unset))],
          [key(1), Redacted.make(JSON.parse(unset))]
        ] as const) {
          const error = yield* Effect.flip(TokenStore.makeEncrypted(store, keys))
          assert.strictEqual(error.reason, "locked")
          assert.strictEqual(error.message, "An encryption key is missing or empty: set it.")
        }
      }
    })
  )
})
