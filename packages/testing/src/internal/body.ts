import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** What arrives of a request: its body's bytes, and its headers with those the body brings. */
export interface Sent {
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

const isBodyInit = (u: unknown): u is BodyInit =>
  typeof u === "string" ||
  u instanceof Blob ||
  u instanceof ArrayBuffer ||
  ArrayBuffer.isView(u) ||
  u instanceof URLSearchParams ||
  u instanceof FormData ||
  u instanceof ReadableStream

interface Encoded {
  readonly bytes: Uint8Array
  readonly contentType: string | null
}

const plain = (bytes: Uint8Array): Encoded => ({ bytes, contentType: null })

/** What `fetch` makes of a body: `Response` encodes the same way. */
const encode = async (body: BodyInit): Promise<Encoded> => {
  const response = new Response(body)
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    contentType: response.headers.get("content-type")
  }
}

/** As `fetch` would send it, errors included: an illegal header or a stream read twice does not go out. */
export const read = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Sent, HttpClientError.RequestError> => {
  const failed = (reason: "Transport" | "Encode") => (cause: unknown) =>
    new HttpClientError.RequestError({ request, reason, cause })

  const web = (body: unknown): Effect.Effect<Encoded, HttpClientError.RequestError> =>
    isBodyInit(body)
      ? Effect.tryPromise({ try: () => encode(body), catch: failed("Transport") })
      : Effect.fail(failed("Encode")(new TypeError("The raw body is not one that fetch accepts")))

  const encoded = (): Effect.Effect<Encoded, HttpClientError.RequestError> => {
    const { body } = request
    switch (body._tag) {
      case "Empty":
        return Effect.succeed(plain(new Uint8Array()))
      case "Uint8Array":
        // A copy: the ledger keeps what arrived, whatever the sender does to its array later.
        return Effect.succeed(plain(body.body.slice()))
      case "Raw":
        return web(body.body)
      case "FormData":
        return web(body.formData)
      case "Stream":
        return body.stream.pipe(
          Stream.runCollect,
          Effect.mapBoth({
            onFailure: failed("Transport"),
            onSuccess: (chunks) => plain(concat([...chunks]))
          })
        )
    }
  }

  return Effect.gen(function* () {
    const headers = yield* Effect.try({
      try: () => new Headers(Object.entries(request.headers)),
      catch: failed("Transport")
    })
    const { bytes, contentType } = yield* encoded()
    if (contentType !== null && !headers.has("content-type")) {
      headers.set("content-type", contentType)
    }
    return { bytes, headers: Object.fromEntries(headers.entries()) }
  })
}
