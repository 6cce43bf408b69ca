import * as TokenStore from "@latchkey/core/TokenStore"
import * as PlatformError from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Path, Seed, Setup, World } from "./leakPath.ts"

/** The text of a record that somebody else has spoilt, tokens and all. */
const spoilt = (nonce: string): string =>
  JSON.stringify({
    version: 1,
    tokens: { accessToken: `access-${nonce}`, tokenType: 5, refreshToken: { value: `refresh-${nonce}` } }
  })

const systemError = (text: string): PlatformError.PlatformError =>
  new PlatformError.SystemError({
    reason: "PermissionDenied",
    module: "KeyValueStore",
    method: "set",
    description: `cannot handle ${text}`,
    pathOrDescriptor: text,
    cause: new Error(text)
  })

/** What goes wrong; the rest works. */
interface Operations {
  readonly get?: Effect.Effect<Option.Option<string>, PlatformError.PlatformError>
  readonly set?: (text: string, keep: Effect.Effect<void>) => Effect.Effect<void, PlatformError.PlatformError>
  /** What stands around the store. */
  readonly around?: (store: TokenStore.Service) => Effect.Effect<TokenStore.Service, TokenStore.StoreError>
}

/** A store over a `KeyValueStore` in memory. Its records, tokens in plain, are shown to nobody. */
const storeLayer = (
  { armed }: Seed,
  { around = Effect.succeed, get, set }: Operations
): Layer.Layer<TokenStore.TokenStore> => {
  const records = new Map<string, string>()
  const kv = KeyValueStore.makeStringOnly({
    get: (key) =>
      Effect.suspend(() =>
        armed.on && get !== undefined ? get : Effect.succeed(Option.fromNullable(records.get(key)))
      ),
    set: (key, text) =>
      Effect.suspend(() => {
        const keep = Effect.sync(() => {
          records.set(key, text)
        })
        return armed.on && set !== undefined ? set(text, keep) : keep
      }),
    remove: (key) =>
      Effect.sync(() => {
        records.delete(key)
      }),
    clear: Effect.sync(() => records.clear()),
    size: Effect.sync(() => records.size)
  })
  return Layer.effect(
    TokenStore.TokenStore,
    Effect.orDie(Effect.flatMap(TokenStore.makeKeyValueStore, around))
  ).pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, kv)))
}

/** A key that the nonce stands in, in base64 and as bytes. */
const encrypted =
  (nonce: string): NonNullable<Operations["around"]> =>
  (store) =>
    TokenStore.makeEncrypted(store, [Redacted.make(Encoding.encodeBase64(nonce.padEnd(32, "k")))])

/** A record of ours that is not encrypted, or says that it is. */
const record = (nonce: string, tokenType: string): string =>
  JSON.stringify({
    version: 9,
    tokens: { accessToken: `eyJhbGciOiJkaXIifQ..access-${nonce}`, tokenType, issuedAt: 0, expiresAt: 1e15 }
  })

/** A store that processes share, and whose leases go wrong. */
const leasing =
  ({ armed }: Seed, fail: Effect.Effect<never, TokenStore.StoreError>): NonNullable<Operations["around"]> =>
  (store) =>
    Effect.succeed({
      ...store,
      shared: true,
      lease: (key, timeToLive) =>
        Effect.suspend(() =>
          armed.on
            ? fail
            : Effect.map(
                store.lease(key, timeToLive),
                Option.map((lease) => ({ ...lease, renew: fail, release: fail }))
              )
        )
    })

/** What the store itself answers and fails with, and what a sibling makes of it. */
const ask =
  (layer: Layer.Layer<TokenStore.TokenStore>) =>
  ({ clock, manager, show, start, watch }: World) =>
    Effect.gen(function* () {
      const sibling = yield* start
      yield* watch("sibling's access token", sibling.manager.get)
      show("sibling", sibling.manager)
      yield* clock.run(sibling.close)
      const store = yield* Effect.provide(TokenStore.TokenStore, layer)
      show("store", store)
      const { credential, key, login } = manager.flow
      const loaded = yield* watch("store.load", store.load(key))
      yield* watch("store.load of another key", store.load("other"))
      const minted = yield* watch(
        "flow.login for the store",
        Option.match(login, {
          onNone: () => Effect.succeedNone,
          onSome: (login) => Effect.asSome(Effect.flatMap(credential, login))
        })
      )
      const tokens = Option.orElse(
        Exit.getOrElse(minted, () => Option.none()),
        () =>
          Option.map(
            Exit.getOrElse(loaded, () => Option.none()),
            (stored) => stored.tokens
          )
      )
      if (Option.isSome(tokens)) {
        yield* watch("store.save", store.save("other", tokens.value, 0))
        yield* watch("store.save of the wrong version", store.save("other", tokens.value, 7))
      }
      // A shared store is the application's here, and what it dies of its own.
      if (!store.shared) {
        yield* watch("store.lease", store.lease(key, "1 minute"))
      }
      yield* watch("store.remove", store.remove(key))
    })

