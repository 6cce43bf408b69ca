/**
 * How early, how long and how often a token is minted: options with defaults.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { AuthError } from "./AuthError.ts"

/**
 * Options of a token's life. Every field has a default that suits lifetimes from one second
 * to a century; the invariants of `Expiry.timeline` hold whatever is set.
 *
 * @since 0.1.0
 * @category models
 */
export interface RefreshPolicy {
  /**
   * How long before expiry a token turns stale: still served, refreshed in the background.
   * Default: the smaller of 5 minutes and a quarter of the lifetime (R2).
   */
  readonly staleWindow?: Duration.DurationInput | undefined
  /**
   * How long before expiry a token counts as expired: callers wait for a mint.
   * Default: the smaller of 30 seconds and a tenth of the lifetime (R2).
   */
  readonly expiredWindow?: Duration.DurationInput | undefined
  /**
   * By how much of the stale window the stale point may move earlier, from 0 to 0.5, sampled
   * once per token set, so that a fleet does not refresh in step. Default: 0.5.
   */
  readonly jitter?: number | undefined
  /**
   * How long a flight may take, its retries included (R4). Over a store that processes share it starts
   * when the lease is there: the leases of two processes that were killed last two and a half of it,
   * the next one's mint another, and a store may be away for one more. Default: 20 seconds.
   */
  readonly mintDeadline?: Duration.DurationInput | undefined
  /**
   * How transient mint failures are retried within the deadline (R11); overrides the flow's own
   * schedule. Default: the flow's, else exponential from 200 ms, factor 2, full jitter, at most 4
   * tries. `Retry-After` is honoured on top of it.
   */
  readonly retry?: Schedule.Schedule<unknown, AuthError> | undefined
  /**
   * Calls the flow's `revoke` with what this process minted, when the scope closes (R18). Transient failures
   * are retried by `retry`, within `mintDeadline`. Default: false.
   */
  readonly revokeOnRelease?: boolean | undefined
  /**
   * Is given a promise with each flight that starts, which resolves when the flight has ended, however it
   * did. Called in the request that starts it, for runtimes that end what a request has begun once it is
   * answered: on Cloudflare Workers, `waitUntil` of `cloudflare:workers`. Default: none.
   */
  readonly waitUntil?: ((landed: Promise<unknown>) => void) | undefined
}

/**
 * A policy with its defaults filled in; durations in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resolved {
  readonly staleWindow: number | undefined
  readonly expiredWindow: number | undefined
  readonly jitter: number
  readonly mintDeadline: number
  readonly retry: Schedule.Schedule<unknown, AuthError>
  readonly revokeOnRelease: boolean
  readonly waitUntil: ((landed: Promise<unknown>) => void) | undefined
}

/**
 * The retry schedule of R11: delays up to 200, 400 and 800 ms, each drawn from zero to its bound.
 *
 * @since 0.1.0
 * @category schedules
 */
export const defaultRetry: Schedule.Schedule<unknown, AuthError> = Schedule.exponential("200 millis", 2).pipe(
  Schedule.jitteredWith({ min: 0, max: 1 }),
  Schedule.intersect(Schedule.recurs(3))
)

const defaultDeadline = 20_000

/** R17: a timer longer than this is no timer at all. */
const longestTimer = 2 ** 31 - 1

const window = (input: Duration.DurationInput | undefined): number | undefined =>
  input === undefined ? undefined : Duration.toMillis(input)

const clampJitter = (jitter: number | undefined): number =>
  jitter === undefined || Number.isNaN(jitter) ? 0.5 : Math.min(0.5, Math.max(0, jitter))

/**
 * The policy that is used when none is given.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaults: Resolved = {
  staleWindow: undefined,
  expiredWindow: undefined,
  jitter: 0.5,
  mintDeadline: defaultDeadline,
  retry: defaultRetry,
  revokeOnRelease: false,
  waitUntil: undefined
}

/**
 * Fills in the defaults of a policy. A deadline that is zero or infinite becomes the default: a
 * flight always ends.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (
  policy: RefreshPolicy | undefined,
  flowRetry?: Schedule.Schedule<unknown, AuthError>
): Resolved => {
  if (policy === undefined) {
    return flowRetry === undefined ? defaults : { ...defaults, retry: flowRetry }
  }
  const deadline = window(policy.mintDeadline)
  return {
    staleWindow: window(policy.staleWindow),
    expiredWindow: window(policy.expiredWindow),
    jitter: clampJitter(policy.jitter),
    mintDeadline:
      deadline === undefined || deadline <= 0 || !Number.isFinite(deadline)
        ? defaultDeadline
        : Math.min(longestTimer, deadline),
    retry: policy.retry ?? flowRetry ?? defaultRetry,
    revokeOnRelease: policy.revokeOnRelease ?? false,
    waitUntil: policy.waitUntil
  }
}
