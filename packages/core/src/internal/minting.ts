import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { AuthError } from "../AuthError.ts"
import * as AuthEvent from "../AuthEvent.ts"
import type * as TokenSet from "../TokenSet.ts"
import { mayHaveIssued, mayHaveSpent, verdict } from "./afterFailure.ts"
import type { HeldGrant } from "./chooseGrant.ts"
import { mergeTokens } from "./mergeTokens.ts"
import { exhausted, invalid, shutDown, tooLate, unavailable } from "./ownErrors.ts"
import type { Parts } from "./parts.ts"
import { rescuedWith, unserved, withRefreshToken } from "./rescued.ts"
import { giveUp, retryPlan } from "./retryPlan.ts"
import * as Sending from "./sending.ts"

/** What became of an answer: held, and in the store; or a sibling's newer one was taken instead. */
type Kept =
  | { readonly _tag: "Adopted" }
  | { readonly _tag: "Ours"; readonly tokens: TokenSet.TokenSet; readonly rotated: boolean }

/** A flow that keeps refusing its own refresh tokens is not followed further than this. */
const maxGrantsPerFlight = 3

/** R8: whether it is known what became of the refresh token: it is still good, has ended, or was rotated. */
const isClear = (exit: Exit.Exit<TokenSet.TokenSet, AuthError>): boolean =>
  Exit.isSuccess(exit) ||
  Option.exists(
    Cause.failureOption(exit.cause),
    (error) => !mayHaveSpent(error) || Option.isSome(rescuedWith(error))
  )

const impossible = () => Effect.dieMessage("the flow has no such grant")

/** What one flight does: R5 to R8, within its deadline. */
export class Minting {
  readonly #parts: Parts
  #criticalSections = 0
  /** Set when the scope closes: a flight that may go on for a while starts nothing new. */
  stopped = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** R7, R18: whether a receive is under way that must not be interrupted. */
  get isCritical(): boolean {
    return this.#criticalSections > 0
  }

