import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { NodeInspectSymbol } from "effect/Inspectable"
import type * as Stream from "effect/Stream"
import type { AuthError } from "../AuthError.ts"
import * as AuthEvent from "../AuthEvent.ts"
import type { AuthFlow } from "../AuthFlow.ts"
import * as Expiry from "../Expiry.ts"
import type * as TokenManager from "../TokenManager.ts"
import { Flight, isolatesRequests } from "./flight.ts"
import { TypeId } from "./managerTypeId.ts"
import { Minting } from "./minting.ts"
import type { Parts } from "./parts.ts"
import { shutDown, tooLate, unavailable } from "./ownErrors.ts"
import { retryPlan } from "./retryPlan.ts"

/**
 * A flight over a store ends within so many deadlines: R13 lets it wait three and a half for leases, and one
 * for a store that is away; then come its mint and, a quarter each, its reads and writes.
 */
const deadlinesOverStore = 8

/** R3, R4: serves the token, and keeps one flight at a time. */
export class Manager implements TokenManager.TokenManager {
  readonly [TypeId]: typeof TypeId = TypeId
  readonly flow: AuthFlow

  readonly #parts: Parts
  readonly #minting: Minting
  #flight: Flight | undefined
  #closed = false

  constructor(parts: Parts) {
    this.flow = parts.flow
    this.#parts = parts
    this.#minting = new Minting(parts)
  }

  get get(): Effect.Effect<TokenManager.AccessToken, AuthError> {
    return Effect.suspend(() => {
      const token = this.unsafeGet()
      return token === undefined ? this.#await(2) : Effect.succeed(token)
    })
  }

  unsafeGet(): TokenManager.AccessToken | undefined {
    const current = this.#parts.serving.current
    if (current === undefined || current.dropped) {
      return undefined
    }
    const now = current.guard.now()
    if (now < current.staleAt) {
      return current
    }
    if (now < current.expiredAt) {
      this.#refreshInBackground(now)
      return current
    }
    return undefined
  }

