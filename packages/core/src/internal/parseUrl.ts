/** An absolute URL, or none. Not by `URL.canParse`: Node 20's errs on hosts beyond ASCII once it is optimized. */
export const parseUrl = (value: string): URL | undefined => {
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}
