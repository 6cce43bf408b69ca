import { pause } from "./failureGate.ts"

/** What R9 needs to know of the token set that a manager serves. */
export interface Served {
  readonly generation: number
  /** Dropped: it was rejected, and is not served any more. */
  readonly dropped: boolean
  /** Minted to replace a rejected one, and no request has succeeded with it yet. */
  readonly probation: boolean
  /** A rejection on probation has been counted against it. */
  readonly struck: boolean
}

/** R9, R11: how often in a row a replacement was rejected as well, and until when no other is minted. */
export interface RejectionGate {
  readonly strikes: number
  readonly closedAt: number
  readonly duration: number
}

export const open: RejectionGate = { strikes: 0, closedAt: 0, duration: 0 }

/** One more replacement that did not help: 1 s, doubling to 5 minutes. */
export const strike = (gate: RejectionGate, now: number): RejectionGate => ({
  strikes: gate.strikes + 1,
  closedAt: now,
  duration: pause(gate.strikes + 1)
})

const isClosed = (gate: RejectionGate, now: number): boolean =>
  now >= gate.closedAt && now < gate.closedAt + gate.duration

/**
 * R9: what to do about a rejected generation.
 *
 * - `retry`: a newer token is there, or being minted: wait for it and send once more.
 * - `drop`: it is the current one: drop it, mint once, send once more.
 * - `strike`: it is on probation, so minting did not help: count it, return the 401.
 * - `return`: it was counted, and the gate is closed or the budget spent: return the 401.
 */
export type Decision = "retry" | "drop" | "strike" | "return"

export const decide = (
  rejected: number,
  served: Served,
  gate: RejectionGate,
  now: number,
  canMint: boolean = true
): Decision => {
  if (rejected < served.generation || served.dropped) {
    return "retry"
  }
  if (!served.probation) {
    return "drop"
  }
  if (!served.struck) {
    return "strike"
  }
  return isClosed(gate, now) || !canMint ? "return" : "drop"
}
