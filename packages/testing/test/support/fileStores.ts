import * as TokenStore from "@latchkey/core/TokenStore"
import * as TokenStoreSuite from "@latchkey/testing/TokenStoreSuite"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { modeOf, temporary } from "./directories.ts"

/** How much is tried. */
interface Numbers {
  /** How often each property is tried. */
  readonly runs: number
  /** How many processes are killed, at least. A process starts in a quarter of a second. */
  readonly kills: number
  /** How many stores each of them writes: one kill hits them all. */
  readonly writers: number
}

/** The child in one file: a thousand that load theirs one by one would take minutes. */
const bundle = (outfile: string) =>
  Effect.promise(() =>
    build({
      entryPoints: [join(import.meta.dirname, "savingChild.ts")],
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

/** The contract of a store in a directory, and what is left of one whose process is killed. */
export const fileStores = ({ kills, runs, writers }: Numbers): void => {
  TokenStoreSuite.describe("a directory", {
    place: Effect.map(temporary, (directory) => ({
      layer: Layer.provide(TokenStore.layerFileSystem(join(directory, "tokens")), NodeContext.layer)
    })),
    shared: false,
    durable: true,
    runs
  })

  describe("a store in a directory", () => {
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
          // On a slow machine many kills come before the writes, and prove nothing: it needs more of them.
          const isProven = () => torn > (kills * writers) / 20 && Math.max(...versions) > kills / 10
          for (let kill = 0; kill < kills || !isProven(); kill++) {
            yield* Effect.promise(async () => {
              const process_ = spawn(process.execPath, [child, root, String(writers)], {
                stdio: ["ignore", "pipe", "inherit"]
              })
              const closed = once(process_, "close")
              await once(process_.stdout, "data")
              // Later and later, until the writes are hit.
              const longest = 150 * (1 + Math.floor(kill / kills))
              await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
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
        }).pipe(Effect.provide(NodeContext.layer)),
      1_800_000
    )
  })
}
