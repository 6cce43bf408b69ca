import { fork, type ChildProcess } from "node:child_process"
import { bundle } from "./build.ts"
import type { Round } from "./Measure.ts"

/** The provider, listening. */
export interface Server {
  readonly url: string
  readonly stop: () => void
}

const firstMessage = (child: ChildProcess, what: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once("message", resolve)
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`${what} ended with ${code} and said nothing`)))
  })

export const startServer = async (): Promise<Server> => {
  const child = fork(await bundle("server"), [], { execArgv: ["--max-semi-space-size=32"] })
  const port = await firstMessage(child, "the server")
  return { url: `http://127.0.0.1:${Number(port)}`, stop: () => child.disconnect() }
}

const flags = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64", "--no-warnings"]

/** Runs one measure of one contender in a process of its own. */
export const runChild = async (
  file: string,
  args: ReadonlyArray<string>,
  timeout: number = 60_000
): Promise<Round> => {
  const child = fork(file, args, { execArgv: flags, stdio: ["ignore", "ignore", "inherit", "ipc"] })
  const timer = setTimeout(() => child.kill("SIGKILL"), timeout)
  try {
    const text = String(await firstMessage(child, args.join(" ")))
    const round: Round = JSON.parse(text)
    return round
  } finally {
    clearTimeout(timer)
  }
}
