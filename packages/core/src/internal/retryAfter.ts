const seconds = /^\d{1,12}$/

/** IMF-fixdate and its obsolete forms (RFC 9110, section 5.6.7) all start with a weekday. */
const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

/** An HTTP date as epoch milliseconds. */
export const httpDate = (value: string | undefined): number | undefined => {
  if (value === undefined || !date.test(value)) {
    return undefined
  }
  const millis = Date.parse(value)
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
