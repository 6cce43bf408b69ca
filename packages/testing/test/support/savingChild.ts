// A process that saves one token set after another, until it is killed.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const [directory = "", writers = "1"] = process.argv.slice(2)

const write = (directory: string) =>
  Effect.gen(function* () {
    const store = yield* TokenStore.makeFileSystem(directory)
    const key = "key"
    let version = Option.match(yield* store.load(key), {
      onNone: () => 0,
      onSome: (record) => record.version
    })
    while (true) {
      // Long enough for a kill to find it half written.
      const accessToken = String.fromCodePoint(97 + (version % 26)).repeat(50_000)
      const tokens = yield* TokenSet.fromAnswer({ accessToken, lifetime: 3_600_000, sentAt: 0 })
      const saved = yield* store.save(key, tokens, version)
      if (saved._tag === "Conflict") {
        return yield* Effect.dieMessage("nobody else writes")
      }
      version = saved.version
    }
  })

const program = Effect.all(
  [
    Effect.sync(() => process.stdout.write("ready\n")),
    ...Array.from({ length: Number(writers) }, (_, writer) => write(`${directory}/${writer}`))
  ],
  { concurrency: "unbounded" }
)

await Effect.runPromise(Effect.provide(program, Layer.merge(NodeFileSystem.layer, NodePath.layer)))