  get flight(): Effect.Effect<void, AuthError> {
    return Effect.suspend(() => {
      const { leasing, policy, serving, throttle } = this.#parts
      const deadlineAt = this.#parts.now() + policy.mintDeadline
      const mint = (until: number) => this.#mint(until, maxGrantsPerFlight)
      return Random.next.pipe(
        Effect.map((sample) => {
          serving.sample = sample
        }),
        Effect.zipRight(throttle.checkCredential(deadlineAt)),
        Effect.zipRight(leasing === undefined ? mint(deadlineAt) : leasing.mint(this.#adopt, mint))
      )
    })
  }

  /** R13: takes over what a store holds. Where it is not served, the next refresh is made from it. */
  get #adopt(): (tokens: TokenSet.TokenSet) => boolean {
    const { grants, serving } = this.#parts
    return (tokens) => {
      grants.held = tokens
      return serving.adopt(tokens)
    }
  }

  /**
   * R5, R6: mints by the grant that fits, and goes on to the next where the refresh token is refused.
   * `instead`: what this flight was refused with, whose refresh token is kept and gives way to a login.
   */
  #mint(deadlineAt: number, grantsLeft: number, instead?: AuthError): Effect.Effect<void, AuthError> {
    return Effect.gen(this, function* () {
      const { flow, grants, store, throttle } = this.#parts
      if (this.stopped) {
        return yield* Effect.fail(shutDown(flow.provider))
      }
      const grant = yield* grants.choose(deadlineAt, instead !== undefined)
      if (grant._tag === "Exhausted") {
        return yield* Effect.fail(exhausted(flow.provider, grant.expiredAt))
      }
      const overBudget = throttle.overBudget(grant._tag === "Login" ? "login" : "refresh")
      if (Option.isSome(overBudget)) {
        return yield* Effect.fail(instead ?? overBudget.value)
      }
      if (grant._tag === "Login") {
        return yield* this.#login(deadlineAt)
      }
      const refreshToken = grant.grant.refreshToken
      const sending = Sending.start()
      const outcome = yield* Effect.either(this.#refresh(grant.grant, deadlineAt, sending))
      if (Either.isRight(outcome)) {
        return
      }
      const error = outcome.left
      const what = verdict(error)
      if (what === "refresh token ended") {
        grants.spend(refreshToken)
      }
      const refused = what === "refused" && Sending.mayBeSent(sending)
      const givesWay = refused && grants.refuse(refreshToken, error)
      if (what !== "refresh token ended" && !refused && !grants.isDoubtful(refreshToken)) {
        return yield* Effect.fail(error)
      }
      // R6, R8: a sibling may have rotated it.
      if (store !== undefined && (yield* store.adopt(this.#adopt))) {
        return
      }
      const next = yield* grants.choose(deadlineAt, givesWay)
      // R8: without a login a token in doubt is kept, and so is one that was refused: for the next flight.
      const again = next._tag === "Refresh" && Equal.equals(next.grant.refreshToken, refreshToken)
      const rescued = Option.isSome(rescuedWith(error)) && !givesWay
      if (next._tag === "Exhausted" || again || rescued || grantsLeft <= 1) {
        return yield* Effect.fail(error)
      }
      return yield* this.#mint(deadlineAt, grantsLeft - 1, givesWay ? error : undefined)
    })
  }

  #login(deadlineAt: number): Effect.Effect<void, AuthError> {
    const { flow, grants } = this.#parts
    return Option.match(flow.login, {
      onNone: impossible,
      onSome: (login) => {
        // The credential is read for each try: R16.
        const mint = Effect.flatMap(grants.credential(deadlineAt), (credential) =>
          this.#count("login", login(credential))
        )
        return this.#tries("login", mint, deadlineAt).pipe(
          Effect.flatMap((tokens) => this.#receive(tokens, "login", Option.none())),
          Effect.catchAll((error) => this.#rescue(error, Option.none()))
        )
      }
    })
  }

  #refresh(grant: HeldGrant, deadlineAt: number, sending: Sending.Sending): Effect.Effect<void, AuthError> {
    const { flow, grants } = this.#parts
    return Option.match(flow.refresh, {
      onNone: impossible,
      onSome: (refresh) => {
        const mint = this.#count("refresh", this.#inDoubt(refresh(grant), grant, sending))
        // R8: once in doubt, once more and not again.
        const again = () => !(flow.rotates && grants.isDoubtful(grant.refreshToken))
        const received = this.#tries("refresh", mint, deadlineAt, again).pipe(
          Effect.flatMap((tokens) => this.#receive(tokens, "refresh", Option.some(grant))),
          Effect.map(() => grants.accepted()),
          Effect.catchAll((error) => this.#rescue(error, Option.some(grant)))
        )
        // Once a rotating refresh token may be spent, nothing but the deadline stops us from hearing
        // and storing what it was spent for.
        return flow.rotates ? this.#critical(received) : received
      }
    })
  }

  /** R8: notes a rotating refresh that went out and brought no clear answer: failed, or cut off by its deadline. */
  #inDoubt(
    refresh: Effect.Effect<TokenSet.TokenSet, AuthError>,
    { refreshToken }: HeldGrant,
    sending: Sending.Sending
  ): Effect.Effect<TokenSet.TokenSet, AuthError> {
    return Effect.suspend(() => {
      sending.stage = "unknown"
      return Effect.onExit(Sending.track(refresh, sending), (exit) =>
        Effect.sync(() => {
          if (this.#parts.flow.rotates && Sending.mayBeSent(sending) && !isClear(exit)) {
            this.#parts.grants.doubt(refreshToken)
          }
        })
      )
    })
  }

  /** R4, R11: the tries of one mint, within the deadline of the flight. */
  #tries(
    grant: AuthEvent.Grant,
    mint: Effect.Effect<TokenSet.TokenSet, AuthError>,
    deadlineAt: number,
    again: () => boolean = () => true
  ): Effect.Effect<TokenSet.TokenSet, AuthError> {
    return Effect.suspend(() => {
      const { flow, policy, serving, throttle } = this.#parts
      return mint.pipe(
        Effect.retry({
          schedule: retryPlan(policy.retry, deadlineAt, (failures) => serving.patience(failures)),
          while: () => !this.stopped && again() && throttle.hasBudget()
        }),
        Effect.mapError((error) => giveUp(error, deadlineAt)),
        Effect.timeoutFail({
          duration: Math.max(0, deadlineAt - this.#parts.now()),
          onTimeout: () => tooLate(flow.provider, grant, "it did not answer in time")
        })
      )
    })
  }

  /** R12, R19: one call of the token endpoint, counted, timed, and under a span of its own. */
  #count(
    grant: AuthEvent.Grant,
    mint: Effect.Effect<TokenSet.TokenSet, AuthError>
  ): Effect.Effect<TokenSet.TokenSet, AuthError> {
    return Effect.suspend(() => {
      const { events, flow, throttle } = this.#parts
      const startedAt = this.#parts.now()
      return mint.pipe(
        Effect.withSpan("latchkey.mint", {
          root: true,
          kind: "client",
          captureStackTrace: false,
          attributes: { provider: flow.provider, grant }
        }),
        Effect.onExit((exit) => {
          const error = Exit.isFailure(exit)
            ? Option.getOrElse(Cause.failureOption(exit.cause), () =>
                Cause.isInterrupted(exit.cause)
                  ? tooLate(flow.provider, grant, "it did not answer in time")
                  : unavailable(flow.provider, grant, "its flow died of a defect")
              )
            : undefined
          throttle.countMint(error === undefined || mayHaveIssued(error) ? "issued" : "failed")
          if (error !== undefined) {
            events.emit(AuthEvent.AuthEvent.MintFailed({ ...events.common, grant, error }))
          }
          const seconds = Math.max(0, this.#parts.now() - startedAt) / 1000
          return AuthEvent.countMint(flow.provider, grant, error?._tag ?? "success", seconds)
        })
      )
    })
  }

  /**
   * R7, R18: what the closing of the scope waits for rather than interrupts. `Effect.uninterruptible`
   * would not do: an interruption reaches the children of a fiber (a timeout runs its effect in one)
   * even where the fiber itself cannot be interrupted. Nobody else interrupts a flight.
   */
  #critical<A>(effect: Effect.Effect<A, AuthError>): Effect.Effect<A, AuthError> {
    return Effect.suspend(() => {
      this.#criticalSections += 1
      return Effect.ensuring(
        effect,
        Effect.sync(() => {
          this.#criticalSections -= 1
        })
      )
    })
  }

  /**
   * R7: an answer that is refused may have brought a refresh token: the one it was asked with is spent
   * then. It is kept, in the store too, beside an access token that has expired from the beginning.
   */
  #rescue(error: AuthError, used: Option.Option<HeldGrant>): Effect.Effect<void, AuthError> {
    return Option.match(rescuedWith(error), {
      onNone: () => Effect.fail(error),
      onSome: (rescued) =>
        Effect.flatMap(this.#critical(this.#keep(unserved(rescued, used), used)), (kept) =>
          kept._tag === "Adopted" ? Effect.void : Effect.fail(error)
        )
    })
  }

