import * as Effect from "effect/Effect"

const encoder = new TextEncoder()

/** The first 32 bits behind the point of a root of a prime. */
const fraction = (root: number): number => ((root % 1) * 2 ** 32) | 0

/** FIPS 180-4, sections 4.2.2 and 5.3.3: from the cube roots of the first 64 primes, and the square roots of 8. */
const constants = (): { readonly round: Int32Array; readonly initial: Int32Array } => {
  const primes: Array<number> = []
  for (let candidate = 2; primes.length < 64; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) {
      primes.push(candidate)
    }
  }
  return {
    round: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
    initial: Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))
  }
}

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits))

/** FIPS 180-4, section 5.1.1: a bit, zeros, and the length in bits, up to whole blocks of 16 words. */
const padded = (message: Uint8Array): DataView => {
  const bytes = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64)
  bytes.set(message)
  bytes[message.length] = 0x80
  const view = new DataView(bytes.buffer)
  view.setBigUint64(bytes.length - 8, BigInt(message.length) * 8n)
  return view
}

/** FIPS 180-4, section 6.2.2. Typed arrays: sums wrap at 32 bits when they are stored. */
const digest = (message: Uint8Array): string => {
  const { initial, round } = constants()
  const blocks = padded(message)
  const hash = initial
  const schedule = new Int32Array(64)
  for (let start = 0; start < blocks.byteLength; start += 64) {
    const state = [...hash]
    for (let t = 0; t < 64; t++) {
      const [w15 = 0, w2 = 0, w16 = 0, w7 = 0] = [
        schedule[t - 15],
        schedule[t - 2],
        schedule[t - 16],
        schedule[t - 7]
      ]
      schedule[t] =
        t < 16
          ? blocks.getInt32(start + t * 4)
          : (rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)) +
            w7 +
            (rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)) +
            w16
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
      const first =
        h +
        (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
        ((e & f) ^ (~e & g)) +
        (round[t] ?? 0) +
        (schedule[t] ?? 0)
      const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
      state.pop()
      state[3] = (d + first) | 0
      state.unshift((first + second) | 0)
    }
    hash.forEach((word, index) => {
      hash[index] = word + (state[index] ?? 0)
    })
  }
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}

/**
 * SHA-256 of a text as lower-case hex. Web Crypto has it too, but asynchronously: a layer that waits for it
 * cannot be built by two requests of Cloudflare Workers at once, nor under `TestClock` without a race.
 */
export const sha256 = (text: string): Effect.Effect<string> => Effect.sync(() => digest(encoder.encode(text)))
