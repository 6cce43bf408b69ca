import { spawn } from "node:child_process"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { bundle } from "./bundle.ts"
import { Question } from "./question.ts"

/** Lines of its output, awaited one by one; a rejection if it ends before. */
const lineReader = (child: ChildProcessWithoutNullStreams): Effect.Effect<string> => {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let errors = ""
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
  return Effect.promise(async () => {
    const next = await lines.next()
    if (next.done === true) {
      throw new Error(`the process ended\n${errors}`)
    }
    return next.value
  })
}

/** A process that wants a token: killed, if it still runs, when the scope closes. */
const startAsker = (question: typeof Question.Type) =>
  Effect.gen(function* () {
    const program = yield* Effect.promise(() => bundle("asker"))
    const argument = yield* Effect.orDie(Schema.encode(Question)(question))
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [program, argument], { stdio: "pipe" })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    return {
      line: lineReader(child),
      ask: Effect.sync(() => child.stdin.write("go\n")),
      /** Stops the process where it is, as a machine that hangs does, and lets it go on. */
      freeze: Effect.sync(() => child.kill("SIGSTOP")),
      thaw: Effect.sync(() => {
        child.kill("SIGCONT")
        child.stdin.write("go on\n")
      })
    }
  })

/** Starts processes that want a token, each up to the point where it only has to ask. */
export const startAskers = (count: number, question: typeof Question.Type) =>
  // Not all at once: what they do until they are ready is nobody's business.
  Effect.all(
    Array.from({ length: count }, () =>
      Effect.tap(startAsker(question), ({ line }) =>
        Effect.filterOrDieMessage(line, (said) => said === "ready", "it said something else first")
      )
    ),
    { concurrency: 4 }
  )
