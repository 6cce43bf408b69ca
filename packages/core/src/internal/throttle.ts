import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { AuthError, Operation } from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import type { Credential } from "../AuthFlow.ts"
import { backgroundPause } from "./backgroundPause.ts"
import * as FailureGate from "./failureGate.ts"
import * as MintBudget from "./mintBudget.ts"
import { budgetSpent } from "./ownErrors.ts"
import type { Parts } from "./parts.ts"

type Gate = FailureGate.FailureGate & {
  /** The credential that was refused; another one opens the gate (R16). */
  readonly credential: Option.Option<Credential>
}

/** How often a closed gate looks whether the credential has changed (R16). */
const credentialCheckInterval = 1_000

/** R11, R12: whether the provider may be asked now, and what callers get while it may not. */
export class Throttle {
  readonly #parts: Parts
  #gate: Gate | undefined
  #credentialCheckedAt = 0
  #budget: MintBudget.MintBudget
  #failedFlights = 0
  #pausedAt = 0
  #pause = 0
  #lastFailure: AuthError | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#budget = MintBudget.full(parts.now())
  }

  get lastFailure(): Option.Option<AuthError> {
    return Option.fromNullable(this.#lastFailure)
  }

  get closedUntil(): Option.Option<number> {
    const gate = this.#gate
    return FailureGate.isClosed(gate, this.#parts.now())
      ? Option.some(gate.closedAt + gate.duration)
      : Option.none()
  }

  /** R11: what a caller fails with at once; none where a flight may start. */
  refusal(): AuthError | undefined {
    const gate = this.#gate
    const now = this.#parts.now()
    if (!FailureGate.isClosed(gate, now)) {
      return undefined
    }
    const checkIsDue =
      FailureGate.isTerminal(gate.error) &&
      Math.abs(now - this.#credentialCheckedAt) >= credentialCheckInterval
    return checkIsDue ? undefined : gate.error
  }

  /** Whether a refresh may start that nobody waits for. */
  allowsBackground(): boolean {
    const now = this.#parts.now()
    const paused = now >= this.#pausedAt && now < this.#pausedAt + this.#pause
    return !paused && !FailureGate.isClosed(this.#gate, now) && this.hasBudget()
  }

  /** R16: a gate that is closed for a refused credential opens for another one, and for nothing else. */
  checkCredential(deadlineAt: number): Effect.Effect<void, AuthError> {
    return Effect.suspend(() => {
      const gate = this.#gate
      if (!FailureGate.isClosed(gate, this.#parts.now())) {
        return Effect.void
      }
      this.#credentialCheckedAt = this.#parts.now()
      return Effect.matchEffect(this.#parts.grants.credential(deadlineAt), {
        onFailure: () => Effect.fail(gate.error),
        onSuccess: (credential) => {
          if (Equal.equals(Option.some(credential), gate.credential)) {
            return Effect.fail(gate.error)
          }
          this.#open()
          return Effect.void
        }
      })
    })
  }

  #open(): void {
    if (this.#gate !== undefined) {
      this.#gate = undefined
      this.#parts.events.emit(AuthEvent.GateOpened(this.#parts.events.common))
    }
  }

  /** A flight landed well. */
  succeeded(): void {
    this.#failedFlights = 0
    this.#pause = 0
    this.#lastFailure = undefined
    this.#open()
  }

  /** A flight failed: remembers what the next callers need to know. */
  failed(error: AuthError): void {
    const now = this.#parts.now()
    this.#lastFailure = error
    this.#failedFlights += 1
    this.#pausedAt = now
    this.#pause = backgroundPause(this.#failedFlights, this.#parts.serving.remaining)
    // The gate itself made this flight fail: it has been counted.
    if (error === this.#gate?.error) {
      return
    }
    // Callers are to see why it failed, and not that the budget is spent for it as well.
    const gate = FailureGate.afterFailure(this.#gate, error, now, this.#wait())
    this.#gate = gate && { ...gate, credential: Option.fromNullable(this.#parts.grants.presented) }
    if (gate !== undefined) {
      this.#credentialCheckedAt = now
      const until = now + gate.duration
      this.#parts.events.emit(AuthEvent.GateClosed({ ...this.#parts.events.common, error, until }))
    }
  }

  /** R12: whether a mint may be made now. */
  hasBudget(): boolean {
    return this.#wait() === 0
  }

  #wait(): number {
    return MintBudget.waitFor(this.#budget, this.#parts.serving.lifetime, this.#parts.now())
  }

  /** R12: the error of a mint that the budget does not allow; none where it does. */
  overBudget(operation: Operation): Option.Option<AuthError> {
    const wait = this.#wait()
    if (wait === 0) {
      return Option.none()
    }
    const until = this.#parts.now() + wait
    this.#parts.events.emit(AuthEvent.BudgetSpent({ ...this.#parts.events.common, until }))
    return Option.some(budgetSpent(this.#parts.events.provider, operation, until, this.#lastFailure))
  }

  /** R12: one mint was made. */
  countMint(brought: keyof MintBudget.MintBudget): void {
    this.#budget = MintBudget.afterMint(
      this.#budget,
      brought,
      this.#parts.serving.lifetime,
      this.#parts.now()
    )
  }
}
