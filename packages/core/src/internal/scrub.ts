import * as Cause from "effect/Cause"
import { base64Cores } from "./base64Cores.ts"

/** R15: what a base client fails with may hold what it was given to send. */

const redacted = "<redacted>"

/** More than any error of a base client has; what is larger is not searched to its end. */
const maxVisited = 2000

const utf8 = new TextDecoder()
const encoder = new TextEncoder()

/** A lone surrogate cannot be percent-encoded, and is replaced as in a header. */
const wellFormed = (secret: string): string => utf8.decode(encoder.encode(secret))

/** As `application/x-www-form-urlencoded` writes it. */
const formEncoded = (secret: string): string => new URLSearchParams([["", secret]]).toString().slice(1)

/** As a URL writes it that it was put into as it is. */
const inUrl = (secret: string): string => {
  const { hash, search } = new URL(`https://localhost/?${secret}`)
  return search.slice(1) + hash
}

/** The ways in which an error writes what it was given: as it is, within JSON, within a URL or a form. */
const spellings = (secret: string): ReadonlyArray<string> => {
  const encoded = [encodeURIComponent(wellFormed(secret)), formEncoded(secret), inUrl(secret)]
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...encoded,
    ...encoded.map((text) => text.replaceAll(/%../g, (byte) => byte.toLowerCase()))
  ]
}

/** The base64 of a shorter one is part of a word. */
const shortestInBase64 = 8

/** Both alphabets of base64. A digit beside the rest of a secret holds a part of it. */
const inBase64 = (secret: string): ReadonlyArray<string> =>
  secret.length < shortestInBase64
    ? []
    : base64Cores(secret).flatMap((core) => [core, core.replaceAll("+", "-").replaceAll("/", "_")])

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")

const formsOf = (secret: string): ReadonlyArray<string> =>
  spellings(secret)
    .map(escaped)
    .concat(inBase64(secret).map((core) => `[\\w+/-]?${escaped(core)}[\\w+/-]?`))

/** Finds any of these secrets, however it is written. */
const patternOf = (secrets: ReadonlyArray<string>): RegExp | undefined => {
  const forms = new Set(secrets.filter((secret) => secret !== "").flatMap(formsOf))
  // The longest first: one secret may be the beginning of another.
  return forms.size === 0
    ? undefined
    : new RegExp([...forms].sort((one, other) => other.length - one.length).join("|"), "g")
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

/** Their `toString` tells nothing but what properties tell. */
const ordinary = new Set<unknown>([...plain].map((prototype): unknown => Reflect.get(prototype, "toString")))

const inspectSymbol = Symbol.for("nodejs.util.inspect.custom")

/** What a value says of itself to who prints it: it may know more than its properties. */
const printed = (value: object): ReadonlyArray<unknown> => {
  const shown: Array<unknown> = []
  const call = (key: PropertyKey, ...args: ReadonlyArray<unknown>) => {
    const own = run(() => Reflect.get(value, key))
    if (typeof own === "function" && !ordinary.has(own)) {
      shown.push(run((): unknown => Reflect.apply(own, value, args)))
    }
  }
  call("toJSON", "")
  call("toString")
  call(inspectSymbol, 2, { stylize: String }, (part: unknown) => {
    shown.push(part)
    return ""
  })
  return shown
}

const isIterable = (value: object): value is Iterable<unknown> =>
  value instanceof Map ||
  value instanceof Set ||
  value instanceof Headers ||
  value instanceof URLSearchParams ||
  value instanceof FormData

/** What lies below a value, whether it is shown or not. */
const below = (value: object): ReadonlyArray<unknown> => [
  ...properties(value),
  ...printed(value),
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
  const cleanOf = (code: () => unknown): string => {
    const text = run(code)
    return typeof text === "string" ? clean(text) : ""
  }
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
    const error = new Error(cleanOf(() => value.message))
    const cause = run(() => value.cause)
    error.name = cleanOf(() => value.name)
    if (cause !== undefined) {
      error.cause = copy(cause, depth - 1)
    }
    error.stack = cleanOf(() => value.stack)
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
