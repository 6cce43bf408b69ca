/**
 * R12: how many mints a manager may still make. Two buckets of five: one for mints that may have
 * brought a token, refilled every quarter of a lifetime, and one for mints that certainly did not,
 * refilled every ten seconds at the latest. A provider that is down for a moment thus cannot spend
 * what a 24-hour token earns back in six hours.
 */
export interface MintBudget {
  readonly issued: Bucket
  readonly failed: Bucket
}

/** `level` is a fraction: what has been earned back since `at` counts in part. */
interface Bucket {
  readonly level: number
  readonly at: number
}

export const capacity = 5

/** Before the first mint, and for mints that brought nothing: one every 10 s. */
const idleInterval = 10_000

export const full = (now: number): MintBudget => ({
  issued: { level: capacity, at: now },
  failed: { level: capacity, at: now }
})

const issuedInterval = (lifetime: number | undefined): number =>
  lifetime === undefined ? idleInterval : lifetime / 4

const failedInterval = (lifetime: number | undefined): number =>
  Math.min(idleInterval, issuedInterval(lifetime))

/** A clock that was set back earns nothing and loses nothing (R17). */
const refill = (bucket: Bucket, interval: number, now: number): Bucket => ({
  level: Math.min(capacity, bucket.level + Math.max(0, now - bucket.at) / interval),
  at: now
})

const wait = (bucket: Bucket, interval: number, now: number): number => {
  const missing = (1 - refill(bucket, interval, now).level) * interval
  // Less than a hundredth of a millisecond is a rounding error.
  return missing < 0.01 ? 0 : Math.max(0, bucket.at - now) + Math.ceil(missing - 0.01)
}

/** How long to wait for the next mint, in milliseconds; 0: now. `lifetime` is the current token's. */
export const waitFor = (budget: MintBudget, lifetime: number | undefined, now: number): number =>
  Math.max(
    wait(budget.issued, issuedInterval(lifetime), now),
    wait(budget.failed, failedInterval(lifetime), now)
  )

const spend = (bucket: Bucket, interval: number, now: number): Bucket => {
  const { at, level } = refill(bucket, interval, now)
  return { level: Math.max(0, level - 1), at }
}

/** The budget after one mint. */
export const afterMint = (
  budget: MintBudget,
  brought: keyof MintBudget,
  lifetime: number | undefined,
  now: number
): MintBudget => {
  const issued = issuedInterval(lifetime)
  const failed = failedInterval(lifetime)
  return brought === "issued"
    ? { issued: spend(budget.issued, issued, now), failed: refill(budget.failed, failed, now) }
    : { issued: refill(budget.issued, issued, now), failed: spend(budget.failed, failed, now) }
}
