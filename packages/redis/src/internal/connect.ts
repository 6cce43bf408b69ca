import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import type { RedisOptions } from "ioredis"

/** Whoever is in want of Redis hears so at once, instead of queueing up behind a connection that may never come. */
const failFast: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // After a failover the old primary still answers, and refuses every write.
  reconnectOnError: (error) => error.message.startsWith("READONLY")
}

/**
 * A connection of this scope. One that cannot be made is no failure: it is tried again for as long as
 * the scope lives.
 */
export const connect = (
  url: Redacted.Redacted<string>,
  timeout: Duration.DurationInput,
  options: RedisOptions
): Effect.Effect<Redis, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const millis = Duration.toMillis(timeout)
      const client = new Redis(Redacted.value(url), {
        connectTimeout: millis,
        // A connection on which nothing comes back for so long is dead.
        socketTimeout: millis * 2,
        keepAlive: 10_000,
        ...options,
        ...failFast
      })
      // Otherwise ioredis writes it to the console; whoever asks next gets a StoreError.
      client.on("error", () => {})
      return client
    }),
    (client) => Effect.sync(() => client.disconnect())
  ).pipe(
    Effect.tap((client) =>
      Effect.tryPromise(() => client.connect()).pipe(Effect.timeoutOption(timeout), Effect.ignore)
    )
  )
