import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./freePort.ts"

/** A `redis-server` of one's own on a free port of 127.0.0.1, every write on disk. */
export interface RedisServer {
  readonly url: string
  /** Where its files are. */
  readonly directory: string
  readonly start: () => Promise<void>
  /** With -9, as a crash does. */
  readonly kill: () => Promise<void>
  /** Stops the process where it is, as a machine that hangs does, and lets it go on. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Kills it, and deletes its files. */
  readonly remove: () => Promise<void>
}

/** Until it says that it accepts connections; a rejection if there is no such program, or it ends. */
const launch = (args: ReadonlyArray<string>): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] })
    let log = ""
    child.once("error", reject)
    child.once("exit", () => reject(new Error(`redis-server ended\n${log}`)))
    child.stdout.on("data", (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes("Ready to accept connections")) {
        resolve(child)
      }
    })
  })

export const makeRedis = async (): Promise<RedisServer> => {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-redis-"))
  const port = await freePort()
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir: directory,
    save: "",
    appendonly: "yes",
    appendfsync: "always"
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  let child: ChildProcess | undefined
  const start = async () => {
    child = await launch(args)
  }
  const kill = async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
    }
  }
  const remove = async () => {
    await kill()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    directory,
    start,
    kill,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    remove
  }
}
