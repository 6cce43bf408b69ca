export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** By linear interpolation between the two nearest. */
export const quantile = (values: ReadonlyArray<number>, at: number): number => {
  const sorted = Float64Array.from(values).sort()
  const position = (sorted.length - 1) * at
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}
