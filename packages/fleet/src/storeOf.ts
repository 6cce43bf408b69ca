import type * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The store of a URL: `file:` is SQLite's, `postgres:` PostgreSQL's, `redis:` Redis's. A process loads
 * the client that it needs and no other: there are a hundred of them.
 */
export const storeOf = (url: string): Layer.Layer<TokenStore.TokenStore> =>
  Layer.unwrapEffect(
    Effect.promise(async () => {
      switch (new URL(url).protocol) {
        case "redis:":
          return (await import("./stores/redis.ts")).redis(url)
        case "file:":
          return (await import("./stores/sqlite.ts")).sqlite(url)
        default:
          return (await import("./stores/postgres.ts")).postgres(url)
      }
    })
  )
