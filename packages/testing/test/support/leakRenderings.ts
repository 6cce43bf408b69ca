import * as Cause from "effect/Cause"
import * as Inspectable from "effect/Inspectable"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import { inspect } from "node:util"

type Rendering = (value: unknown) => string | undefined

/** What cannot be written this way (a cycle, a bigint) cannot leak this way, unless what throws tells. */
export const attempt =
  (render: Rendering): Rendering =>
  (value) => {
    try {
      return render(value)
    } catch (error) {
      return String(error)
    }
  }

const ofError =
  (render: (error: Error) => string): Rendering =>
  (value) =>
    value instanceof Error ? render(value) : undefined

const ofCause =
  (render: (cause: Cause.Cause<unknown>) => string): Rendering =>
  (value) =>
    Cause.isCause(value) ? render(value) : undefined

/** The errors of a cause are shown by themselves as well. */
const ofOther =
  (render: Rendering): Rendering =>
  (value) =>
    Cause.isCause(value) ? undefined : render(value)

const everything = {
  depth: Number.POSITIVE_INFINITY,
  maxArrayLength: Number.POSITIVE_INFINITY,
  maxStringLength: Number.POSITIVE_INFINITY,
  showHidden: true
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** A getter may throw, as those of a prototype do. */
const read = (holder: object, key: PropertyKey): unknown => {
  try {
    return Reflect.get(holder, key)
  } catch {
    return undefined
  }
}

interface Walk {
  readonly text: string
  /** How many objects were met. */
  readonly size: number
}

/** More than anything that we hand out is made of. */
const maxWalked = 50_000

/**
 * Every own and inherited property, one by one: what a serializer of another make would read. Each object
 * is met once, so that a graph of any shape takes time by its size; functions are code, and their
 * closures no surface.
 */
const walk = (value: unknown): Walk => {
  const seen = new Set<unknown>()
  const lines: Array<string> = []
  const pending: Array<unknown> = [value]
  while (pending.length > 0) {
    const current = pending.pop()
    if (typeof current === "string") {
      lines.push(current)
    }
    if (!isObject(current) || seen.has(current)) {
      continue
    }
    if (seen.size > maxWalked) {
      throw new Error("there is no end to what was handed out: it reaches what is not ours")
    }
    seen.add(current)
    if (ArrayBuffer.isView(current)) {
      lines.push(Buffer.from(current.buffer, current.byteOffset, current.byteLength).toString())
      continue
    }
    if (current instanceof Map || current instanceof Set) {
      pending.push(...current)
    }
    for (let holder: unknown = current; isObject(holder) && !plain.has(holder);) {
      for (const key of Reflect.ownKeys(holder)) {
        pending.push(String(key), read(current, key))
      }
      holder = Object.getPrototypeOf(holder)
    }
  }
  return { text: lines.join("\n"), size: seen.size }
}

/** Prototypes that hold nothing of anybody's. */
const plain = new Set<unknown>([
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Error.prototype
])

/**
 * `util.inspect` prints what is reached by two ways twice, and so on with what lies below: on a graph as
 * large as that of a manager it would not end. Those are inspected so deep, and walked to their end.
 */
const inspected = (value: unknown, rest: object): string => {
  const small = walk(value).size <= 500
  return inspect(value, small ? { ...everything, ...rest } : { ...everything, ...rest, depth: 6 })
}

/** Every way in which a value becomes a text; what does not suit it gives none. */
const renderings: { readonly [name: string]: Rendering } = {
  String: ofOther((value) => String(value)),
  toString: ofOther((value) => {
    const own: unknown = Predicate.hasProperty(value, "toString") ? value.toString : undefined
    return Predicate.isFunction(own) ? String(Reflect.apply(own, value, [])) : undefined
  }),
  "JSON.stringify": (value) => JSON.stringify(value),
  "Inspectable.format": ofOther((value) => Inspectable.format(value)),
  toStringUnknown: ofOther((value) => Inspectable.toStringUnknown(value)),
  "util.inspect": (value) => inspected(value, { getters: true }),
  "util.inspect without custom": ofOther((value) => inspected(value, { customInspect: false })),
  properties: (value) => walk(value).text,
  "error.stack": ofError((error) => String(error.stack)),
  // As an RPC server or a job queue reports it.
  "error as JSON": ofError((error) =>
    JSON.stringify({ ...error, name: error.name, message: error.message, stack: error.stack })
  ),
  "Cause.pretty": ofCause((cause) => Cause.pretty(cause)),
  "Cause.pretty with causes": ofCause((cause) => Cause.pretty(cause, { renderErrorCause: true })),
  "Cause.prettyErrors": ofCause((cause) => inspect(Cause.prettyErrors(cause), everything)),
  // What a promise rejects with.
  FiberFailure: ofCause((cause) => {
    const failure = Runtime.makeFiberFailure(cause)
    return `${String(failure)}\n${JSON.stringify(failure)}\n${inspect(failure, everything)}`
  })
}

/** The names of all renderings. */
export const renderingNames: ReadonlyArray<string> = Object.keys(renderings)

/** What tells an error or a cause from others of its kind; other values are met seldom. */
export const signature = (value: unknown): string | undefined => {
  const errors = Cause.isCause(value)
    ? [...Cause.failures(value), ...Cause.defects(value)]
    : value instanceof Error
      ? [value]
      : undefined
  const json = attempt((value) => JSON.stringify(value))
  return (
    errors &&
    `signature: ${Object.prototype.toString.call(value)} ${json(value)} ${errors.map(String).join()}`
  )
}

/** Cheap, and they see all that is there to be seen of a value that looks like one seen before. */
const brief = new Set(["JSON.stringify", "properties"])

/** The texts of a value, and of the chain of causes below it. */
export function* texts(
  value: unknown,
  how: "briefly" | "fully"
): Generator<readonly [rendering: string, text: string]> {
  if (!isObject(value) && typeof value !== "function") {
    yield ["String", String(value)]
    return
  }
  let current: unknown = value
  for (let depth = 0; depth < 6 && current !== undefined; depth++) {
    for (const [name, render] of Object.entries(renderings)) {
      const text = how === "fully" || brief.has(name) ? attempt(render)(current) : undefined
      if (text !== undefined) {
        yield [`${name}${" of its cause".repeat(depth)}`, text]
      }
    }
    current = current instanceof Error ? current.cause : undefined
  }
}
