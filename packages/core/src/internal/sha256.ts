import * as Effect from "effect/Effect"
import { hex } from "./hex.ts"

const encoder = new TextEncoder()

/** SHA-256 of a text as lower-case hex, by Web Crypto: runs wherever the core does. */
export const sha256 = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", encoder.encode(text))),
    (digest) => hex(new Uint8Array(digest))
  )
