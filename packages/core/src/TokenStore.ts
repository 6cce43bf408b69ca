/**
 * Where tokens outlive a manager: in memory, or in anything that `KeyValueStore` reaches.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as Path from "@effect/platform/Path"
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TokenSet from "./TokenSet.ts"
import { directoryStore } from "./internal/directory.ts"
import { makeLeases } from "./internal/leases.ts"
import { makeSeal } from "./internal/seal.ts"
import { provideSharing } from "./internal/shareRegistry.ts"
import { shareOver } from "./internal/sharing.ts"
import { StoreError } from "./internal/storeError.ts"
import { flawOf } from "./internal/tokenSetFlaw.ts"

/**
 * The mark of a {@link Service}.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@latchkey/core/TokenStore")

/**
 * The type of {@link TypeId}.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A store could not do what it was asked. `unreachable`: try again. `corrupt`: the record is there
 * and cannot be read. `locked`: the record is encrypted, and none of the keys opens it. A record that
 * cannot be read is left as it is.
 *
 * @since 0.1.0
 * @category errors
 */
export { StoreError }

/**
 * A token set as a store holds it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stored {
  readonly tokens: TokenSet.TokenSet
  /** Positive, and greater than every version that the key had before. */
  readonly version: number
}

/**
 * The outcome of a save: written, or refused because the record is not at the expected version.
 *
 * @since 0.1.0
 * @category models
 */
export type Saved = Data.TaggedEnum<{
  Written: { readonly version: number }
  Conflict: { readonly current: Option.Option<Stored> }
}>

/**
 * Constructors and matchers of {@link Saved}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Saved = Data.taggedEnum<Saved>()

/**
 * The right, held by one owner at a time, to mint for one key (R13).
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  /** Extends it by its full time to live. False: it was lost, and another may hold it. */
  readonly renew: Effect.Effect<boolean, StoreError>
  /** Gives it back, if it is still ours. */
  readonly release: Effect.Effect<void, StoreError>
}

/**
 * A token store. What every implementation guarantees:
 *
 * - Atomic: `save` compares the version and writes in one step; a reader sees the old or the new
 *   record, never a mixture.
 * - Ordered: versions of a key only grow, also across `remove`.
 * - Exclusive: until its time to live ends, a lease that was granted is granted to nobody else. An
 *   owner that outlived its lease can neither renew nor release another's.
 * - Durable: when `save` succeeds, the record outlives what the store's own documentation says.
 *
 * `shared` tells whether these hold across processes too. All methods may be interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly [TypeId]: TypeId
  /** What `status` of a manager calls it, such as `Redis`. */
  readonly name?: string | undefined
  /** Whether its records end with the process. Default: false. */
  readonly volatile?: boolean | undefined
  /** Whether processes that share this store exclude each other by its leases. */
  readonly shared: boolean
  /** The record of a key, if there is one. */
  readonly load: (key: string) => Effect.Effect<Option.Option<Stored>, StoreError>
  /** Writes if the record is at `expectedVersion` (0: there is none). */
  readonly save: (
    key: string,
    tokens: TokenSet.TokenSet,
    expectedVersion: number
  ) => Effect.Effect<Saved, StoreError>
  /** Forgets a key. */
  readonly remove: (key: string) => Effect.Effect<void, StoreError>
  /** Takes the lease of a key, if nobody holds it; does not wait. */
  readonly lease: (
    key: string,
    timeToLive: Duration.DurationInput
  ) => Effect.Effect<Option.Option<Lease>, StoreError>
}

/**
 * The store of token sets. Optional: a manager that finds none in its context keeps its tokens in
 * its own memory.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenStore extends Context.Tag("@latchkey/core/TokenStore")<TokenStore, Service>() {}

// Whoever has a store has this module, for its tag; the managers of those who have none stay small.
provideSharing(shareOver)

/** What a manager would refuse is no record: it was not written by one. */
const Sound = TokenSet.TokenSet.pipe(Schema.filter((tokens) => flawOf(tokens) === undefined))

/** The form of a record in a store that keeps text. The tokens stand in it in plain. */
const Record = Schema.parseJson(
  Schema.Struct({ version: Schema.Int.pipe(Schema.positive()), tokens: Schema.NullOr(Sound) })
)

const encodeRecord = Schema.encode(Record)
const decodeRecord = Schema.decodeUnknown(Record)

const corrupt = new StoreError({
  reason: "corrupt",
  message: "The stored record is not one of Latchkey's: check that nothing else writes the key, or remove it."
})

const unreachable = new StoreError({
  reason: "unreachable",
  message: "The token store could not be reached: check that it is running and that this process may use it."
})

