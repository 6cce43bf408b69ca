const first = 500
const longest = 30_000

/**
 * How long a stale token is served without another background refresh after `failures` failed
 * flights in a row, in milliseconds: nobody waits for it, so the provider gets time to recover.
 * Never more than a quarter of what is left of the token (R3, R11).
 */
export const backgroundPause = (failures: number, remaining: number): number =>
  Math.min(longest, first * 2 ** Math.min(failures - 1, 10), Math.max(0, remaining / 4))
