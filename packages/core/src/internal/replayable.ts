import type * as HttpBody from "@effect/platform/HttpBody"

/**
 * R10: whether a body can be sent once more exactly as it was. A stream cannot: it was read, and
 * would replay as an empty body.
 */
export const isReplayable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return isPlain(body.body)
    case "Stream":
      return false
  }
}

const isPlain = (body: unknown): boolean =>
  body === undefined ||
  body === null ||
  typeof body === "string" ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body) ||
  body instanceof URLSearchParams ||
  body instanceof FormData ||
  body instanceof Blob
