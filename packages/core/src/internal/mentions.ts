import { base64Cores } from "./base64Cores.ts"
import { hex } from "./hex.ts"

const encoder = new TextEncoder()

/** So many characters of a secret in one piece are most of what makes it one. */
const pieceLength = 12

/** One by one for a short secret; for a long one every stretch of `pieceLength + stride` holds a piece. */
const stride = 4

const pieces = (text: string): ReadonlyArray<string> => {
  const last = Math.max(0, text.length - pieceLength)
  const step = last > 8 * stride ? stride : 1
  return Array.from({ length: Math.ceil(last / step) + 1 }, (_, index) => {
    const start = Math.min(index * step, last)
    return text.slice(start, start + pieceLength)
  })
}

/** One spelling of both alphabets of base64, in one case. */
const folded = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_").toLowerCase()

/** Shorter ones are words, and their encodings are parts of words. */
const shortest = 8

/**
 * R15: whether a short text repeats a secret, also in base64, in hex or cut off: a gateway that logs
 * credentials does all of these. For codes and ids, which are a handful of words.
 */
export const mentions = (text: string, secret: string): boolean => {
  const within = folded(text)
  const encoded = secret.length < shortest ? [] : [hex(encoder.encode(secret)), ...base64Cores(secret)]
  return [secret, ...encoded].some((form) => pieces(folded(form)).some((piece) => within.includes(piece)))
}
