import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as FastCheck from "effect/FastCheck"
import { mentions } from "../../src/internal/mentions.ts"

const secret = FastCheck.stringMatching(/^[A-Za-z0-9._~+/-]{20,80}$/)
const around = FastCheck.stringMatching(/^[a-z:-]{0,9}$/)

const written: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => secret.toUpperCase(),
  (secret) => secret.slice(0, -3),
  (secret) => secret.slice(3),
  Encoding.encodeHex,
  Encoding.encodeBase64,
  Encoding.encodeBase64Url,
  (secret) => Encoding.encodeBase64(`client-id:${secret}`)
]

describe("mentions", () => {
  it.effect.prop(
    "R15: a secret is found in every form, whatever stands around it",
    [secret, FastCheck.constantFrom(...written), around, around],
    ([secret, write, before, after]) =>
      Effect.sync(() => assert.isTrue(mentions(`${before}${write(secret)}${after}`, secret)))
  )

  it("R15: codes and ids that have nothing of a secret are kept", () => {
    const secret = "s3cret-0f-a-client_with/all+of~it"
    for (const text of [
      "invalid_client",
      "UNAUTHORIZED",
      "req-0b5a1e9c-77aa-4a0c-9f53-1c0d2b8c9d10",
      "E40101"
    ]) {
      assert.isFalse(mentions(text, secret))
    }
  })

  it("R15: a short secret is found as it is, and its encodings are not looked for", () => {
    assert.isTrue(mentions("no-such-key", "key"))
    assert.isFalse(mentions("invalid_request", "x"))
    assert.isFalse(mentions("invalid_request", "k"))
  })
})
