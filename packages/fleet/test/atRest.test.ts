import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { kinds, startPlace } from "../src/place.ts"
import type { Place } from "../src/place.ts"
import { available } from "@latchkey/servers/provided"
import { storeOf } from "../src/storeOf.ts"

const stores = available()

const tokens = (secret: string) =>
  TokenSet.fromAnswer({
    accessToken: `access-${secret}`,
    lifetime: 3_600_000,
    sentAt: 0,
    refreshToken: `refresh-${secret}`
  })

/** What stands in the files of a store, and in what its own tools would dump. */
const everything = (place: Place) =>
  Effect.promise(async () => {
    const dumps: Array<Buffer> = []
    if (place.kind === "Redis") {
      const redis = new Redis(place.url)
      await redis.save()
      for (const key of await redis.keys("*")) {
        dumps.push((await redis.dumpBuffer(key)) ?? Buffer.alloc(0))
      }
      redis.disconnect()
    }
    // The database, its journals, append-only files and snapshots: what a backup of the machine has.
    const files = readdirSync(place.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    return Buffer.concat([...dumps, ...files])
  })

const found = (haystack: Buffer, secret: string): boolean =>
  [secret, Buffer.from(secret).toString("base64").slice(2, -4), Buffer.from(secret).toString("hex")].some(
    (form) => haystack.includes(form)
  )

for (const kind of kinds) {
  describe.skipIf(!stores[kind])(`what ${kind} keeps`, () => {
    it.scopedLive(
      "R15, Stores: encrypted, no token is in its files, its journals or its dumps; and in plain it would be",
      () =>
        Effect.gen(function* () {
          const place = yield* Effect.acquireRelease(
            Effect.promise(() => startPlace(kind)),
            ({ close }) => Effect.promise(close)
          )
          const open = (layer: Layer.Layer<TokenStore.TokenStore, TokenStore.StoreError>) =>
            Effect.map(Layer.build(layer), Context.get(TokenStore.TokenStore))
          const key = (byte: number) => Redacted.make(Buffer.alloc(32, byte).toString("base64"))
          const secret = randomBytes(24).toString("hex")
          const plain = yield* open(storeOf(place.url))
          const encrypted = yield* open(TokenStore.encrypted(key(1))(storeOf(place.url)))

          assert.strictEqual((yield* encrypted.save("k", yield* tokens(secret), 0))._tag, "Written")
          assert.isFalse(found(yield* everything(place), secret))

          // A new key writes, the old one still reads; without it the record is locked, and stays.
          const rotated = yield* open(TokenStore.encrypted(key(2), key(1))(storeOf(place.url)))
          const read = Option.getOrThrow(yield* rotated.load("k"))
          assert.strictEqual(Redacted.value(read.tokens.accessToken), `access-${secret}`)
          const stranger = yield* open(TokenStore.encrypted(key(3))(storeOf(place.url)))
          assert.strictEqual((yield* Effect.flip(stranger.load("k"))).reason, "locked")
          assert.isTrue(Option.isSome(yield* rotated.load("k")))

          const other = randomBytes(24).toString("hex")
          assert.strictEqual((yield* plain.save("other", yield* tokens(other), 0))._tag, "Written")
          const all = yield* everything(place)
          assert.isTrue(found(all, other), "the search finds what is there in plain")
          assert.isFalse(found(all, secret))
        }),
      60_000
    )
  })
}
