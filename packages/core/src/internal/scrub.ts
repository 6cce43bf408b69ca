import * as Cause from "effect/Cause"
import { base64Cores } from "./base64Cores.ts"
import { hex } from "./hex.ts"

/** R15: what a base client fails with may hold what it was given to send. */

const redacted = "<redacted>"

/** More than any error of a base client has; what is larger is not searched to its end. */
const maxVisited = 2000

const utf8 = new TextDecoder()
const encoder = new TextEncoder()

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** A sign of a secret as it is, within JSON, and within a URL or a form, whichever signs those leave as they are. */
const signPattern = (sign: string): string =>
  `(?:${escaped(sign)}|${escaped(JSON.stringify(sign).slice(1, -1))}|${hex(encoder.encode(sign)).replaceAll(/../g, "%$&")}${sign === " " ? "|\\+" : ""})`

/** The base64 of a shorter one is part of a word. */
const shortestInBase64 = 8

/** All ways in which an error writes a secret; of its base64, with the digits that hold a part of it as well. */
const patterns = (secret: string): ReadonlyArray<string> => [
  secret.replaceAll(/[^a-z0-9]/giu, signPattern),
  ...(secret.length < shortestInBase64 ? [] : base64Cores(secret)).map(
    (core) => `[\\w+/-]?${core.replaceAll("+", "[+-]").replaceAll("/", "[/_]")}[\\w+/-]?`
  )
]

/** Finds any of these secrets. The longest first: one may be the beginning of another. */
const patternOf = (secrets: ReadonlyArray<string>): RegExp | undefined => {
  const all = secrets.filter((secret) => secret !== "").flatMap(patterns)
  return all.length === 0
    ? undefined
    : new RegExp(all.sort((one, other) => other.length - one.length).join("|"), "gi")
}

/** Runs what an error brings; what it throws is shown as well. A promise that it makes is nobody's. */
const run = (code: () => unknown): unknown => {
  try {
    const value = code()
    if (value instanceof Promise) {
      value.catch(() => undefined)
    }
    return value
  } catch (thrown) {
    return thrown
  }
}

/** Prototypes that hold nothing of anybody's. */
const plain = new Set<object>([Object.prototype, Array.prototype, Error.prototype])

/** Own properties, shown or not, and those that the classes of a value give it, getters included. */
const properties = (value: object): ReadonlyArray<unknown> => {
  const found: Array<unknown> = []
  for (let holder: object | null = value; holder !== null && !plain.has(holder);) {
    for (const key of Reflect.ownKeys(holder)) {
      found.push(
        String(key),
        run((): unknown => Reflect.get(value, key))
      )
    }
    holder = Reflect.getPrototypeOf(holder)
  }
  return found
}

const inspectSymbol = Symbol.for("nodejs.util.inspect.custom")

/** What a value says of itself to who prints it: it may know more than its properties. */
const printed = (value: object): ReadonlyArray<unknown> => {
  const shown: Array<unknown> = []
  const call = (key: PropertyKey, ...args: ReadonlyArray<unknown>) =>
    run(() => {
      const own: unknown = Reflect.get(value, key)
      if (typeof own === "function") {
        shown.push(run((): unknown => Reflect.apply(own, value, args)))
      }
    })
  call("toJSON")
  call("toString")
  call(inspectSymbol, 2, { stylize: String }, (part: unknown) => {
    shown.push(part)
    return ""
  })
  return shown
}

const isIterable = (value: object): value is Iterable<unknown> =>
  value instanceof Map || value instanceof Set || value instanceof Headers || value instanceof FormData

/** What lies below a value, whether it is shown or not. */
const below = (value: object): ReadonlyArray<unknown> => [
  ...properties(value),
  // The text of an array is made of those of what is in it, over and over.
  ...(Array.isArray(value) ? [] : printed(value)),
  ...(isIterable(value) ? value : []),
  // A getter of some engines' own prototype.
  ...(value instanceof Error ? [run(() => value.stack)] : [])
]

const holds = (root: unknown, secret: RegExp): boolean => {
  const seen = new Set<unknown>()
  const pending: Array<unknown> = [root]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === "string" && next.search(secret) !== -1) {
      return true
    }
    if (typeof next !== "object" || next === null || seen.has(next)) {
      continue
    }
    if (seen.size === maxVisited) {
      return true
    }
    seen.add(next)
    if (ArrayBuffer.isView(next)) {
      pending.push(utf8.decode(next))
    } else {
      const found = run(() => below(next))
      pending.push(...(Array.isArray(found) ? found : [found]))
    }
  }
  return false
}

/** What Node and undici say of a connection, and what our own code goes by. */
const kept = ["code", "errno", "syscall"] as const

/** The same value where it holds none of these secrets, else what can be said without them. */
export const scrub = (value: unknown, secrets: ReadonlyArray<string>): unknown => {
  const secret = patternOf(secrets)
  if (secret === undefined) {
    return value
  }
  const clean = (text: string) => text.replaceAll(secret, redacted)
  const copy = (value: unknown, depth: number): unknown => {
    if (!holds(value, secret)) {
      return value
    }
    if (typeof value === "string") {
      return clean(value)
    }
    if (!(value instanceof Error) || depth === 0) {
      return new Error(`${redacted}: it held a secret`)
    }
    const cleaned = (key: "message" | "name" | "stack"): string => {
      const text = run(() => value[key])
      return typeof text === "string" ? clean(text) : ""
    }
    const error = new Error(cleaned("message"))
    const cause = run(() => value.cause)
    error.name = cleaned("name")
    if (cause !== undefined) {
      error.cause = copy(cause, depth - 1)
    }
    error.stack = cleaned("stack")
    for (const key of kept) {
      const said = run(() => Reflect.get(value, key))
      if (typeof said === "number" || (typeof said === "string" && said.search(secret) === -1)) {
        Object.assign(error, { [key]: said })
      }
    }
    return error
  }
  return copy(value, 5)
}

/** A cause with its errors replaced, and its defects scrubbed. */
export const scrubCause = <E, E2>(
  cause: Cause.Cause<E>,
  secrets: ReadonlyArray<string>,
  onFail: (error: E) => E2
): Cause.Cause<E2> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error): Cause.Cause<E2> => Cause.fail(onFail(error)),
    onDie: (defect) => Cause.die(scrub(defect, secrets)),
    onInterrupt: Cause.interrupt,
    onParallel: Cause.parallel,
    onSequential: Cause.sequential
  })
