import * as HttpBody from "@effect/platform/HttpBody"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { isReplayable } from "../../src/internal/replayable.ts"

const form = () => {
  const form = new FormData()
  form.set("a", "b")
  form.set("file", new Blob(["bytes"]), "name.txt")
  return form
}

describe("replayable", () => {
  it("R10: empty, bytes, text, JSON, URL-encoded and FormData bodies replay", () => {
    for (const body of [
      HttpBody.empty,
      HttpBody.uint8Array(new Uint8Array([1, 2, 3])),
      HttpBody.text("text"),
      HttpBody.unsafeJson({ a: 1 }),
      HttpBody.urlParams([["a", "b"]]),
      HttpBody.formData(form()),
      HttpBody.formDataRecord({ a: "b" })
    ]) {
      assert.isTrue(isReplayable(body), body._tag)
    }
  })

  it.effect("R10: JSON of a schema replays", () =>
    Effect.map(HttpBody.json({ a: 1 }), (body) => assert.isTrue(isReplayable(body)))
  )

  it("R10: a raw body replays where reading it does not use it up", () => {
    for (const raw of [
      undefined,
      null,
      "",
      "text",
      new Uint8Array(1),
      new Uint8Array(1).buffer,
      new DataView(new ArrayBuffer(1)),
      Buffer.from("text"),
      new URLSearchParams("a=b"),
      form(),
      new Blob(["bytes"])
    ]) {
      assert.isTrue(isReplayable(HttpBody.raw(raw)))
    }
  })

  it("R10: a stream does not, nor what may be one", () => {
    const bytes = new Uint8Array([1])
    for (const body of [
      HttpBody.stream(Stream.make(bytes)),
      HttpBody.stream(Stream.empty),
      HttpBody.raw(new ReadableStream()),
      HttpBody.raw(new Response("text").body),
      HttpBody.raw([bytes].values()),
      HttpBody.raw(
        (async function* () {
          await Promise.resolve()
          yield bytes
        })()
      ),
      HttpBody.raw({ pipe: () => {} }),
      HttpBody.raw({ [Symbol.asyncIterator]: () => {} }),
      HttpBody.raw(() => bytes),
      HttpBody.raw(1)
    ]) {
      assert.isFalse(isReplayable(body), body._tag)
    }
  })

  it("R10: what was sent is sent once more, byte for byte", async () => {
    const source = form()
    const read = async (body: BodyInit) => new Response(body).text()
    const boundary = (text: string) => text.replaceAll(/-+formdata-undici-\d+/g, "boundary")
    assert.strictEqual(boundary(await read(source)), boundary(await read(source)))
    const bytes = Either.getOrThrow(Either.try(() => HttpBody.text("text").body))
    assert.strictEqual(await read(new Uint8Array(bytes)), await read(new Uint8Array(bytes)))
  })
})
