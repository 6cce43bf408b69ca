/**
 * What happened to a token, as data, and as metrics.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { AuthError } from "./AuthError.ts"

/**
 * How a token set was minted: `login` or `refresh`.
 *
 * @since 0.1.0
 * @category models
 */
export type Grant = "login" | "refresh"

/** What every event tells: whose, and when (epoch milliseconds). */
interface Common {
  readonly provider: string
  readonly at: number
}

/**
 * What happened to a token. No event holds a secret (R15); times are in epoch milliseconds.
 *
 * - `Minted`: a login brought a token set.
 * - `Refreshed`: a refresh brought an access token; the refresh token stays.
 * - `Rotated`: a refresh brought an access token and a new refresh token.
 * - `Adopted`: a token set of a sibling was taken from the store.
 * - `Rejected`: the API rejected the token of a generation.
 * - `ReplacementRejected`: the API rejected the replacement as well; no mint until `until`.
 * - `MintFailed`: one call of the token endpoint failed.
 * - `GateClosed`: a failure is remembered; callers fail with it at once until `until`.
 * - `GateOpened`: the provider may be asked again: a mint succeeded, or the credentials changed.
 * - `BudgetSpent`: no mint before `until` (R12).
 * - `StoreFailed`: the store could not be read or written.
 * - `StoreRecovered`: a write that had failed was made up for.
 * - `Revoked`: a token set was revoked at the provider.
 * - `RevokeFailed`: a token set could not be revoked, or not all of it: what is left lives to its end.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthEvent = Data.TaggedEnum<{
  Minted: Common & { readonly generation: number; readonly expiresAt: number }
  Refreshed: Common & { readonly generation: number; readonly expiresAt: number }
  Rotated: Common & { readonly generation: number; readonly expiresAt: number }
  Adopted: Common & { readonly generation: number; readonly expiresAt: number }
  Rejected: Common & { readonly generation: number }
  ReplacementRejected: Common & { readonly generation: number; readonly until: number }
  MintFailed: Common & { readonly grant: Grant; readonly error: AuthError }
  GateClosed: Common & { readonly error: AuthError; readonly until: number }
  GateOpened: Common
  BudgetSpent: Common & { readonly until: number }
  StoreFailed: Common & {
    readonly action: "load" | "save" | "lease"
    /** As in `StoreError`: not reached, a record that is none, a record under another key. */
    readonly reason: "unreachable" | "corrupt" | "locked"
    readonly message: string
  }
  StoreRecovered: Common
  Revoked: Common & { readonly generation: number }
  RevokeFailed: Common & { readonly generation: number; readonly error: AuthError }
}>

/**
 * Constructors and matchers of {@link AuthEvent}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const AuthEvent = Data.taggedEnum<AuthEvent>()

/**
 * Mints, one count per call of a token endpoint; tags `provider`, `grant` (`login`, `refresh`) and
 * `outcome` (`success`, or the tag of the error).
 *
 * @since 0.1.0
 * @category metrics
 */
export const mints = Metric.counter("latchkey_mints_total", {
  description: "Calls of a token endpoint",
  incremental: true
})

/**
 * How long a mint took, in seconds; tags `provider` and `grant`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const mintDuration = Metric.histogram(
  "latchkey_mint_duration_seconds",
  MetricBoundaries.fromIterable([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]),
  "Duration of one call of a token endpoint"
)

/**
 * Answers of an API that reject the token they answer; tag `provider`. Each one counts: a hundred requests that
 * one revocation met are a hundred, and one whose retry is rejected as well is two. For the tokens that were
 * dropped for it see the event `Rejected`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const rejections = Metric.counter("latchkey_rejections_total", {
  description: "Answers of an API that rejected a token",
  incremental: true
})

/**
 * Seconds from the last publication or status query to the expiry of the served token; tag
 * `provider`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const secondsToExpiry = Metric.gauge("latchkey_seconds_to_expiry", {
  description: "Seconds until the served token expires"
})

/**
 * Counts one mint.
 *
 * @since 0.1.0
 * @category metrics
 */
export const countMint = (
  provider: string,
  grant: Grant,
  outcome: "success" | AuthError["_tag"],
  seconds: number
): Effect.Effect<void> =>
  Effect.zipRight(
    Metric.update(
      mints.pipe(
        Metric.tagged("provider", provider),
        Metric.tagged("grant", grant),
        Metric.tagged("outcome", outcome)
      ),
      1
    ),
    Metric.update(
      mintDuration.pipe(Metric.tagged("provider", provider), Metric.tagged("grant", grant)),
      seconds
    )
  )

/**
 * Counts one answer that rejects a token.
 *
 * @since 0.1.0
 * @category metrics
 */
export const countRejection = (provider: string): Effect.Effect<void> =>
  Metric.increment(Metric.tagged(rejections, "provider", provider))

/**
 * Records how long the served token still lives.
 *
 * @since 0.1.0
 * @category metrics
 */
export const recordExpiry = (provider: string, seconds: number): Effect.Effect<void> =>
  Metric.set(Metric.tagged(secondsToExpiry, "provider", provider), seconds)
