import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** A 401 is small. One that is not is cut off here rather than read to its end. */
const maxBufferedBytes = 1024 * 1024

/** And it comes at once. A body that goes on for longer would keep a caller who could be sent again. */
const maxBufferingTime = "1 second"

/**
 * R10: reads a rejected answer to its end, so that it holds no connection while a new token is
 * minted (a pool may have no other for the mint): its body from memory, for it may still be returned.
 * Where the body does not end in time it is aborted, and what came of it is what there is.
 */
export const buffered = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<HttpClientResponse.HttpClientResponse> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array<ArrayBuffer>> = []
    let size = 0
    return response.stream.pipe(
      // R15: here and not below, for a stream is run by a fiber of its own, whose failure Effect logs.
      Stream.catchAllCause(() => Stream.fail(undefined)),
      Stream.takeWhile((chunk) => {
        size += chunk.length
        if (size > maxBufferedBytes) {
          return false
        }
        chunks.push(new Uint8Array(chunk))
        return true
      }),
      Stream.runDrain,
      // No body, or a connection lost while it was read: there is nothing more to return.
      Effect.ignore,
      // A body that cannot be aborted (its source never answers to `cancel`) is left to itself.
      Effect.withUnhandledErrorLogLevel(Option.none()),
      Effect.disconnect,
      Effect.timeoutOption(maxBufferingTime),
      Effect.map(() =>
        HttpClientResponse.fromWeb(
          response.request,
          new Response(new Blob(chunks), {
            status: response.status,
            // What `formData` reads the boundary from.
            headers: { "content-type": response.headers["content-type"] ?? "" }
          })
        )
      )
    )
  })
