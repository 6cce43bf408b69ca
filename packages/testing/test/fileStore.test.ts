import * as TokenStore from "@latchkey/core/TokenStore"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, statSync } from "node:fs"
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

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe("a store in a directory", () => {
  it.scopedLive("Stores: a file that only its owner reads, in a directory that only its owner enters", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporary, "a/b")
      const store = yield* TokenStore.makeFileSystem(directory)
      const saved = yield* store.lease("../key", 1_000)
      assert.isTrue(Option.isSome(saved))
      const kv = yield* store.load("../key")
      assert.isTrue(Option.isNone(kv))
      assert.strictEqual(modeOf(directory), 0o700)
    }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive(
    "Stores: a process killed at any point of a write leaves the old or the new record: 1,000 kills",
    () =>
      Effect.gen(function* () {
        const root = yield* temporary
        const child = join(root, "child.mjs")
        yield* bundle(child)
        const lane = (name: string) =>
          Effect.gen(function* () {
            const directory = join(root, name)
            const store = yield* TokenStore.makeFileSystem(directory)
            let version = 0
            let interrupted = 0
            let drafts = 0
            for (let kill = 0; kill < 500; kill++) {
              yield* Effect.promise(async () => {
                const process_ = spawn(process.execPath, [child, directory, "key"], {
                  stdio: ["ignore", "pipe", "inherit"]
                })
                const closed = once(process_, "close")
                await once(process_.stdout, "data")
                await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
                process_.kill("SIGKILL")
                const [code] = await closed
                assert.isNull(code, "it was killed, and did not end by itself")
              })
              // Decoded as a whole, and never older than what was there before.
              const record = Option.getOrUndefined(yield* store.load("key"))
              if (record !== undefined) {
                assert.isAtLeast(record.version, version)
                version = record.version
                const token = Redacted.value(record.tokens.accessToken)
                assert.strictEqual(token, String.fromCodePoint(97 + ((version - 1) % 26)).repeat(200_000))
              }
              const names = readdirSync(directory)
              for (const file of names) {
                assert.strictEqual(modeOf(join(directory, file)), 0o600)
              }
              interrupted += names.length - (version > 0 ? 1 : 0) > drafts ? 1 : 0
              drafts = names.length - (version > 0 ? 1 : 0)
            }
            return { version, interrupted }
          })
        const [one, other] = yield* Effect.all([lane("one"), lane("other")], { concurrency: 2 })
        // Otherwise the kills came before or after the writes, and prove nothing.
        assert.isAbove(one.interrupted + other.interrupted, 100)
        assert.isAbove(one.version + other.version, 100)
      }).pipe(Effect.provide(NodeContext.layer)),
    300_000
  )
})
