import * as Inspectable from "effect/Inspectable"
import * as Redacted from "effect/Redacted"
import type * as Expiry from "../Expiry.ts"
import type { AccessToken } from "../TokenManager.ts"
import type { TokenSet } from "../TokenSet.ts"
import type { ClockGuard } from "./clockGuard.ts"
import type * as Rejection from "./rejection.ts"

/** A token set while it is served, and what its life depends on. There is one for each tenant: it is small. */
export class Served extends Inspectable.Class implements AccessToken, Rejection.Served, Expiry.Timeline {
  readonly generation: number
  readonly tokens: TokenSet
  readonly guard: ClockGuard
  readonly staleAt: number
  readonly expiredAt: number
  /** Minted by this process: what R18 may revoke. */
  readonly ours: boolean
  dropped = false
  probation: boolean
  struck: boolean
  /** When it was dropped, in epoch milliseconds. */
  droppedAt: number | undefined = undefined

  constructor(
    generation: number,
    tokens: TokenSet,
    guard: ClockGuard,
    timeline: Expiry.Timeline,
    facts: Pick<Served, "ours" | "probation" | "struck">
  ) {
    super()
    this.generation = generation
    this.tokens = tokens
    this.guard = guard
    this.staleAt = timeline.staleAt
    this.expiredAt = timeline.expiredAt
    this.ours = facts.ours
    this.probation = facts.probation
    this.struck = facts.struck
  }

  get value(): Redacted.Redacted<string> {
    return this.tokens.accessToken
  }

  get tokenType(): string {
    return this.tokens.tokenType
  }

  get authorization(): Redacted.Redacted<string> {
    return Redacted.make(`${this.tokenType} ${Redacted.value(this.value)}`)
  }

  get issuedAt(): number {
    return this.tokens.issuedAt
  }

  get expiresAt(): number {
    return this.tokens.expiresAt
  }

  toJSON(): unknown {
    const { expiresAt, generation, tokenType, value } = this
    return { generation, tokenType, value, expiresAt }
  }
}
