/**
 * Keeps one flow's token fresh: the state machine of a token's life.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { AuthError } from "./AuthError.ts"
import type { AuthEvent } from "./AuthEvent.ts"
import type { AuthFlow } from "./AuthFlow.ts"
import type * as Expiry from "./Expiry.ts"
import { shared } from "./internal/detachedRuntime.ts"
import * as RefreshPolicy from "./RefreshPolicy.ts"
import type * as TokenStore from "./TokenStore.ts"
import type { Events } from "./internal/events.ts"
import * as LiveManagers from "./internal/liveManagers.ts"
import { Manager } from "./internal/manager.ts"
import { TypeId as internalTypeId } from "./internal/managerTypeId.ts"
import { Parts } from "./internal/parts.ts"
import { share } from "./internal/shareRegistry.ts"

/**
 * The mark of a {@link TokenManager}.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof internalTypeId = internalTypeId

/**
 * The type of {@link TypeId}.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * An access token as a manager serves it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessToken {
  /** The number of the token set it belongs to: what a rejection names (R9). */
  readonly generation: number
  /** The token. */
  readonly value: Redacted.Redacted<string>
  /** The scheme it is sent with, such as `Bearer` (RFC 6749, section 7.1). */
  readonly tokenType: string
  /** The value of the `Authorization` header: scheme and token (RFC 6750, section 2.1). */
  readonly authorization: Redacted.Redacted<string>
  /** When it expires, in epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * What a health check shows of a token; no secrets (R19). Times are in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly provider: string
  /** What the store of the token calls itself; none: the manager keeps it in its own memory. */
  readonly store: Option.Option<string>
  /** `empty`: nothing minted yet. `rejected`: dropped after a rejection, a replacement is due. */
  readonly phase: "empty" | "rejected" | Expiry.Phase
  /** The generation that is served; 0 before the first. */
  readonly generation: number
  readonly staleAt: Option.Option<number>
  readonly expiresAt: Option.Option<number>
  /** Whether a flight is under way. */
  readonly minting: boolean
  /** Why the last flight failed; none once a later one succeeded. */
  readonly lastFailure: Option.Option<AuthError>
  /** Until when callers without a token fail at once with `lastFailure` (R11). */
  readonly gateClosedUntil: Option.Option<number>
}

/**
 * Keeps one flow's token fresh. Made once per flow; everything that talks to the provider shares it.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenManager {
  readonly [TypeId]: TypeId
  /** The flow whose token it keeps. */
  readonly flow: AuthFlow
  /**
   * The token to use now. Fresh: at once. Stale: at once, and a refresh starts in the background.
   * Expired or none: when the flight lands (R3). Interrupting it leaves the flight running (R4).
   */
  readonly get: Effect.Effect<AccessToken, AuthError>
  /** Drops the token of a generation, if it is still the one that is served (compare-and-set). */
  readonly invalidate: (generation: number) => Effect.Effect<void>
  /** What a health check shows. */
  readonly status: Effect.Effect<Status>
  /** What happens from the subscription on. A slow subscriber loses the oldest events, never stalls a mint. */
  readonly events: Stream.Stream<AuthEvent>
  /** For clients: the token to use now where no flight has to be awaited; the hot path (R3). */
  readonly unsafeGet: () => AccessToken | undefined
  /**
   * For clients: an API rejected the token. Drops it where that helps (R9); false: minting did not
   * help before, so return the 401.
   */
  readonly unsafeReject: (rejected: AccessToken) => boolean
  /** For clients: a request succeeded with the token of this generation, which ends its probation (R9). */
  readonly unsafeConfirm: (generation: number) => void
  /**
   * For clients: the token to send a rejected request once more with. None: the mint handed back
   * the very token that was rejected, so return the 401 (R9).
   */
  readonly replacement: (rejected: AccessToken) => Effect.Effect<Option.Option<AccessToken>, AuthError>
}

/**
 * Options of a manager.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How early, how long and how often a token is minted. Default: `RefreshPolicy.defaults`. */
  readonly policy?: RefreshPolicy.RefreshPolicy | undefined
}

/** `TokenStore.TokenStore` by its key: importing it would bring all stores to those who have none. */
const storeTag = Context.GenericTag<TokenStore.TokenStore, TokenStore.Service>("@latchkey/core/TokenStore")

/** What can go wrong with tokens that only this manager has. */
const warnOfMemory = (events: Events, flow: AuthFlow): void => {
  if (flow.rotates && Option.isNone(flow.login) && LiveManagers.isNews(`memory ${flow.key}`)) {
    events.say({
      level: "Warning",
      message: `${flow.provider}: each refresh replaces its refresh token, it has no login, and the new one is in memory only: after a restart there is no token. Provide a TokenStore that outlives the process.`
    })
  }
}

/** A layer that is provided for each request makes a manager for each request. */
const warnOfSecond = (events: Events, flow: AuthFlow): void => {
  if (LiveManagers.enter(flow.key) && LiveManagers.isNews(`second ${flow.key}`)) {
    events.say({
      level: "Warning",
      message: `${flow.provider}: a second token manager was made for the same account, and each logs in for itself: build its layer once, or provide a TokenStore that they share.`
    })
  }
}

/**
 * Makes the manager of a flow, in the scope of the caller: no fiber outlives it. Does no call.
 *
 * Tokens go to the `TokenStore` of the context; where there is none, they stay in the manager.
 * Clock, logger, tracer and configuration are those of the fiber that makes it, and so is the `Fetch` of
 * `FetchHttpClient`. Nothing else of that fiber stays: neither its transaction nor its annotations.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  flow: AuthFlow,
  options: Options = {}
): Effect.Effect<TokenManager, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.clockWith(Effect.succeed)
    const store = yield* Effect.serviceOption(storeTag)
    const runtime = yield* shared
    const policy = RefreshPolicy.resolve(options.policy, Option.getOrUndefined(flow.retry))
    const sharing = Option.isNone(store) ? undefined : share(store.value, flow, policy)
    const scope = yield* Effect.scope
    const parts = new Parts(flow, policy, sharing, clock, runtime)
    const manager = new Manager(parts)
    let isCounted = false
    // Not by `acquireRelease`, which keeps a copy of all that the fiber knows for each finalizer.
    yield* Scope.addFinalizerExit(scope, () =>
      Effect.map(manager.close, () => {
        if (isCounted) {
          LiveManagers.leave(flow.key)
        }
      })
    )
    if (Option.isNone(store) || store.value.volatile === true) {
      warnOfMemory(parts.events, flow)
    }
    if (sharing === undefined) {
      isCounted = true
      warnOfSecond(parts.events, flow)
    }
    return manager
  })