  #refreshInBackground(now: number): void {
    if (this.#flight?.isLost(now) === true) {
      this.#lose(this.#flight)
    }
    if (this.#flight === undefined && !this.#closed && this.#parts.throttle.allowsBackground()) {
      this.#launch()
    }
  }

  /** R3: waits for the flight, and falls back to a token that still lives when it fails. */
  #await(tries: number): Effect.Effect<TokenManager.AccessToken, AuthError> {
    return Effect.matchCauseEffect(this.#join, {
      onFailure: (cause) => {
        const token = Cause.isInterruptedOnly(cause) ? undefined : this.#parts.serving.alive()
        return token === undefined ? Effect.failCause(cause) : Effect.succeed(token)
      },
      onSuccess: () => {
        const token = this.#parts.serving.alive()
        if (token !== undefined) {
          return Effect.succeed(token)
        }
        // The new token was rejected, or expired, before this caller had its turn.
        return tries > 0
          ? this.#await(tries - 1)
          : Effect.fail(
              unavailable(
                this.flow.provider,
                "request",
                "its tokens expire or are rejected faster than they can be used"
              )
            )
      }
    })
  }

  /** R4, R11: joins the flight in progress, starts one, or fails at once where none may start. */
  get #join(): Effect.Effect<void, AuthError> {
    return Effect.suspend(() => {
      if (this.#flight !== undefined) {
        return this.#flight.landed
      }
      if (this.#closed) {
        return Effect.fail(shutDown(this.flow.provider))
      }
      const refusal = this.#parts.throttle.refusal()
      return refusal === undefined ? this.#launch().landed : Effect.fail(refusal)
    })
  }

  /** R4: runs in the manager, not in the caller: an interrupted caller leaves it running. */
  #launch(): Flight {
    const { leasing, policy, runtime } = this.#parts
    const longest = policy.mintDeadline * (leasing === undefined ? 1 : deadlinesOverStore)
    const flight: Flight = new Flight(runtime, this.#parts.now() + longest, isolatesRequests(), () =>
      this.#lose(flight)
    )
    this.#flight = flight
    // Not immediate: the caller that triggers a background refresh does not even run its first step.
    flight.fiber = Runtime.runFork(runtime)(
      this.#minting.flight.pipe(
        Effect.onExit((exit) => Effect.sync(() => this.#land(flight, exit))),
        Effect.catchAllCause(() => Effect.void)
      ),
      { immediate: false }
    )
    policy.waitUntil?.(flight.settled)
    return flight
  }

  /** R4: ends a flight that cannot end by itself, as the request that its timers belonged to is over. */
  #lose(flight: Flight): void {
    if (this.#flight === flight) {
      this.#land(
        flight,
        Exit.fail(
          tooLate(
            this.flow.provider,
            "request",
            "the request that asked for its token ended before the answer came"
          )
        )
      )
      flight.fiber?.unsafeInterruptAsFork(FiberId.none)
    }
  }

  /** Remembers what the next callers need to know, and lets the waiters go. */
  #land(flight: Flight, exit: Exit.Exit<void, AuthError>): void {
    if (this.#flight !== flight) {
      return
    }
    this.#flight = undefined
    if (Exit.isSuccess(exit)) {
      this.#parts.throttle.succeeded()
      flight.land(Exit.void)
      return
    }
    const failure = Cause.failureOption(exit.cause)
    if (Option.isSome(failure)) {
      this.#parts.throttle.failed(failure.value)
      flight.land(Exit.fail(failure.value))
      return
    }
    // A flight is interrupted by the closing of the scope only; anything else is a defect of the flow.
    const cause = Cause.isInterrupted(exit.cause) ? Cause.fail(shutDown(this.flow.provider)) : exit.cause
    flight.land(Exit.failCause(cause))
  }

  unsafeReject(rejected: TokenManager.AccessToken): boolean {
    Runtime.runSync(this.#parts.runtime)(AuthEvent.countRejection(this.flow.provider))
    return this.#parts.serving.reject(rejected, this.#parts.throttle.hasBudget())
  }

  unsafeConfirm(generation: number): void {
    this.#parts.serving.confirm(generation)
  }

  replacement(
    rejected: TokenManager.AccessToken
  ): Effect.Effect<Option.Option<TokenManager.AccessToken>, AuthError> {
    return Effect.map(this.get, (token) =>
      Option.liftPredicate(token, () => !Equal.equals(token.value, rejected.value))
    )
  }

  invalidate(generation: number): Effect.Effect<void> {
    return Effect.sync(() => this.#parts.serving.drop(generation))
  }

  get status(): Effect.Effect<TokenManager.Status> {
    return Effect.suspend(() => {
      const current = this.#parts.serving.current
      const served = Option.fromNullable(current)
      const status: TokenManager.Status = {
        provider: this.flow.provider,
        store: Option.fromNullable(this.#parts.store?.name),
        phase:
          current === undefined
            ? "empty"
            : current.dropped
              ? "rejected"
              : Expiry.phase(current, current.guard.now()),
        generation: this.#parts.serving.generation,
        staleAt: Option.map(served, ({ staleAt }) => staleAt),
        expiresAt: Option.map(served, ({ expiresAt }) => expiresAt),
        minting: this.#flight !== undefined,
        lastFailure: this.#parts.throttle.lastFailure,
        gateClosedUntil: this.#parts.throttle.closedUntil
      }
      return current === undefined
        ? Effect.succeed(status)
        : Effect.as(AuthEvent.recordExpiry(this.flow.provider, this.#parts.serving.remaining / 1000), status)
    })
  }

  get events(): Stream.Stream<AuthEvent.AuthEvent> {
    return this.#parts.events.stream
  }

  /** R18: run by what the manager was made with, whoever closes the scope: a revocation is a call of its client. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.flatten(Fiber.await(Runtime.runFork(this.#parts.runtime)(this.#shutDown)))
    )
  }

  /** R18: lets a receive finish, interrupts the rest, and revokes if asked. */
  get #shutDown(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      this.#minting.stopped = true
      const flight = this.#flight
      const fiber = flight?.fiber
      const ended =
        fiber === undefined
          ? Effect.void
          : this.#minting.isCritical
            ? Fiber.await(fiber)
            : Fiber.interrupt(fiber)
      return ended.pipe(
        // A flight that was interrupted before its first step has landed nobody.
        Effect.zipRight(
          Effect.sync(() => {
            if (flight !== undefined) {
              this.#land(flight, Exit.interrupt(FiberId.none))
            }
          })
        ),
        Effect.zipRight(this.#parts.store === undefined ? Effect.void : this.#parts.store.close),
        Effect.zipRight(this.#parts.leasing === undefined ? Effect.void : this.#parts.leasing.close),
        Effect.zipRight(this.#revoke),
        Effect.zipRight(this.#parts.events.close)
      )
    })
  }

  /** R18: revokes what this process minted, within the time of a mint, and tells what became of it. */
  get #revoke(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { events, policy, store } = this.#parts
      const { provider, revoke } = this.flow
      const current = this.#parts.serving.current
      if (!policy.revokeOnRelease || current === undefined || !current.ours || Option.isNone(revoke)) {
        return Effect.void
      }
      const { generation, tokens } = current
      return Effect.suspend(() => revoke.value(tokens)).pipe(
        Effect.retry(retryPlan(policy.retry, this.#parts.now() + policy.mintDeadline)),
        Effect.interruptible,
        Effect.timeoutFail({
          duration: policy.mintDeadline,
          onTimeout: () => tooLate(provider, "revoke", "it did not answer in time")
        }),
        Effect.zipRight(store === undefined ? Effect.void : store.forget),
        Effect.matchCause({
          onFailure: (cause) => {
            const error = Option.getOrElse(Cause.failureOption(cause), () =>
              unavailable(provider, "revoke", "its flow died of a defect")
            )
            events.emit(AuthEvent.AuthEvent.RevokeFailed({ ...events.common, generation, error }))
          },
          onSuccess: () => events.emit(AuthEvent.AuthEvent.Revoked({ ...events.common, generation }))
        })
      )
    })
  }

  toJSON(): unknown {
    const { generation } = this.#parts.serving
    return { _id: "@latchkey/core/TokenManager", provider: this.flow.provider, generation }
  }

  toString(): string {
    return `TokenManager(${this.flow.provider})`
  }

  [NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}
