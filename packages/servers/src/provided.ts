import { inject } from "vitest"

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of a Redis; empty where there is none. */
    readonly redis: string
    /** The URL of a PostgreSQL; empty where there is none. */
    readonly postgres: string
  }
}

/** What the global setups started for all tests; empty where it cannot be had, which they have said aloud. */
export const redisUrl = (): string => inject("redis")

export const postgresUrl = (): string => inject("postgres")

/** The stores that can be had here. */
export const available = () => ({
  SQLite: true,
  PostgreSQL: postgresUrl() !== "",
  Redis: redisUrl() !== ""
})
