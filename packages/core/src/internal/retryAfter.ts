const seconds = /^\d{1,12}$/

/** IMF-fixdate and the obsolete form of RFC 850 (RFC 9110, section 5.6.7). */
const zoned = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]0000)$/

/** The obsolete form of asctime: UTC as well, but `Date.parse` takes it for local time. */
const asctime = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

/** An HTTP date as epoch milliseconds. */
export const httpDate = (value: string | undefined): number | undefined => {
  if (value === undefined || !(zoned.test(value) || asctime.test(value))) {
    return undefined
  }
  const millis = Date.parse(asctime.test(value) ? `${value} GMT` : value)
  return Number.isNaN(millis) ? undefined : millis
}

/**
 * `Retry-After` (RFC 9110, section 10.2.3), delay seconds or a date, as epoch milliseconds of our
 * clock. A date is the provider's: `skew` is by how much its clock is ahead.
 */
export const retryAfter = (value: string | undefined, now: number, skew: number): number | undefined => {
  const trimmed = value?.trim()
  if (trimmed === undefined) {
    return undefined
  }
  if (seconds.test(trimmed)) {
    return now + Number(trimmed) * 1000
  }
  const at = httpDate(trimmed)
  return at === undefined ? undefined : Math.max(now, at - skew)
}
