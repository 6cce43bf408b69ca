import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"

/** R15: what a base client fails with may hold what it was given to send. */

const redacted = "<redacted>"

/** More than any error of a base client has; what is larger is not searched to its end. */
const maxVisited = 2000

/** The ways in which an error writes what it was given: as it is, within JSON, within a URL. */
const spellings = (secrets: ReadonlyArray<string>): ReadonlyArray<string> =>
  secrets
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), percentEncoded(secret)])
    .filter((spelling, index, all) => spelling !== "" && all.indexOf(spelling) === index)

/** A lone surrogate cannot be percent-encoded, and is replaced as in a header. */
const percentEncoded = (secret: string): string =>
  encodeURIComponent(new TextDecoder().decode(new TextEncoder().encode(secret)))

/** What lies below a value, whether it is shown or not; a getter is not run. */
const below = (value: object): ReadonlyArray<unknown> => {
  const own = Reflect.ownKeys(value).flatMap((key) => {
    const property = Reflect.getOwnPropertyDescriptor(value, key)
    return [key, property !== undefined && "value" in property ? property.value : undefined]
  })
  // `stack` is a getter in some engines; the fields of these two are hidden.
  const stack = value instanceof Error ? [value.stack] : []
  const request = value instanceof Request ? [value.url, value.headers] : []
  const entries = value instanceof Map || value instanceof Set || value instanceof Headers ? [...value] : []
  return [...own, ...stack, ...request, ...entries]
}

const holds = (root: unknown, found: (text: string) => boolean): boolean => {
  const seen = new Set<unknown>()
  const pending: Array<unknown> = [root]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === "string" && found(next)) {
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
      pending.push(new TextDecoder().decode(next))
    } else {
      pending.push(...below(next))
    }
  }
  return false
}

/** What Node and undici say of a connection, and what our own code goes by. */
const kept = ["code", "errno", "syscall"] as const

/** The same value where it holds none of these secrets, else what can be said without them. */
export const scrub = (value: unknown, secrets: ReadonlyArray<string>): unknown => {
  const spelled = spellings(secrets)
  const found = (text: string) => spelled.some((secret) => text.includes(secret))
  const clean = (text: string) => spelled.reduce((left, secret) => left.replaceAll(secret, redacted), text)
  const copy = (value: unknown, depth: number): unknown => {
    if (!holds(value, found)) {
      return value
    }
    if (typeof value === "string") {
      return clean(value)
    }
    if (!(value instanceof Error) || depth === 0) {
      return new Error(`${redacted}: it held a secret`)
    }
    const error = new Error(clean(value.message))
    const { cause, stack } = value
    error.name = clean(value.name)
    if (cause !== undefined) {
      error.cause = copy(cause, depth - 1)
    }
    if (stack !== undefined) {
      error.stack = clean(stack)
    }
    for (const key of kept) {
      const said = Predicate.hasProperty(value, key) ? value[key] : undefined
      if (typeof said === "number" || (typeof said === "string" && !found(said))) {
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
