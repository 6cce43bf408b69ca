import { globalValue } from "effect/GlobalValue"

/** How many keys are remembered as warned of; the oldest is forgotten first. */
const mostWarned = 256

/** How many managers without a store live for each key. Global: two copies of this package count together. */
const live = globalValue(Symbol.for("@latchkey/core/liveManagers"), () => new Map<string, number>())
const warned = globalValue(Symbol.for("@latchkey/core/warnedKeys"), () => new Set<string>())

/** A manager without a store was made. True: it is not the only one of its key, and nobody was told of that. */
export const enter = (key: string): boolean => {
  const count = (live.get(key) ?? 0) + 1
  live.set(key, count)
  if (count < 2 || warned.has(key)) {
    return false
  }
  for (const oldest of warned.size < mostWarned ? [] : warned) {
    warned.delete(oldest)
    break
  }
  warned.add(key)
  return true
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