/** What a `KeyValueStore` fails with, or dies of, may repeat a record: it must not travel on (R15). */
const reached = <A, E>(operation: Effect.Effect<A, E>): Effect.Effect<A, StoreError> =>
  operation.pipe(
    Effect.mapError(() => unreachable),
    Effect.catchAllDefect(() => Effect.fail(unreachable))
  )

const TokensText = Schema.parseJson(Sound)
const encodeTokensText = Schema.encode(TokensText)
const decodeTokensText = Schema.decode(TokensText)

/**
 * A token set as text, for a store that keeps text. The tokens stand in it in plain: it goes into the
 * store and nowhere else (R15).
 *
 * @since 0.1.0
 * @category codecs
 */
export const encodeTokens = (tokens: TokenSet.TokenSet): Effect.Effect<string, StoreError> =>
  Effect.mapError(encodeTokensText(tokens), () => corrupt)

/**
 * The token set of a text that {@link encodeTokens} made; `corrupt` if it did not, and without a word of
 * what the text is.
 *
 * @since 0.1.0
 * @category codecs
 */
export const decodeTokens = (text: string): Effect.Effect<TokenSet.TokenSet, StoreError> =>
  // A ParseError repeats the record: it must not travel on (R15).
  Effect.mapError(decodeTokensText(text), () => corrupt)

interface Entry {
  readonly tokens: TokenSet.TokenSet | undefined
  readonly version: number
}

const stored = (entry: Entry | undefined): Option.Option<Stored> =>
  entry?.tokens === undefined ? Option.none() : Option.some({ tokens: entry.tokens, version: entry.version })

const versionOf = (current: Option.Option<Stored>): number =>
  Option.match(current, { onNone: () => 0, onSome: (record) => record.version })

/**
 * A store in the memory of this process. Its records last as long as it does; its leases hold
 * between the managers that share it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory: Effect.Effect<Service> = Effect.sync(() => {
  const entries = new Map<string, Entry>()
  return {
    [TypeId]: TypeId,
    name: "memory",
    volatile: true,
    shared: false,
    load: (key) => Effect.sync(() => stored(entries.get(key))),
    save: (key, tokens, expectedVersion) =>
      Effect.sync(() => {
        const entry = entries.get(key)
        const current = stored(entry)
        if (versionOf(current) !== expectedVersion) {
          return Saved.Conflict({ current })
        }
        const version = (entry?.version ?? 0) + 1
        entries.set(key, { tokens, version })
        return Saved.Written({ version })
      }),
    // The version stays behind, so that the next one is greater.
    remove: (key) =>
      Effect.sync(() => {
        const entry = entries.get(key)
        if (entry !== undefined) {
          entries.set(key, { tokens: undefined, version: entry.version })
        }
      }),
    lease: makeLeases()
  }
})

/**
 * A store in the memory of this process: lets managers in different scopes share tokens.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<TokenStore> = Layer.effect(TokenStore, makeMemory)

/**
 * A store over a `KeyValueStore`: a directory, a browser's storage.
 *
 * Tokens survive a restart. They stand there in plain. For a directory take {@link layerFileSystem}: the
 * `KeyValueStore` of `@effect/platform` does not replace its files as a whole, and everybody may read
 * them. There is no lease across processes, and its compare-and-set holds only within this one: for processes that
 * share tokens use a store that is made for it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeKeyValueStore: Effect.Effect<Service, never, KeyValueStore.KeyValueStore> = Effect.gen(
  function* () {
    const kv = yield* KeyValueStore.KeyValueStore
    const mutex = yield* Effect.makeSemaphore(1)

    const read = (key: string): Effect.Effect<Entry | undefined, StoreError> =>
      reached(kv.get(key)).pipe(
        Effect.flatMap(
          Option.match({
            onNone: () => Effect.succeed(undefined),
            onSome: (text) =>
              Effect.mapBoth(decodeRecord(text), {
                // A ParseError repeats the record: it must not travel on (R15).
                onFailure: () => corrupt,
                onSuccess: ({ tokens, version }) => ({ tokens: tokens ?? undefined, version })
              })
          })
        )
      )

    const write = (
      key: string,
      version: number,
      tokens: TokenSet.TokenSet | null
    ): Effect.Effect<void, StoreError> =>
      encodeRecord({ version, tokens }).pipe(
        Effect.mapError(() => corrupt),
        Effect.flatMap((text) => reached(kv.set(key, text)))
      )

    const service: Service = {
      [TypeId]: TypeId,
      name: "KeyValueStore",
      shared: false,
      load: (key) => Effect.map(read(key), stored),
      save: (key, tokens, expectedVersion) =>
        mutex.withPermits(1)(
          Effect.gen(function* () {
            const entry = yield* read(key)
            const current = stored(entry)
            if (versionOf(current) !== expectedVersion) {
              return Saved.Conflict({ current })
            }
            const version = (entry?.version ?? 0) + 1
            yield* write(key, version, tokens)
            return Saved.Written({ version })
          })
        ),
      remove: (key) =>
        mutex.withPermits(1)(
          Effect.flatMap(read(key), (entry) =>
            entry === undefined ? Effect.void : write(key, entry.version, null)
          )
        ),
      lease: makeLeases()
    }
    return service
  }
)

/**
 * A store over the `KeyValueStore` of the context: see {@link makeKeyValueStore} for what it does
 * and does not promise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKeyValueStore: Layer.Layer<TokenStore, never, KeyValueStore.KeyValueStore> = Layer.effect(
  TokenStore,
  makeKeyValueStore
)

/**
 * A store in a directory: a file per key, which only its owner can read (0600, in a directory of 0700),
 * and which is replaced as a whole. A process that is killed at any point of a write leaves the old
 * record or the new one, never a torn one.
 *
 * Records survive a restart, and a crash of the machine once `save` has succeeded. What else it does and
 * does not promise is what {@link makeKeyValueStore} says: for one process. On Windows the file has the
 * permissions of its directory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFileSystem = (
  directory: string
): Effect.Effect<Service, StoreError, FileSystem.FileSystem | Path.Path> =>
  directoryStore(directory).pipe(
    Effect.mapError(
      () =>
        new StoreError({
          reason: "unreachable",
          message:
            "The directory of the token store cannot be used: check that it exists or can be created, and that this process may write to it."
        })
    ),
    Effect.flatMap((kv) => Effect.provideService(makeKeyValueStore, KeyValueStore.KeyValueStore, kv)),
    Effect.map((store): Service => ({ ...store, name: "file system" }))
  )

/**
 * A store in a directory: see {@link makeFileSystem}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFileSystem = (
  directory: string
): Layer.Layer<TokenStore, StoreError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(TokenStore, makeFileSystem(directory))

/**
 * A key that encrypts records: 32 random bytes, base64 or base64url encoded.
 *
 * @since 0.1.0
 * @category models
 */
