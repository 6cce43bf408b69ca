/**
 * The contract of a `TokenStore`, as tests: what its doc comment guarantees. Imports vitest: reachable
 * as `@latchkey/testing/TokenStoreSuite` only.
 *
 * @since 0.1.0
 */
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as Vitest from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { claims } from "./internal/storeClaims.ts"
import { leases } from "./internal/storeLeases.ts"
import { records } from "./internal/storeRecords.ts"

/**
 * Where a store keeps its records: a directory, a database, a prefix of keys.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  /** The store. Built twice it is opened twice: as two processes would, or as one does after a restart. */
  readonly layer: Layer.Layer<TokenStore.TokenStore, unknown>
  /**
   * The same place, opened by another process: where {@link Options.shared} is claimed, and a second
   * client in this process would prove too little. Default: `layer`, built once more.
   */
  readonly elsewhere?: Layer.Layer<TokenStore.TokenStore, unknown> | undefined
  /**
   * Sets the clock that ends the leases of this place forward, by milliseconds; taking as much from the
   * end of each lease is the same. Needed for a {@link Options.clock} of `set`.
   */
  readonly forward?: ((millis: number) => Effect.Effect<void, unknown>) | undefined
}

/**
 * What the suite must know of a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Makes an empty place; every test has its own, and it is gone when the scope closes. */
  readonly place: Effect.Effect<Place, unknown, Scope.Scope>
  /**
   * Whose time ends a lease. `effect`: Effect's `Clock`, and the tests use `TestClock`. `set`: the
   * store's, and the tests set it forward. `own`: the store's, and the tests wait for real, with short
   * leases, which a busy machine may outlast. Default: `effect`.
   */
  readonly clock?: "effect" | "set" | "own" | undefined
  /** Whether processes exclude each other: what the store's own `shared` must say. */
  readonly shared: boolean
  /** Whether records outlive the process that wrote them. */
  readonly durable: boolean
  /** How often each property is tried. Default: 50, or 5 where the clock is the store's. */
  readonly runs?: number | undefined
}

/**
 * Registers the contract of a store: a block of vitest's.
 *
 * Records (round trip, compare-and-set, versions that only grow, also across `remove`, one winner of a
 * hundred, no mixtures, keys apart), leases (exclusive until their end, renewed and given back by their
 * owner only), interruption, and what the store claims: a restart, other processes.
 *
 * @since 0.1.0
 * @category suites
 */
export const describe = (name: string, options: Options): void => {
  // Real leases that are timed by a store are short, and side by side they would run out on a busy machine.
  const block = options.clock === "own" ? Vitest.describe : Vitest.describe.concurrent
  block(`the contract of a store: ${name}`, () => {
    records(options)
    leases(options)
    claims(options)
  })
}