  /** R7: stores what a mint brought, then serves it. Not interruptible between the two. */
  #receive(
    answered: TokenSet.TokenSet,
    grant: AuthEvent.Grant,
    used: Option.Option<HeldGrant>
  ): Effect.Effect<void, AuthError> {
    const { flow, serving } = this.#parts
    const refused = serving.refusal(answered, grant)
    if (Option.isSome(refused)) {
      return Effect.fail(withRefreshToken(refused.value, answered))
    }
    return this.#critical(
      Effect.flatMap(this.#keep(answered, used), (kept) => {
        // A sibling wrote something newer meanwhile: that is served, and ours is forgotten (R6).
        if (kept._tag === "Adopted") {
          return Effect.void
        }
        if (!(kept.tokens.expiresAt > this.#parts.now())) {
          return Effect.fail(
            invalid(
              flow.provider,
              grant,
              "an access token whose lifetime was over on arrival: check this machine's clock"
            )
          )
        }
        const event = grant === "login" ? "Minted" : kept.rotated ? "Rotated" : "Refreshed"
        const remaining = serving.publish(kept.tokens, event)
        return AuthEvent.recordExpiry(flow.provider, remaining / 1000)
      })
    )
  }

  /** R7: holds and stores what an answer brought. */
  #keep(answered: TokenSet.TokenSet, used: Option.Option<HeldGrant>): Effect.Effect<Kept, AuthError> {
    return Effect.suspend(() => {
      const { grants, store } = this.#parts
      const { spent, tokens } = mergeTokens(answered, used, grants.held)
      if (Option.isSome(spent)) {
        grants.spend(spent.value)
      }
      // R7: if the flight is lost while it writes, the next refresh is made from what was received.
      grants.held = tokens
      const saved = store === undefined ? Effect.succeed("written") : store.save(tokens, this.#adopt)
      return Effect.map(saved, (outcome): Kept => {
        if (outcome === "adopted") {
          return { _tag: "Adopted" }
        }
        grants.held = tokens
        return { _tag: "Ours", tokens, rotated: Option.isSome(spent) }
      })
    })
  }
}
