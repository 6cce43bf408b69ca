import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "latchkey-" })
).pipe(Effect.provide(NodeContext.layer))

TokenStoreSuite.describe("a directory", {
  place: Effect.map(temporary, (directory) => ({
    layer: Layer.provide(TokenStore.layerFileSystem(join(directory, "tokens")), NodeContext.layer)
  })),
  shared: false,
  durable: true
})

/** The child in one file: a thousand that load theirs one by one would take minutes. */
const bundle = (outfile: string) =>
  Effect.promise(() =>
    build({
      entryPoints: [join(import.meta.dirname, "support/savingChild.ts")],
      outfile,
      bundle: true,
      minify: true,
      platform: "node",
      format: "esm",
      target: "node20",
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
      }
    })
  )

/** A process starts in a quarter of a second, so one kill hits many writers: `KILLS=1000` takes minutes. */
const kills = Number(process.env["KILLS"] ?? 100)
const writers = 10

const answer = { accessToken: "access", lifetime: 3_600_000, sentAt: 0 }

const modeOf = (path: string): number => statSync(path).mode & 0o777

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

  it.scopedLive(
    `Stores: killed at any point of a write it is the old or the new record: ${kills} kills of ${writers} writers each`,
    () =>
      Effect.gen(function* () {
        const root = yield* temporary
        const child = join(root, "child.mjs")
        yield* bundle(child)
        const directories = Array.from({ length: writers }, (_, writer) => join(root, String(writer)))
        const stores = yield* Effect.forEach(directories, TokenStore.makeFileSystem)
        const versions = directories.map(() => 0)
        const drafts = directories.map(() => 0)
        let torn = 0
        for (let kill = 0; kill < kills; kill++) {
          yield* Effect.promise(async () => {
            const process_ = spawn(process.execPath, [child, root, String(writers)], {
              stdio: ["ignore", "pipe", "inherit"]
            })
            const closed = once(process_, "close")
            await once(process_.stdout, "data")
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 150))
            process_.kill("SIGKILL")
            const [code] = await closed
            assert.isNull(code, "it was killed, and did not end by itself")
          })
          for (const [writer, directory] of directories.entries()) {
            // Decoded as a whole, and never older than what was there before.
            const record = Option.getOrUndefined(yield* stores[writer]?.load("key") ?? Effect.succeedNone)
            if (record !== undefined) {
              const { tokens, version } = record
              assert.isAtLeast(version, versions[writer] ?? 0)
              versions[writer] = version
              const token = Redacted.value(tokens.accessToken)
              assert.strictEqual(token, String.fromCodePoint(97 + ((version - 1) % 26)).repeat(50_000))
            }
            const names = readdirSync(directory)
            for (const file of names) {
              assert.strictEqual(modeOf(join(directory, file)), 0o600)
            }
            const left = names.length - (record === undefined ? 0 : 1)
            torn += left > (drafts[writer] ?? 0) ? 1 : 0
            drafts[writer] = left
          }
        }
        // Otherwise the kills came before or after the writes, and prove nothing.
        assert.isAbove(torn, (kills * writers) / 20)
        assert.isAbove(Math.max(...versions), kills / 10)
      }).pipe(Effect.provide(NodeContext.layer)),
    1_000_000
  )
})
