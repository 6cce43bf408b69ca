import type { Kind } from "./place.ts"

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined

/** Why a store cannot be had on this machine, and what to do about it; undefined: it failed otherwise. */
export const unavailable = (store: Kind, error: unknown): string | undefined => {
  if (store === "Redis" && codeOf(error) === "ENOENT" && String(error).includes("redis-server")) {
    return "the program redis-server is not installed. On Debian: apt-get install redis-server"
  }
  if (store === "PostgreSQL" && codeOf(error) === "ERR_MODULE_NOT_FOUND") {
    return "there is no PostgreSQL for this machine among the installed packages. Run: npm run bootstrap"
  }
  return undefined
}
