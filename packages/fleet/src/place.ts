import * as PgClient from "@effect/sql-pg/PgClient"
import { createClient, LibsqlError } from "@libsql/client"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Redis } from "ioredis"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makePostgres } from "@latchkey/servers/postgres"
import { startProxy } from "@latchkey/servers/proxy"
import { makeRedis } from "@latchkey/servers/redis"

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
  /** Lets all leases end by as many milliseconds earlier, as if its clock were set forward. */
  readonly forward: (millis: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Tries again while SQLite is busy: one of the fleet is writing just now, or it is cut off. */
const patiently = async <A>(write: () => Promise<A>): Promise<A> => {
  while (true) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof LibsqlError && error.code.startsWith("SQLITE_BUSY"))) {
        throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

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
      lock ??= await patiently(() => locker.transaction("write"))
    },
    mend,
    forward: async (millis) => {
      await patiently(() =>
        locker.execute({
          sql: "update latchkey_leases set expires_at = expires_at - ?",
          args: [millis]
        })
      )
    },
    close: async () => {
      await mend()
      locker.close()
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

const overNetwork = async (
  kind: Kind,
  server: { readonly url: string; readonly directory: string; readonly remove: () => Promise<void> },
  forward: (url: string, millis: number) => Promise<void>
): Promise<Place> => {
  const direct = new URL(server.url)
  const proxy = await startProxy(Number(direct.port))
  return {
    kind,
    url: server.url.replace(`:${direct.port}`, `:${proxy.port}`),
    directory: server.directory,
    cut: async () => proxy.cut(),
    mend: async () => proxy.mend(),
    forward: (millis) => forward(server.url, millis),
    close: async () => {
      await proxy.close()
      await server.remove()
    }
  }
}

const forwardPostgres = (url: string, millis: number): Promise<void> =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`update latchkey_leases
      set expires_at = expires_at - ${millis}::double precision * interval '1 millisecond'`
  ).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url), connectTimeout: "5 minutes" })),
    Effect.asVoid,
    Effect.runPromise
  )

const forwardRedis = async (url: string, millis: number): Promise<void> => {
  const redis = new Redis(url)
  try {
    for (const key of await redis.keys("fleet:*:lease")) {
      const left = await redis.pttl(key)
      if (left > 0) {
        await redis.pexpire(key, left - millis)
      }
    }
  } finally {
    redis.disconnect()
  }
}

/** An empty one on this machine, gone when it is closed. */
export const startPlace = async (kind: Kind): Promise<Place> => {
  switch (kind) {
    case "SQLite":
      return sqlite()
    case "PostgreSQL":
      return overNetwork(kind, await makePostgres(), forwardPostgres)
    case "Redis":
      return overNetwork(kind, await makeRedis(), forwardRedis)
  }
}
