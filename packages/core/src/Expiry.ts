/**
 * Pure arithmetic of a token's life: from what a provider sends to a lifetime, and from a
 * lifetime to fresh, stale or expired. No clock is read here: every function takes `now`.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"

/**
 * The three phases of an access token. `fresh`: serve it. `stale`: serve it and refresh in the
 * background. `expired`: do not serve it, wait for a mint (R3).
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = "fresh" | "stale" | "expired"

/**
 * When a token set changes phase, in epoch milliseconds:
 * `issuedAt < staleAt <= expiredAt <= expiresAt`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeline {
  /** When the request that minted it was sent. */
  readonly issuedAt: number
  /** From here on it is served and refreshed in the background. */
  readonly staleAt: number
  /** From here on callers wait for a mint. */
  readonly expiredAt: number
  /** From here on it is never served, whatever fails. */
  readonly expiresAt: number
}

/**
 * The overrides of `RefreshPolicy` that bear on a timeline, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Overrides {
  readonly staleWindow?: number | undefined
  readonly expiredWindow?: number | undefined
}

/** The last millisecond that a `Date` can name: 275760-09-13. A later expiry is an overflow. */
const maxInstant = 8.64e15

const fiveMinutes = 300_000
const thirtySeconds = 30_000

const window = (override: number | undefined, byDefault: number, lifetime: number): number =>
  override === undefined || Number.isNaN(override) ? byDefault : Math.min(lifetime, Math.max(0, override))

/**
 * The timeline of a token set (R2). `lifetime` is in milliseconds and positive; `sample` is the
 * jitter drawn for this token set: a fraction of the stale window, from 0 to 0.5.
 *
 * Whatever the lifetime and the overrides, the token is fresh at birth: the stale point is never
 * before half of the lifetime, and never after the expired point.
 *
 * @since 0.1.0
 * @category constructors
 */
export const timeline = (
  issuedAt: number,
  lifetime: number,
  sample: number,
  overrides: Overrides = {}
): Timeline => {
  const half = lifetime / 2
  const stale = window(overrides.staleWindow, Math.min(fiveMinutes, lifetime / 4), lifetime)
  const expired = window(overrides.expiredWindow, Math.min(thirtySeconds, lifetime / 10), lifetime)
  const jitter = Number.isNaN(sample) ? 0 : Math.min(0.5, Math.max(0, sample))
  const expiredAfter = Math.max(half, lifetime - expired)
  const staleAfter = Math.min(expiredAfter, Math.max(half, lifetime - stale - jitter * stale))
  return {
    issuedAt,
    staleAt: issuedAt + staleAfter,
    expiredAt: issuedAt + expiredAfter,
    expiresAt: issuedAt + lifetime
  }
}

/**
 * The phase of a token set at `now`, in epoch milliseconds (R3).
 *
 * @since 0.1.0
 * @category accessors
 */
export const phase = (self: Timeline, now: number): Phase =>
  now < self.staleAt ? "fresh" : now < self.expiredAt ? "stale" : "expired"

/**
 * Whether a token may still be sent at `now` when no newer one can be had: the window before
 * expiry no longer protects it, its real expiry does (R3).
 *
 * @since 0.1.0
 * @category accessors
 */
export const isAlive = (self: Timeline, now: number): boolean => now < self.expiresAt

/**
 * A stretch of time that was refused, and why: the reason is fit for an error message and never
 * repeats the value.
 *
 * @since 0.1.0
 * @category models
 */
export type Refused =
  | "not a number"
  | "not a timestamp"
  | "not positive"
  | "already past"
  | "too large"
  | "too large for seconds, so perhaps in milliseconds"

const numeric = /^\d+(?:\.\d+)?$/

const number = (input: unknown): number =>
  typeof input === "number"
    ? input
    : typeof input === "string" && numeric.test(input.trim())
      ? Number(input)
      : NaN

/** 100 years: no token lives longer. A moment in epoch milliseconds, taken for a lifetime, would be 55,000 years. */
const longestLifetimeSeconds = 36_525 * 86_400

