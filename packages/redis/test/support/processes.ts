import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"

const child = fileURLToPath(new URL("./child.ts", import.meta.url))

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
  return (): Promise<string> =>
    new Promise((resolve, reject) => {
      const line = lines.shift()
      if (line === undefined) {
        waiting.push({ resolve, reject })
      } else {
        resolve(line)
      }
    })
}

const start = (args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const process_ = spawn(process.execPath, ["--import", "tsx", child, ...args], {
        stdio: ["pipe", "pipe", "pipe"]
      })
      return { process: process_, line: lineReader(process_) }
    }),
    ({ process }) => Effect.sync(() => process.kill("SIGKILL"))
  )

/** The tokens that so many processes get which all ask at the same moment. */
export const tokensOfProcesses = (count: number, args: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const children = yield* Effect.all(Array.from({ length: count }, () => start(args)))
      yield* Effect.promise(() => Promise.all(children.map(({ line }) => line())))
      return yield* Effect.promise(() =>
        Promise.all(
          children.map(({ line, process }) => {
            process.stdin?.write("go\n")
            return line()
          })
        )
      )
    })
  )
