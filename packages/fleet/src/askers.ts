import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { bundle } from "./bundle.ts"
import { Question } from "./question.ts"

/** Lines of its output, awaited one by one; a rejection if it ends before. */
const lineReader = (process: ChildProcess) => {
  const lines: Array<string> = []
  const waiting: Array<{ resolve: (line: string) => void; reject: (error: Error) => void }> = []
  let rest = ""
  let errors = ""
  process.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()))
  process.stdout?.on("data", (chunk: Buffer) => {
    rest += chunk.toString()
    const parts = rest.split("\n")
    rest = parts.pop() ?? ""
    for (const line of parts) {
      const next = waiting.shift()
      if (next === undefined) {
        lines.push(line)
      } else {
        next.resolve(line)
      }
    }
  })
  process.once("close", (code) => {
    for (const { reject } of waiting.splice(0)) {
      reject(new Error(`the process ended with ${code}\n${errors}`))
    }
  })
  return Effect.promise(
    () =>
      new Promise<string>((resolve, reject) => {
        const line = lines.shift()
        if (line === undefined) {
          waiting.push({ resolve, reject })
        } else {
          resolve(line)
        }
      })
  )
}

let bundled: Promise<string> | undefined

/** A process that wants a token: killed, if it still runs, when the scope closes. */
const startAsker = (question: typeof Question.Type) =>
  Effect.gen(function* () {
    const program = yield* Effect.promise(() => (bundled ??= bundle("asker")))
    const argument = yield* Effect.orDie(Schema.encode(Question)(question))
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [program, argument], { stdio: ["pipe", "pipe", "pipe"] })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    return {
      line: lineReader(child),
      ask: Effect.sync(() => child.stdin.write("go\n")),
      /** Stops the process where it is, as a machine that hangs does, and lets it go on. */
      freeze: Effect.sync(() => child.kill("SIGSTOP")),
      thaw: Effect.sync(() => child.kill("SIGCONT"))
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