/**
 * Reads a lifetime in seconds, a number or a numeric string (R1), as milliseconds.
 * NaN, negative, zero and what overflows a date are refused.
 *
 * So is more than `longestSeconds`, which can be no number of seconds. A provider that documents lifetimes of
 * hours gives a bound of days: without one, an hour in milliseconds would be taken for 41 days. Default: 100
 * years.
 *
 * @since 0.1.0
 * @category parsers
 */
export const lifetimeFromSeconds = (
  input: unknown,
  sentAt: number,
  longestSeconds: number = longestLifetimeSeconds
): Either.Either<number, Refused> => {
  const seconds = number(input)
  if (Number.isNaN(seconds)) {
    return Either.left(
      typeof input === "string" && input.trim().startsWith("-") ? "not positive" : "not a number"
    )
  }
  const millis = seconds * 1000
  if (millis < 1) {
    return Either.left("not positive")
  }
  if (sentAt + millis > maxInstant) {
    return Either.left("too large")
  }
  return seconds > longestSeconds
    ? Either.left("too large for seconds, so perhaps in milliseconds")
    : Either.right(millis)
}

/** ISO 8601 with an offset; without one a local time could mean anything. */
const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$/i

/** What `Date.parse` is sure to read: `+0000` becomes `+00:00`, a decimal comma a point. */
const canonical = (input: string): string =>
  input
    .toUpperCase()
    .replace(",", ".")
    .replace(/([+-]\d{2})(\d{2})$/, "$1:$2")

/**
 * Where epoch milliseconds begin: this many seconds are the year 5138, this many milliseconds are 1973. A
 * thousand times as much is neither.
 */
const firstMillis = 1e11

/**
 * Reads a timestamp, ISO 8601 with an offset, epoch seconds (R1) or epoch milliseconds, as epoch milliseconds.
 * The size of a number tells its unit.
 *
 * @since 0.1.0
 * @category parsers
 */
export const instant = (input: unknown): Either.Either<number, Refused> => {
  const moment = number(input)
  if (!Number.isNaN(moment)) {
    const millis = Math.abs(moment) < firstMillis ? moment * 1000 : moment
    return Math.abs(millis) < firstMillis * 1000 ? Either.right(millis) : Either.left("too large")
  }
  if (typeof input !== "string" || !iso.test(input.trim())) {
    return Either.left("not a timestamp")
  }
  const millis = Date.parse(canonical(input.trim()))
  return Number.isNaN(millis) ? Either.left("not a timestamp") : Either.right(millis)
}

/**
 * The moments of one exchange with a provider, in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  /** When the request was sent, by our clock: a lifetime is measured from here (R1). */
  readonly sentAt: number
  /** When the answer was complete, by our clock. */
  readonly receivedAt: number
  /** The `Date` header of the answer (RFC 9110, section 6.6.1), if there was a usable one. */
  readonly serverDate?: number | undefined
}

/** How far the clocks may disagree before an absolute timestamp is corrected (R1). */
const tolerance = 1_000

/**
 * By how many milliseconds the provider's clock is ahead of ours, or 0 if they agree within a
 * second. The header has a resolution of a second and was written at some moment of the exchange,
 * so only a disagreement beyond both counts.
 *
 * @since 0.1.0
 * @category accessors
 */
export const clockSkew = (exchange: Exchange): number => {
  const { receivedAt, sentAt, serverDate } = exchange
  if (serverDate === undefined) {
    return 0
  }
  const ahead = serverDate - receivedAt
  const behind = sentAt - (serverDate + 999)
  return ahead > tolerance || behind > tolerance ? serverDate - sentAt : 0
}

/**
 * The lifetime, in milliseconds from the moment the request was sent, of a token that expires at
 * an absolute timestamp of the provider's clock (R1).
 *
 * @since 0.1.0
 * @category parsers
 */
export const lifetimeFromTimestamp = (input: unknown, exchange: Exchange): Either.Either<number, Refused> =>
  Either.flatMap(instant(input), (expiresAt) => {
    const millis = expiresAt - clockSkew(exchange) - exchange.sentAt
    if (millis < 1) {
      return Either.left("already past")
    }
    return exchange.sentAt + millis > maxInstant ? Either.left("too large") : Either.right(millis)
  })
