/** The methods of `crypto.subtle` that the libraries under test call. */
const methods = [
  "decrypt",
  "deriveBits",
  "deriveKey",
  "digest",
  "encrypt",
  "importKey",
  "sign",
  "verify"
] as const

let pending = 0
let isCounting = false

/**
 * How many calls of `crypto.subtle` have no result yet. They run on threads of their own: no number of
 * turns of the event loop tells that one has ended. The first call starts the counting.
 */
export const nativeWork = (): number => {
  if (!isCounting) {
    isCounting = true
    for (const name of methods) {
      const original = crypto.subtle[name]
      Object.defineProperty(crypto.subtle, name, {
        configurable: true,
        writable: true,
        value: async (...args: ReadonlyArray<unknown>): Promise<unknown> => {
          pending += 1
          try {
            return await Reflect.apply(original, crypto.subtle, args)
          } finally {
            pending -= 1
          }
        }
      })
    }
  }
  return pending
}