export type EncryptionKey = Redacted.Redacted<string>

/**
 * Encrypts the records of a store: in it, a token set is a JWE (RFC 7516, `dir` with `A256GCM`) that is
 * bound to the key of its record.
 *
 * The first key writes, all of them read: to rotate, put the new key first, and drop the old one when
 * nothing is encrypted under it any more. A record under an unknown key fails with `locked` and is
 * neither overwritten nor removed; so does one that is not encrypted at all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const makeEncrypted = (
  store: Service,
  keys: Arr.NonEmptyReadonlyArray<EncryptionKey>
): Effect.Effect<Service, StoreError> =>
  Effect.map(makeSeal(keys, encodeTokens, decodeTokens, lockedBy), ({ open, seal }) => {
    const opened = (key: string, record: Option.Option<Stored>) =>
      Option.match(record, {
        onNone: () => Effect.succeedNone,
        onSome: ({ tokens, version }) =>
          Effect.map(open(key, tokens), (tokens) => Option.some<Stored>({ tokens, version }))
      })
    return {
      ...store,
      name: `${store.name ?? "unnamed"}, encrypted`,
      load: (key) => Effect.flatMap(store.load(key), (record) => opened(key, record)),
      save: (key, tokens, expectedVersion) =>
        seal(key, tokens).pipe(
          Effect.flatMap((sealed) => store.save(key, sealed, expectedVersion)),
          Effect.flatMap(
            Saved.$match({
              Written: (written): Effect.Effect<Saved, StoreError> => Effect.succeed(written),
              Conflict: ({ current }) =>
                Effect.map(opened(key, current), (current) => Saved.Conflict({ current }))
            })
          )
        )
    }
  })

/**
 * A layer's store with its records encrypted: see {@link makeEncrypted}.
 *
 * @since 0.1.0
 * @category layers
 */
export const encrypted =
  (...keys: Arr.NonEmptyReadonlyArray<EncryptionKey>) =>
  <E, R>(store: Layer.Layer<TokenStore, E, R>): Layer.Layer<TokenStore, E | StoreError, R> =>
    Layer.effect(
      TokenStore,
      Effect.flatMap(TokenStore, (inner) => makeEncrypted(inner, keys))
    ).pipe(Layer.provide(store))

const lockedBy = (message: string) => new StoreError({ reason: "locked", message })