const path = (name: string, operations: (seed: Seed) => Operations, rest: Partial<Path> = {}): Path => {
  // The layer of each run, by what identifies the run.
  const layers = new WeakMap<Seed["armed"], Layer.Layer<TokenStore.TokenStore>>()
  return {
    name: `a store ${name}`,
    setup: (seed): Setup => {
      const layer = storeLayer(seed, operations(seed))
      layers.set(seed.armed, layer)
      return { store: layer }
    },
    afterwards: (world) => {
      const layer = layers.get(world.armed)
      return layer === undefined ? Effect.void : ask(layer)(world)
    },
    // What the store's failure does to a client is the same for all clients.
    brief: true,
    ends: "answer",
    ...rest
  }
}

const encryptedPath = (name: string, written: (nonce: string) => string | undefined): Path => {
  const { ends: _, ...rest } = path(name, ({ nonce }) => {
    const text = written(nonce)
    return { around: encrypted(nonce), ...(text === undefined ? {} : { get: Effect.succeedSome(text) }) }
  })
  return rest
}

/** Those that would rather fail than spend a refresh token blindly (R13), when they know nothing of the record. */
const careful = {
  otherwise: [
    "vault.ist, refresh",
    "vault.ist, login",
    "PaymentsGate, login",
    "PaymentsGate, refresh of a configured pair"
  ]
}

/** The same where siblings may have rotated it meanwhile. */
const carefulAmongSiblings = { otherwise: [...careful.otherwise, "PaymentsGate, refresh"] }

/** Stores that fail with what they hold or with what they are to hold. */
export const stores: ReadonlyArray<Path> = [
  path("that works", () => ({})),
  path(
    "whose record is not one of ours",
    ({ nonce }) => ({ get: Effect.succeedSome(spoilt(nonce)) }),
    careful
  ),
  path(
    "whose record is cut off",
    ({ nonce }) => ({ get: Effect.succeedSome(spoilt(nonce).slice(0, 60)) }),
    careful
  ),
  path("whose record is a token", ({ nonce }) => ({ get: Effect.succeedSome(`access-${nonce}`) }), careful),
  path(
    "that fails to read with what it should have read",
    ({ nonce }) => ({ get: Effect.fail(systemError(spoilt(nonce))) }),
    careful
  ),
  path("that fails to write with what it should have written", () => ({
    set: (text) => Effect.fail(systemError(text))
  })),
  path("that fails to write at first", () => {
    let writes = 0
    return { set: (text, keep) => (writes++ < 2 ? Effect.fail(systemError(text)) : keep) }
  }),
  path("that never answers", () => ({ get: Effect.never, set: () => Effect.never }), careful),
  path(
    "that dies of what it should have read",
    ({ nonce }) => ({ get: Effect.die(new Error(spoilt(nonce))) }),
    careful
  ),
  path("that dies of what it should have written", () => ({
    set: (text) => Effect.die(new Error(`cannot write ${text}`))
  })),
  encryptedPath("that is encrypted", () => undefined),
  encryptedPath("that is encrypted, whose record is not", (nonce) => record(nonce, "Bearer")),
  encryptedPath("that is encrypted, whose record was changed", (nonce) => record(nonce, "JWE")),
  path(
    "whose leases cannot be had",
    (seed) => ({
      around: leasing(
        seed,
        Effect.fail(new TokenStore.StoreError({ reason: "unreachable", message: "The store is away." }))
      )
    }),
    carefulAmongSiblings
  ),
  path(
    "that dies of its leases",
    (seed) => ({ around: leasing(seed, Effect.die(new Error(`lease ${seed.nonce}`))) }),
    carefulAmongSiblings
  )
]
