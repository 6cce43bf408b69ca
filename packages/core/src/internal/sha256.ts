import * as Effect from "effect/Effect"

const encoder = new TextEncoder()

/** SHA-256 of a text as lower-case hex, by Web Crypto: runs wherever the core does. */
export const sha256 = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", encoder.encode(text))),
    (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )
