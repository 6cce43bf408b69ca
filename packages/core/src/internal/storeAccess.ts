import * as Effect from "effect/Effect"
import * as AuthError from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import type * as AuthFlow from "../AuthFlow.ts"
import type { TokenSet } from "../TokenSet.ts"
import type * as TokenStore from "../TokenStore.ts"
import type { Events } from "./events.ts"
import { StoreError } from "./storeError.ts"

type Action = "load" | "save" | "lease"

const longestOperation = 5_000

/** The store as one manager reaches it: by its key, each operation in time, each failure told. */
export class StoreAccess {
  readonly flow: AuthFlow.AuthFlow
  readonly events: Events
  readonly #store: TokenStore.Service
  readonly #timeout: number
  /** R13: longer than any mint that runs under the lease. */
  readonly #timeToLive: number

  constructor(store: TokenStore.Service, flow: AuthFlow.AuthFlow, mintDeadline: number, events: Events) {
    this.#store = store
    this.flow = flow
    this.events = events
    this.#timeout = Math.min(longestOperation, mintDeadline / 4)
    this.#timeToLive = mintDeadline * 1.25
  }

  /** What the store calls itself. */
  get name(): string {
    return this.#store.name ?? "unnamed"
  }

  /** Whether other processes read and write the record. */
  get shared(): boolean {
    return this.#store.shared
  }

  /** How long a lease lasts after it was granted or renewed, in milliseconds. */
  get timeToLive(): number {
    return this.#timeToLive
  }

  get load() {
    return this.#bounded("load", this.#store.load(this.flow.key))
  }

  save(tokens: TokenSet, expectedVersion: number) {
    return this.#bounded("save", this.#store.save(this.flow.key, tokens, expectedVersion))
  }

  get remove() {
    return this.#bounded("save", this.#store.remove(this.flow.key))
  }

  get lease() {
    return this.#bounded("lease", this.#store.lease(this.flow.key, this.#timeToLive))
  }

  renew(lease: TokenStore.Lease) {
    return this.#bounded("lease", lease.renew)
  }

  /** A lease that cannot be given back ends by itself. */
  release(lease: TokenStore.Lease): Effect.Effect<void> {
    return Effect.ignore(this.#bounded("lease", lease.release))
  }

  #bounded<A>(
    action: Action,
    operation: Effect.Effect<A, TokenStore.StoreError>
  ): Effect.Effect<A, TokenStore.StoreError> {
    return Effect.interruptible(operation).pipe(
      // R15: a store dies of what it was to read or write. One that is broken is one out of reach.
      Effect.catchAllDefect(() =>
        Effect.fail(
          new StoreError({
            reason: "unreachable",
            message: "The token store broke down: it threw where it should have failed with a StoreError."
          })
        )
      ),
      Effect.timeoutFail({
        duration: this.#timeout,
        onTimeout: () =>
          new StoreError({
            reason: "unreachable",
            message: "The token store did not answer in time."
          })
      }),
      Effect.tapBoth({
        onFailure: ({ message, reason }) =>
          Effect.sync(() =>
            this.events.emit(AuthEvent.StoreFailed({ ...this.events.common, action, reason, message }))
          ),
        onSuccess: () => Effect.sync(() => this.events.storeAnswered(action))
      })
    )
  }

  /** What a caller hears of it. */
  failed(error: TokenStore.StoreError): AuthError.AuthError {
    const fields = { provider: this.flow.provider, operation: "store", message: error.message } as const
    return error.reason !== "unreachable"
      ? new AuthError.InvalidResponse(fields)
      : new AuthError.Unavailable(fields)
  }
}
