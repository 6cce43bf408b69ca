import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import * as Effect from "effect/Effect"

const packageRoot = fileURLToPath(new URL("../..", import.meta.url))

/** The child as one file beside our dependencies, made once: ten that compile themselves would take a minute. */
const bundled = Effect.runSync(
  Effect.cached(
    Effect.promise(async () => {
      const outfile = join(packageRoot, "node_modules/.latchkey-test/child.mjs")
      await build({
        entryPoints: [join(packageRoot, "test/support/child.ts")],
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        target: "node20",
        external: ["effect", "@effect/*", "ioredis", "jose"]
      })
      return outfile
    })
  )
)

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

const start = (child: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const process_ = spawn(process.execPath, [child, ...args], {
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
      const child = yield* bundled
      const children = yield* Effect.all(Array.from({ length: count }, () => start(child, args)))
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
