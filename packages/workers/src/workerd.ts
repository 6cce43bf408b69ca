import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { build } from "esbuild"

const { resolve } = createRequire(import.meta.url)

/** The binary that the package of this platform holds; throws where there is none. */
const binary = (): string => {
  const main = resolve("workerd")
  const path: unknown = createRequire(main)(main).default
  if (typeof path !== "string") {
    throw new TypeError("the package workerd names no binary")
  }
  return path
}

/** Why workerd cannot run here; undefined where it can. */
export const problem = async (): Promise<string | undefined> => {
  try {
    await promisify(execFile)(binary(), ["--version"])
    return undefined
  } catch (error) {
    return `It does not start: ${String(error)}.`
  }
}

/** A text of Cap'n Proto, which JSON's escapes suit as well. */
const text = (value: string): string => JSON.stringify(value)

/**
 * One worker at a free port of 127.0.0.1, which can reach nothing but loopback, by the oldest compatibility date
 * with which a promise resumes in the request that made it.
 */
const config = (bindings: Readonly<Record<string, string>>): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2024-10-14",
      bindings = [${Object.entries(bindings)
        .map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)
        .join(", ")}],
      globalOutbound = "loopback"
    )),
    (name = "loopback", network = (allow = ["local"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")]
);
`

/** The port that workerd says it listens at, on the descriptor that it was given for it. */
const portOf = async (workerd: ChildProcess, complaints: () => string): Promise<number> => {
  const control = workerd.stdio[3]
  if (control === undefined || control === null) {
    throw new Error("workerd was not given a descriptor to say its port on")
  }
  let said = ""
  const ended = once(workerd, "exit").then(() => undefined)
  for (;;) {
    const [chunk] = (await Promise.race([once(control, "data"), ended])) ?? []
    if (chunk === undefined) {
      throw new Error(`workerd did not start:\n${complaints()}`)
    }
    said += String(chunk)
    const port = /"event":"listen".*"port":(\d+)/.exec(said)?.[1]
    if (port !== undefined) {
      return Number(port)
    }
  }
}

export interface Worker {
  /** Its origin, without a slash at the end. */
  readonly url: string
  /** What it has complained about so far. */
  readonly complaints: () => string
  readonly stop: () => Promise<void>
}

/** Bundles a worker and starts it in a workerd of its own. */
export const start = async (worker: string, bindings: Readonly<Record<string, string>>): Promise<Worker> => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-workerd-"))
  await build({
    entryPoints: [worker],
    outfile: join(folder, "worker.mjs"),
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers"],
    logLevel: "error"
  })
  await writeFile(join(folder, "config.capnp"), config(bindings))
  let complaints = ""
  const workerd = spawn(binary(), ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "pipe", "pipe", "pipe"]
  })
  for (const stream of [workerd.stdout, workerd.stderr]) {
    stream?.on("data", (chunk: Uint8Array) => {
      complaints += String(chunk)
    })
  }
  const stop = async (): Promise<void> => {
    if (workerd.exitCode === null && workerd.signalCode === null) {
      const exit = once(workerd, "exit")
      workerd.kill("SIGKILL")
      await exit
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const port = await portOf(workerd, () => complaints)
    return { url: `http://127.0.0.1:${port}`, complaints: () => complaints, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
