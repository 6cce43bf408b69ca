import { StoreError } from "@latchkey/core/TokenStore"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/** `ECONNREFUSED`, or the first word of a refusal (`NOAUTH`, `READONLY`): names, never values. */
const codeOf = (error: unknown): string => {
  if (
    Predicate.hasProperty(error, "code") &&
    typeof error.code === "string" &&
    /^[A-Z_]+$/.test(error.code)
  ) {
    return error.code
  }
  const [word = ""] = error instanceof Error ? error.message.split(" ") : []
  return /^[A-Z]{2,20}$/.test(word) ? word : "no connection"
}

const unreachable = (why: string): StoreError =>
  new StoreError({
    reason: "unreachable",
    message: `The token store could not be reached (${why}): check that Redis is running, and that this process may use it.`
  })

const corrupt = new StoreError({
  reason: "corrupt",
  message:
    "The record in Redis is not one of Latchkey's: check that nothing else writes below the prefix, or delete the key."
})

/** Something that is no hash stands where a record should. */
const answerOf = (error: unknown): StoreError => {
  const code = codeOf(error)
  return code === "WRONGTYPE" ? corrupt : unreachable(code)
}

/** One round trip, bounded in time. ioredis' errors carry the command with its arguments: see R15. */
export type Ask = (command: () => Promise<unknown>) => Effect.Effect<unknown, StoreError>

export const asking =
  (timeout: Duration.DurationInput): Ask =>
  (command) =>
    Effect.tryPromise({ try: command, catch: answerOf }).pipe(
      Effect.timeoutFail({ duration: timeout, onTimeout: () => unreachable("no answer in time") })
    )

export { corrupt }
