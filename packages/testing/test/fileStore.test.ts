import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readdirSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { modeOf, temporary } from "./support/directories.ts"
import { fileStores } from "./support/fileStores.ts"

fileStores({ kills: 8, writers: 10, runs: 10 })

const answer = { accessToken: "access", lifetime: 3_600_000, sentAt: 0 }

describe("a store in a directory", () => {
  it.scopedLive("Stores: a file that only its owner reads, in a directory that only its owner enters", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      const directory = join(root, "a/b")
      const store = yield* TokenStore.makeFileSystem(directory)
      // A key is a name and no path.
      const saved = yield* store.save("../key", yield* TokenSet.fromAnswer(answer), 0)
      assert.strictEqual(saved._tag, "Written")
      const names = readdirSync(directory)
      assert.strictEqual(names.length, 1)
      assert.strictEqual(modeOf(join(directory, names[0] ?? "")), 0o600)
      assert.strictEqual(modeOf(directory), 0o700)
      assert.deepStrictEqual(readdirSync(join(root, "a")), ["b"])
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive(
    "Stores: what a killed writer left is swept when it is old, and not while it may be written",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const store = yield* TokenStore.makeFileSystem(directory)
        yield* store.save("key", yield* TokenSet.fromAnswer(answer), 0)
        const [record = ""] = readdirSync(directory)
        for (const [name, age] of [
          ["old", 120],
          ["young", 5]
        ] as const) {
          const draft = join(directory, `${record}.${name}.tmp`)
          writeFileSync(draft, "half a rec")
          const at = (yield* Clock.currentTimeMillis) / 1_000 - age
          utimesSync(draft, at, at)
        }
        yield* TokenStore.makeFileSystem(directory)
        assert.deepStrictEqual([...readdirSync(directory)].sort(), [record, `${record}.young.tmp`])
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("Stores: a write that fails leaves the record as it was, and nothing beside it", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      const fs = yield* FileSystem.FileSystem
      const broken = { ...fs, rename: () => fs.rename(join(directory, "nothing"), join(directory, "gone")) }
      const store = yield* TokenStore.makeFileSystem(directory)
      yield* store.save("key", yield* TokenSet.fromAnswer(answer), 0)
      const before = readdirSync(directory)
      const failing = yield* Effect.provideService(
        TokenStore.makeFileSystem(directory),
        FileSystem.FileSystem,
        broken
      )
      const error = yield* Effect.flip(failing.save("key", yield* TokenSet.fromAnswer(answer), 1))
      assert.strictEqual(error.reason, "unreachable")
      assert.deepStrictEqual(readdirSync(directory), before)
      assert.strictEqual(Option.getOrThrow(yield* store.load("key")).version, 1)
    }).pipe(Effect.provide(NodeContext.layer))
  )
})
