// A process that saves one token set after another, until it is killed.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const [directory = "", key = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const store = yield* TokenStore.makeFileSystem(directory)
  let version = Option.match(yield* store.load(key), { onNone: () => 0, onSome: (record) => record.version })
  process.stdout.write("ready\n")
  while (true) {
    // Long enough for a kill to find it half written.
    const accessToken = String.fromCodePoint(97 + (version % 26)).repeat(200_000)
    const tokens = yield* TokenSet.fromAnswer({ accessToken, lifetime: 3_600_000, sentAt: 0 })
    const saved = yield* store.save(key, tokens, version)
    if (saved._tag === "Conflict") {
      return yield* Effect.dieMessage("nobody else writes")
    }
    version = saved.version
  }
})

await Effect.runPromise(Effect.provide(program, Layer.merge(NodeFileSystem.layer, NodePath.layer)))
