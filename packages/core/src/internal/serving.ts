import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { AuthError, Operation } from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import * as Expiry from "../Expiry.ts"
import * as TokenSet from "../TokenSet.ts"
import { flawOf } from "./tokenSetFlaw.ts"
import { backgroundPause } from "./backgroundPause.ts"
import { ClockGuard } from "./clockGuard.ts"
import { invalid } from "./ownErrors.ts"
import type { Parts } from "./parts.ts"
import * as Rejection from "./rejection.ts"
import { Served } from "./served.ts"

/** R3, R9: which token is served, and what rejections of it mean. */
export class Serving {
  readonly #parts: Parts
  #current: Served | undefined
  #generation = 0
  #rejections: Rejection.RejectionGate = Rejection.open
  /** R2: the jitter of the next token set, from 0 to 1. */
  sample = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get current(): Served | undefined {
    return this.#current
  }

  get generation(): number {
    return this.#generation
  }

  /** The lifetime of the token that is served, in milliseconds. */
  get lifetime(): number | undefined {
    const current = this.#current
    return current === undefined ? undefined : current.expiresAt - current.issuedAt
  }

  /** How long the token that is served still lives, in milliseconds. */
  get remaining(): number {
    const current = this.#current
    return current === undefined ? 0 : current.expiresAt - current.guard.now()
  }

  /**
   * R3, R11: how long the next try of a mint that failed may wait, in milliseconds: while the token is
   * served nobody waits for it, and the provider gets time to recover. Half of what is left until
   * somebody would have to wait, at most.
   */
  patience(failures: number): number {
    const current = this.#current
    return current === undefined || current.dropped
      ? 0
      : backgroundPause(failures, (current.expiredAt - current.guard.now()) * 2)
  }

  /** The served token where its real expiry has not come, whatever its phase (R3). */
  alive(): Served | undefined {
    const current = this.#current
    return current !== undefined && !current.dropped && Expiry.isAlive(current, current.guard.now())
      ? current
      : undefined
  }

  /** Serves what was minted; answers how long it lives, in milliseconds. */
  publish(tokens: TokenSet.TokenSet, event: "Minted" | "Refreshed" | "Rotated"): number {
    const guard = new ClockGuard(this.#parts.clock, tokens.issuedAt)
    this.#serve(tokens, guard, true)
    this.#tell(event)
    return tokens.expiresAt - guard.now()
  }

  /** R13: serves what a store holds, where that is fit to be served. */
  adopt(tokens: TokenSet.TokenSet): boolean {
    const guard = new ClockGuard(this.#parts.clock, tokens.issuedAt)
    const phase = Expiry.phase(TokenSet.timeline(tokens, 0, this.#parts.policy), guard.now())
    const current = this.#current
    const rejected = current?.dropped === true && Equal.equals(current.tokens.accessToken, tokens.accessToken)
    const fit = phase === "fresh" || (phase === "stale" && this.alive() === undefined)
    if (!fit || rejected || Option.isSome(this.refusal(tokens, "store"))) {
      return false
    }
    this.#serve(tokens, guard, false)
    this.#tell("Adopted")
    return true
  }

  #serve(tokens: TokenSet.TokenSet, guard: ClockGuard, ours: boolean): void {
    const previous = this.#current
    // R9: the mint handed back the very token that was rejected: minting again cannot help.
    const same = previous?.dropped === true && Equal.equals(previous.tokens.accessToken, tokens.accessToken)
    this.#generation += 1
    const timeline = TokenSet.timeline(tokens, this.sample * this.#parts.policy.jitter, this.#parts.policy)
    this.#current = new Served(this.#generation, tokens, guard, timeline, {
      ours,
      // What was asked for before the rejection replaces nothing: a revocation may have hit it as well.
      // What replaces a token on probation by the clock is on probation: nothing has succeeded since.
      probation:
        previous !== undefined &&
        (previous.probation || (previous.droppedAt !== undefined && tokens.issuedAt >= previous.droppedAt)),
      struck: same
    })
    if (same) {
      this.#strike(this.#generation)
    }
  }

  /**
   * What no flow and no store may hand on, however it was built: a token or a type that is no header (R14),
   * a lifetime that is no number (R1), a token that the flow itself does not admit.
   */
  refusal(tokens: TokenSet.TokenSet, operation: Operation): Option.Option<AuthError> {
    const { flow } = this.#parts
    const flaw = flawOf(tokens)
    return flaw === undefined ? flow.admit(tokens) : Option.some(invalid(flow.provider, operation, flaw))
  }

  /** R9: an API rejected the token. True: a retry makes sense. `canMint`: the budget allows one. */
  reject(rejected: { readonly generation: number }, canMint: boolean): boolean {
    const current = this.#current
    if (current === undefined) {
      return false
    }
    const now = this.#parts.now()
    switch (Rejection.decide(rejected.generation, current, this.#rejections, now, canMint)) {
      case "retry":
        return true
      case "drop":
        this.drop(current.generation)
        return true
      case "strike":
        current.struck = true
        this.#strike(current.generation)
        return false
      case "return":
        return false
    }
  }

  /** Drops the token of a generation, if it is the one that is served: compare-and-set. */
  drop(generation: number): void {
    const current = this.#current
    if (current !== undefined && !current.dropped && current.generation === generation) {
      const common = this.#parts.events.common
      current.dropped = true
      current.droppedAt = common.at
      this.#parts.events.emit(AuthEvent.Rejected({ ...common, generation }))
    }
  }

  /** R9: a request succeeded with the token of this generation: it is a good one. */
  confirm(generation: number): void {
    const current = this.#current
    if (current !== undefined && current.probation && current.generation === generation) {
      current.probation = false
      current.struck = false
      this.#rejections = Rejection.open
    }
  }

  #strike(generation: number): void {
    const common = this.#parts.events.common
    this.#rejections = Rejection.strike(this.#rejections, common.at)
    const until = common.at + this.#rejections.duration
    this.#parts.events.emit(AuthEvent.ReplacementRejected({ ...common, generation, until }))
  }

  #tell(tag: "Minted" | "Refreshed" | "Rotated" | "Adopted"): void {
    const current = this.#current
    if (current !== undefined) {
      const { expiresAt, generation } = current
      this.#parts.events.emit(AuthEvent[tag]({ ...this.#parts.events.common, generation, expiresAt }))
    }
  }
}
