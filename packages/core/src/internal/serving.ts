import type * as Clock from "effect/Clock"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { AuthError, Operation } from "../AuthError.ts"
import { AuthEvent } from "../AuthEvent.ts"
import type { AuthFlow } from "../AuthFlow.ts"
import * as Expiry from "../Expiry.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import type { AccessToken } from "../TokenManager.ts"
import * as TokenSet from "../TokenSet.ts"
import { backgroundPause } from "./backgroundPause.ts"
import { ClockGuard } from "./clockGuard.ts"
import type { Events } from "./events.ts"
import { invalid } from "./ownErrors.ts"
import * as Rejection from "./rejection.ts"

/** The token set that is served, and what its life depends on. */
interface Current extends Rejection.Served {
  readonly tokens: TokenSet.TokenSet
  readonly token: AccessToken
  readonly timeline: Expiry.Timeline
  readonly guard: ClockGuard
  /** Minted by this process: what R18 may revoke. */
  readonly ours: boolean
  /** When it was dropped, in epoch milliseconds. */
  readonly droppedAt: number
}

/** R3, R9: which token is served, and what rejections of it mean. */
export class Serving {
  readonly #flow: AuthFlow
  readonly #policy: RefreshPolicy.Resolved
  readonly #clock: Clock.Clock
  readonly #events: Events
  #current: Current | undefined
  #generation = 0
  #rejections: Rejection.RejectionGate = Rejection.open
  /** R2: the jitter of the next token set, from 0 to 1. */
  sample = 0

  constructor(flow: AuthFlow, policy: RefreshPolicy.Resolved, clock: Clock.Clock, events: Events) {
    this.#flow = flow
    this.#policy = policy
    this.#clock = clock
    this.#events = events
  }

  get current(): Current | undefined {
    return this.#current
  }

  get generation(): number {
    return this.#generation
  }

  /** The lifetime of the token that is served, in milliseconds. */
  get lifetime(): number | undefined {
    const current = this.#current
    return current === undefined ? undefined : current.timeline.expiresAt - current.timeline.issuedAt
  }

  /** How long the token that is served still lives, in milliseconds. */
  get remaining(): number {
    const current = this.#current
    return current === undefined ? 0 : current.timeline.expiresAt - current.guard.now()
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
      : backgroundPause(failures, (current.timeline.expiredAt - current.guard.now()) * 2)
  }

  /** The served token where its real expiry has not come, whatever its phase (R3). */
  alive(): AccessToken | undefined {
    const current = this.#current
    return current !== undefined && !current.dropped && Expiry.isAlive(current.timeline, current.guard.now())
      ? current.token
      : undefined
  }

  /** Serves what was minted; answers how long it lives, in milliseconds. */
  publish(tokens: TokenSet.TokenSet, event: "Minted" | "Refreshed" | "Rotated"): number {
    const guard = new ClockGuard(this.#clock, tokens.issuedAt)
    this.#serve(tokens, guard, true)
    this.#tell(event)
    return tokens.expiresAt - guard.now()
  }

  /** R13: serves what a store holds, where that is fit to be served. */
  adopt(tokens: TokenSet.TokenSet): boolean {
    const guard = new ClockGuard(this.#clock, tokens.issuedAt)
    const phase = Expiry.phase(TokenSet.timeline(tokens, 0, this.#policy), guard.now())
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
    this.#current = {
      tokens,
      guard,
      ours,
      generation: this.#generation,
      timeline: TokenSet.timeline(tokens, this.sample * this.#policy.jitter, this.#policy),
      token: {
        generation: this.#generation,
        value: tokens.accessToken,
        authorization: Redacted.make(`${tokens.tokenType} ${Redacted.value(tokens.accessToken)}`),
        expiresAt: tokens.expiresAt
      },
      dropped: false,
      droppedAt: 0,
      // What was asked for before the rejection replaces nothing: a revocation may have hit it as well.
      // What replaces a token on probation by the clock is on probation: nothing has succeeded since.
      probation:
        previous !== undefined &&
        (previous.probation || (previous.dropped && tokens.issuedAt >= previous.droppedAt)),
      struck: same
    }
    if (same) {
      this.#strike(this.#generation)
    }
  }

  /**
   * What no flow and no store may hand on, however it was built: a token that is no header (R14), a
   * lifetime that is no number (R1), a token that the flow itself does not admit.
   */
  refusal(tokens: TokenSet.TokenSet, operation: Operation): Option.Option<AuthError> {
    const provider = this.#flow.provider
    if (!TokenSet.isToken68(Redacted.value(tokens.accessToken))) {
      return Option.some(
        invalid(provider, operation, "an access token that no Authorization header can carry")
      )
    }
    return tokens.expiresAt > tokens.issuedAt
      ? this.#flow.admit(tokens)
      : Option.some(invalid(provider, operation, "a lifetime that is not positive"))
  }

  /** R9: an API rejected the token. True: a retry makes sense. `canMint`: the budget allows one. */
  reject(rejected: AccessToken, canMint: boolean): boolean {
    const current = this.#current
    if (current === undefined) {
      return false
    }
    const now = this.#clock.unsafeCurrentTimeMillis()
    switch (Rejection.decide(rejected.generation, current, this.#rejections, now, canMint)) {
      case "retry":
        return true
      case "drop":
        this.drop(current.generation)
        return true
      case "strike":
        this.#current = { ...current, struck: true }
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
      const common = this.#events.common
      this.#current = { ...current, dropped: true, droppedAt: common.at }
      this.#events.emit(AuthEvent.Rejected({ ...common, generation }))
    }
  }

  /** R9: a request succeeded with the token of this generation: it is a good one. */
  confirm(generation: number): void {
    const current = this.#current
    if (current !== undefined && current.probation && current.generation === generation) {
      this.#current = { ...current, probation: false, struck: false }
      this.#rejections = Rejection.open
    }
  }

  #strike(generation: number): void {
    const common = this.#events.common
    this.#rejections = Rejection.strike(this.#rejections, common.at)
    const until = common.at + this.#rejections.duration
    this.#events.emit(AuthEvent.ReplacementRejected({ ...common, generation, until }))
  }

  #tell(tag: "Minted" | "Refreshed" | "Rotated" | "Adopted"): void {
    const current = this.#current
    if (current !== undefined) {
      const { generation, timeline } = current
      this.#events.emit(AuthEvent[tag]({ ...this.#events.common, generation, expiresAt: timeline.expiresAt }))
    }
  }
}
