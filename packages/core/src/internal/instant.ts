import * as DateTime from "effect/DateTime"

/**
 * Epoch milliseconds as a `DateTime`; undefined where no date can name them. Not by `DateTime.make`,
 * which brings time zones and their parsers into every bundle.
 */
export const instant = (millis: number | undefined): DateTime.Utc | undefined => {
  const date = new Date(millis ?? NaN)
  return Number.isNaN(date.getTime()) ? undefined : DateTime.unsafeFromDate(date)
}
