/**
 * A token store in Redis, over `ioredis`: for processes that share tokens across machines.
 *
 * @since 0.1.0
 */
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { RedisOptions } from "ioredis"
import { asking } from "./internal/asking.ts"
import { connect } from "./internal/connect.ts"
import { makeStore } from "./internal/store.ts"

/**
 * The URL is not one of Redis. Fails the construction of the layer.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>("@latchkey/redis/RedisTokenStore/InvalidUrl")(
  "InvalidUrl",
  {
    /** What is wrong, and what to do about it. Never the URL: there may be a password in it (R15). */
    message: Schema.String
  }
) {}

/**
 * What is used of a client: `Redis` and `Cluster` of `ioredis` are such.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client {
  /** Sends a command by its name. */
  readonly call: (command: string, ...args: Array<string | number>) => Promise<unknown>
}

/**
 * Options of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What all keys start with: records are at `{prefix}:{key}:record`. Default: `latchkey`. */
  readonly prefix?: string | undefined
  /** After how long Redis counts as out of reach, for each command. Default: 3 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Options of {@link layer}: those of the store, and where Redis is.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerOptions extends Options {
  /** `redis://` or `rediss://` (TLS), with user, password and database number where there are any. */
  readonly url: Redacted.Redacted<string>
  /**
   * Further options of the connection: certificates, `family`, `keyPrefix`. Those that would let
   * commands wait for a connection have no effect.
   */
  readonly connection?: RedisOptions | undefined
}

const defaultTimeout: Duration.DurationInput = "3 seconds"

/**
 * Makes a store over a client of the application's own, a `Cluster` for example. Does no call.
 *
 * Atomic, ordered and exclusive across all processes that share the Redis; durable as far as its
 * persistence is set up: with `appendonly yes` and `appendfsync always` a record outlives a crash, with
 * less the last second may be lost. It must not evict keys. Leases are timed by Redis.
 *
 * Give it a client with `enableOfflineQueue: false`: one that queues makes callers wait for `timeout`
 * while Redis is away, and may run what nobody waits for any more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (client: Client, options: Options = {}): TokenStore.Service =>
  makeStore(client, asking(options.timeout ?? defaultTimeout), options.prefix ?? "latchkey")

const checked = (url: Redacted.Redacted<string>): Effect.Effect<Redacted.Redacted<string>, InvalidUrl> =>
  /^rediss?:\/\//i.test(Redacted.value(url)) && URL.canParse(Redacted.value(url))
    ? Effect.succeed(url)
    : Effect.fail(new InvalidUrl({ message: "The URL of Redis must be a redis:// or a rediss:// URL." }))

const scoped = (options: LayerOptions): Effect.Effect<TokenStore.Service, InvalidUrl, Scope.Scope> =>
  Effect.gen(function* () {
    const url = yield* checked(options.url)
    const client = yield* connect(url, options.timeout ?? defaultTimeout, options.connection ?? {})
    return make(client, options)
  })

/**
 * A store on a connection of its own, in the scope of the layer: see {@link make} for what it promises.
 *
 * Redis may be down, now or later: operations fail at once with `unreachable`, and work again when it
 * is back. Building the layer waits for the connection, for at most `timeout`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: LayerOptions): Layer.Layer<TokenStore.TokenStore, InvalidUrl> =>
  Layer.scoped(TokenStore.TokenStore, scoped(options))

/**
 * What {@link layerConfig} reads; every field has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerConfig extends Options {
  /** Default: `REDIS_URL`. */
  readonly url?: Config.Config<Redacted.Redacted<string>> | undefined
  /** Default: none; see {@link LayerOptions}. */
  readonly connection?: RedisOptions | undefined
}

/**
 * {@link layer}, with its URL from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: LayerConfig = {}
): Layer.Layer<TokenStore.TokenStore, InvalidUrl | AuthFlow.InvalidOptions> =>
  Layer.scoped(
    TokenStore.TokenStore,
    Effect.flatMap(
      AuthFlow.fromConfig(
        "redis",
        Effect.all(
          { url: AuthFlow.requiredConfig(config.url ?? Config.redacted("REDIS_URL")) },
          { mode: "validate" }
        )
      ),
      ({ url }) => scoped({ ...config, url })
    )
  )
