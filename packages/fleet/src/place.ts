import { createClient } from "@libsql/client"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makePostgres } from "./servers/postgres.ts"
import { startProxy } from "./servers/proxy.ts"
import { makeRedis } from "./servers/redis.ts"

/** The stores that processes share. */
export const kinds = ["SQLite", "PostgreSQL", "Redis"] as const

export type Kind = (typeof kinds)[number]

/** Where the tokens of a fleet are: a real server, or a file. */
export interface Place {
  readonly kind: Kind
  /** What processes open it by; see `storeOf`. */
  readonly url: string
  /** Where its files are. */
  readonly directory: string
  /** Puts it out of everybody's reach, and back. */
  readonly cut: () => Promise<void>
  readonly mend: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Of 5 ms and more: longer than any of the fleet writes. */
const maxTries = 500

const sqlite = async (): Promise<Place> => {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-fleet-"))
  const url = `file:${join(directory, "tokens.db")}`
  const locker = createClient({ url })
  let lock: Awaited<ReturnType<typeof locker.transaction>> | undefined
  const mend = async () => {
    await lock?.rollback()
    lock?.close()
    lock = undefined
  }
  return {
    kind: "SQLite",
    url,
    directory,
    // There is no network to cut. Somebody who holds the write lock has the same effect on all others.
    cut: async () => {
      for (let tries = 0; lock === undefined; tries++) {
        try {
          lock = await locker.transaction("write")
        } catch (error) {
          // Busy: one of the fleet is writing just now.
          if (tries === maxTries) {
            throw error
          }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
    },
    mend,
    close: async () => {
      await mend()
      locker.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const overNetwork = async (
  kind: Kind,
  server: { readonly url: string; readonly directory: string; readonly remove: () => Promise<void> }
): Promise<Place> => {
  const direct = new URL(server.url)
  const proxy = await startProxy(Number(direct.port))
  return {
    kind,
    url: server.url.replace(`:${direct.port}`, `:${proxy.port}`),
    directory: server.directory,
    cut: async () => proxy.cut(),
    mend: async () => proxy.mend(),
    close: async () => {
      await proxy.close()
      await server.remove()
    }
  }
}

/** An empty one on this machine, gone when it is closed. */
export const startPlace = async (kind: Kind): Promise<Place> => {
  switch (kind) {
    case "SQLite":
      return sqlite()
    case "PostgreSQL":
      return overNetwork(kind, await makePostgres())
    case "Redis":
      return overNetwork(kind, await makeRedis())
  }
}
