import * as Either from "effect/Either"
import { parseArgs } from "node:util"
import type { Kind } from "./place.ts"

/** What the demo is asked for on its command line. */
export interface Asked {
  /** On each store. */
  readonly seconds: number
  readonly processes: number
  readonly stores: ReadonlyArray<Kind>
}

const usage = "npm run demo:fleet -- --seconds 60 --processes 8 --stores SQLite,PostgreSQL,Redis"

/** The arguments of the demo, or what is wrong with them in one line. */
export const parse = (
  args: ReadonlyArray<string>,
  kinds: ReadonlyArray<Kind>
): Either.Either<Asked, string> => {
  const wrong = (what: string) => Either.left(`${what}. Usage: ${usage}`)
  const parsed = Either.try({
    try: () =>
      parseArgs({
        args: [...args],
        options: {
          seconds: { type: "string", default: "60" },
          processes: { type: "string", default: "8" },
          stores: { type: "string", default: kinds.join(",") }
        }
      }).values,
    catch: (error) => (error instanceof Error ? error.message : String(error))
  })
  if (Either.isLeft(parsed)) {
    return wrong(parsed.left.split(". ")[0] ?? "")
  }
  const seconds = Number(parsed.right.seconds)
  if (!Number.isFinite(seconds) || seconds <= 0) {
    return wrong(`--seconds ${parsed.right.seconds} is no number of seconds`)
  }
  const processes = Number(parsed.right.processes)
  if (!Number.isInteger(processes) || processes < 1) {
    return wrong(`--processes ${parsed.right.processes} is no number of processes`)
  }
  const names = parsed.right.stores.split(",").map((name) => name.trim())
  const unknown = names.find((name) => !kinds.some((kind) => kind.toLowerCase() === name.toLowerCase()))
  if (unknown !== undefined) {
    return wrong(`--stores: there is no store "${unknown}" here, but ${kinds.join(", ")}`)
  }
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  return Either.right({
    seconds,
    processes,
    stores: kinds.filter((kind) => wanted.has(kind.toLowerCase()))
  })
}
