import { globalValue } from "effect/GlobalValue"

/** How many warnings are remembered as given; the oldest is forgotten first. */
const mostWarned = 256

/** How many managers without a store live for each key. Global: two copies of this package count together. */
const live = globalValue(Symbol.for("@latchkey/core/liveManagers"), () => new Map<string, number>())
const warned = globalValue(Symbol.for("@latchkey/core/warnings"), () => new Set<string>())

/** Whether a person is told of it for the first time: a layer for each request makes thousands of managers. */
export const isNews = (warning: string): boolean => {
  if (warned.has(warning)) {
    return false
  }
  for (const oldest of warned.size < mostWarned ? [] : warned) {
    warned.delete(oldest)
    break
  }
  warned.add(warning)
  return true
}

/** A manager without a store was made. True: it is not the only one of its key. */
export const enter = (key: string): boolean => {
  const count = (live.get(key) ?? 0) + 1
  live.set(key, count)
  return count > 1
}

/** The scope of one that had entered was closed. */
export const leave = (key: string): void => {
  const count = (live.get(key) ?? 0) - 1
  if (count > 0) {
    live.set(key, count)
  } else {
    live.delete(key)
  }
}
