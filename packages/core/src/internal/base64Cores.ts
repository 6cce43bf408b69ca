const encoder = new TextEncoder()

/**
 * What stays of the base64 of a text whatever stands before and after it: it may start at each of three
 * places in a group.
 */
export const base64Cores = (secret: string): ReadonlyArray<string> => {
  const bytes = encoder.encode(secret)
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
  return [0, 1, 2].map((offset) =>
    btoa(`${"x".repeat(offset)}${binary}`).slice(
      Math.ceil((offset * 8) / 6),
      Math.floor(((offset + bytes.length) * 8) / 6)
    )
  )
}
