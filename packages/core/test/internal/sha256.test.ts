import { createHash } from "node:crypto"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { sha256 } from "../../src/internal/sha256.ts"

const byNode = (text: string): string => createHash("sha256").update(text).digest("hex")

it("is there at once: a layer that takes a key is built without waiting", () => {
  assert.strictEqual(
    Effect.runSync(sha256("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
  )
})

it("is what Node says for every length up to three blocks", () => {
  for (let length = 0; length <= 192; length++) {
    const text = "a".repeat(length)
    assert.strictEqual(Effect.runSync(sha256(text)), byNode(text), `${length} bytes`)
  }
})

it.effect.prop(
  "is what Node says for every text",
  [FastCheck.string({ unit: "grapheme", maxLength: 400 })],
  ([text]) => Effect.map(sha256(text), (digest) => assert.strictEqual(digest, byNode(text)))
)
