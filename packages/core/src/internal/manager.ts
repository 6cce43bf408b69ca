import type * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import * as AuthError from "../AuthError.ts"
import * as AuthEvent from "../AuthEvent.ts"
import type * as AuthFlow from "../AuthFlow.ts"
import * as Expiry from "../Expiry.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import type * as TokenManager from "../TokenManager.ts"
import * as TokenSet from "../TokenSet.ts"
import type * as TokenStore from "../TokenStore.ts"
import { mayHaveIssued, mayHaveSpent, verdict } from "./afterFailure.ts"
import { backgroundPause } from "./backgroundPause.ts"
import { chooseGrant } from "./chooseGrant.ts"
import { ClockGuard } from "./clockGuard.ts"
import * as FailureGate from "./failureGate.ts"
import { TypeId } from "./managerTypeId.ts"
import * as MintBudget from "./mintBudget.ts"
import * as Rejection from "./rejection.ts"
import { giveUp, retryPlan } from "./retryPlan.ts"
import { StoreSession } from "./storeSession.ts"

/** The token set that is served, and what its life depends on. */
interface Current extends Rejection.Served {
  readonly tokens: TokenSet.TokenSet
  readonly token: TokenManager.AccessToken
  readonly timeline: Expiry.Timeline
  readonly guard: ClockGuard
  /** Minted by this process: what R18 may revoke. */
  readonly ours: boolean
}

/** One mint in progress, which any number of callers wait on (R4). */
interface Flight {
  readonly landed: Deferred.Deferred<void, AuthError.AuthError>
  fiber: Fiber.RuntimeFiber<void> | undefined
}

type Gate = FailureGate.FailureGate & {
  /** The credential that was refused; another one opens the gate (R16). */
  readonly credential: Option.Option<AuthFlow.Credential>
}

/** How often a closed gate looks whether the credential has changed (R16). */
const credentialCheckInterval = 1_000

/** R8: a rotating refresh token is sent once, and once more in doubt. */
const maxDoubt = 2

/** A flow that keeps refusing its own refresh tokens is not followed further than this. */
const maxGrantsPerFlight = 3

export class Manager implements TokenManager.TokenManager {
  readonly [TypeId]: typeof TypeId = TypeId
  readonly flow: AuthFlow.AuthFlow
  readonly get: Effect.Effect<TokenManager.AccessToken, AuthError.AuthError>

  readonly #policy: RefreshPolicy.Resolved
  readonly #clock: Clock.Clock
  readonly #runtime: Runtime.Runtime<never>
  readonly #store: StoreSession | undefined

  #current: Current | undefined
  /** The newest token set known, served or not: where the next refresh token comes from. */
  #held: TokenSet.TokenSet | undefined
  /** Refresh tokens that the provider refused or that a rotation spent: never sent again. */
  #spent: ReadonlyArray<Redacted.Redacted<string>> = []
  /** R8: a rotating refresh token that was sent without a clear answer, and how often. */
  #doubt: { readonly token: Redacted.Redacted<string>; readonly times: number } | undefined
  /** The credential that was presented last. */
  #presented: AuthFlow.Credential | undefined
  #generation = 0
  #flight: Flight | undefined
  #gate: Gate | undefined
  #credentialCheckedAt = Number.NEGATIVE_INFINITY
  #rejections: Rejection.RejectionGate = Rejection.open
  #budget: MintBudget.MintBudget
  #failedFlights = 0
  #pausedAt = 0
  #pause = 0
  #lastFailure: AuthError.AuthError | undefined
  #hub: PubSub.PubSub<AuthEvent.AuthEvent> | undefined
  #closed = false
  #criticalSections = 0
  /** R2: the jitter of the token set that the flight will bring, from 0 to 1. */
  #sample = 0

  constructor(
    flow: AuthFlow.AuthFlow,
    policy: RefreshPolicy.Resolved,
    store: TokenStore.Service | undefined,
    clock: Clock.Clock,
    runtime: Runtime.Runtime<never>
  ) {
    this.flow = flow
    this.#policy = policy
    this.#clock = clock
    this.#runtime = runtime
    this.#budget = MintBudget.full(clock.unsafeCurrentTimeMillis())
    this.#store =
      store === undefined
        ? undefined
        : new StoreSession(store, flow, policy.mintDeadline, Runtime.runFork(runtime), (action, message) =>
            this.#emit(
              action === "recovered"
                ? AuthEvent.AuthEvent.StoreRecovered(this.#common())
                : AuthEvent.AuthEvent.StoreFailed({ ...this.#common(), action, message })
            )
          )
    this.get = Effect.suspend(() => {
      const token = this.unsafeGet()
      return token === undefined ? this.#await(2) : Effect.succeed(token)
    })
  }

  // --- serving -----------------------------------------------------------------------------------

  unsafeGet(): TokenManager.AccessToken | undefined {
    const current = this.#current
    if (current === undefined || current.dropped) {
      return undefined
    }
    const now = current.guard.now()
    if (now < current.timeline.staleAt) {
      return current.token
    }
    if (now < current.timeline.expiredAt) {
      this.#refreshInBackground()
      return current.token
    }
    return undefined
  }

  /** The served token where its real expiry has not come, whatever its phase (R3). */
  #alive(): TokenManager.AccessToken | undefined {
    const current = this.#current
    return current !== undefined && !current.dropped && Expiry.isAlive(current.timeline, current.guard.now())
      ? current.token
      : undefined
  }

  /** R3: waits for the flight, and falls back to a token that still lives when it fails. */
  #await(tries: number): Effect.Effect<TokenManager.AccessToken, AuthError.AuthError> {
    return Effect.matchCauseEffect(this.#join(), {
      onFailure: (cause) => {
        const token = Cause.isInterruptedOnly(cause) ? undefined : this.#alive()
        return token === undefined ? Effect.failCause(cause) : Effect.succeed(token)
      },
      onSuccess: () => {
        const token = this.#alive()
        if (token !== undefined) {
          return Effect.succeed(token)
        }
        // The new token was rejected, or expired, before this caller had its turn.
        return tries > 0
          ? this.#await(tries - 1)
          : Effect.fail(
              this.#unavailable("request", "its tokens expire or are rejected faster than they can be used")
            )
      }
    })
  }

  /** R4, R11: joins the flight in progress, starts one, or fails at once where none may start. */
  #join(): Effect.Effect<void, AuthError.AuthError> {
    return Effect.suspend(() => {
      if (this.#flight !== undefined) {
        return Deferred.await(this.#flight.landed)
      }
      if (this.#closed) {
        return Effect.fail(this.#shutDown())
      }
      const gate = this.#gate
      const now = this.#wall()
      if (FailureGate.isClosed(gate, now) && !this.#credentialCheckDue(gate, now)) {
        return Effect.fail(gate.error)
      }
      return Deferred.await(this.#launch().landed)
    })
  }

  #credentialCheckDue(gate: FailureGate.FailureGate, now: number): boolean {
    return (
      FailureGate.isTerminal(gate.error) && Math.abs(now - this.#credentialCheckedAt) >= credentialCheckInterval
    )
  }

  #refreshInBackground(): void {
    if (this.#flight !== undefined || this.#closed) {
      return
    }
    const now = this.#wall()
    const paused = now >= this.#pausedAt && now < this.#pausedAt + this.#pause
    if (!paused && !FailureGate.isClosed(this.#gate, now) && this.#budgetWait(now) === 0) {
      this.#launch()
    }
  }

  // --- flight ------------------------------------------------------------------------------------

  /** R4: runs in the manager, not in the caller: an interrupted caller leaves it running. */
  #launch(): Flight {
    const flight: Flight = { landed: Deferred.unsafeMake(FiberId.none), fiber: undefined }
    this.#flight = flight
    // Not immediate: the caller that triggers a background refresh does not even run its first step.
    flight.fiber = Runtime.runFork(this.#runtime)(
      this.#fly.pipe(
        Effect.onExit((exit) => this.#land(flight, exit)),
        Effect.catchAllCause(() => Effect.void)
      ),
      { immediate: false }
    )
    return flight
  }

  get #fly(): Effect.Effect<void, AuthError.AuthError> {
    return Effect.suspend(() => {
      const deadlineAt = this.#wall() + this.#policy.mintDeadline
      const mint = this.#mint(deadlineAt, maxGrantsPerFlight)
      const session = this.#store
      return Random.next.pipe(
        Effect.map((sample) => {
          this.#sample = sample
        }),
        Effect.zipRight(this.#checkCredential(deadlineAt)),
        Effect.zipRight(session === undefined ? mint : session.underLease(deadlineAt, this.#adopt, mint))
      )
    })
  }

  /** R16: a gate that is closed for a refused credential opens for another one, and for nothing else. */
  #checkCredential(deadlineAt: number): Effect.Effect<void, AuthError.AuthError> {
    return Effect.suspend(() => {
      const gate = this.#gate
      if (!FailureGate.isClosed(gate, this.#wall())) {
        return Effect.void
      }
      this.#credentialCheckedAt = this.#wall()
      return Effect.matchEffect(this.#credential(deadlineAt), {
        onFailure: () => Effect.fail(gate.error),
        onSuccess: (credential) => {
          if (Equal.equals(Option.some(credential), gate.credential)) {
            return Effect.fail(gate.error)
          }
          this.#openGate()
          return Effect.void
        }
      })
    })
  }

  /** Reads the credential; what provides it may hang, and the flight may not. */
  #credential(deadlineAt: number): Effect.Effect<AuthFlow.Credential, AuthError.AuthError> {
    return this.flow.credential.pipe(
      Effect.timeoutFail({
        duration: Math.max(0, deadlineAt - this.#wall()),
        onTimeout: () => this.#unavailable("login", "its secret could not be read in time")
      }),
      Effect.tap((credential) =>
        Effect.sync(() => {
          this.#presented = credential
        })
      )
    )
  }

  #openGate(): void {
    if (this.#gate !== undefined) {
      this.#gate = undefined
      this.#emit(AuthEvent.AuthEvent.GateOpened(this.#common()))
    }
  }

  /** Lets the waiters go, and remembers what the next ones need to know. */
  #land(flight: Flight, exit: Exit.Exit<void, AuthError.AuthError>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (Exit.isSuccess(exit)) {
        this.#failedFlights = 0
        this.#pause = 0
        this.#lastFailure = undefined
        this.#openGate()
        return this.#settle(flight, Exit.void)
      }
      const failure = Cause.failureOption(exit.cause)
      if (Option.isNone(failure)) {
        const cause = Cause.isInterrupted(exit.cause) ? Cause.fail(this.#shutDown()) : exit.cause
        return this.#settle(flight, Exit.failCause(cause))
      }
      this.#remember(failure.value)
      return this.#settle(flight, Exit.fail(failure.value))
    })
  }

  #settle(flight: Flight, exit: Exit.Exit<void, AuthError.AuthError>): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#flight = undefined
      Deferred.unsafeDone(flight.landed, exit)
    })
  }

  #remember(error: AuthError.AuthError): void {
    const now = this.#wall()
    this.#lastFailure = error
    this.#failedFlights += 1
    this.#pausedAt = now
    this.#pause = backgroundPause(
      this.#failedFlights,
      this.#current === undefined ? 0 : this.#current.timeline.expiresAt - now
    )
    // The gate itself made this flight fail: it has been counted.
    if (error === this.#gate?.error) {
      return
    }
    const gate = FailureGate.afterFailure(this.#gate, error, now)
    this.#gate = gate && { ...gate, credential: Option.fromNullable(this.#presented) }
    if (gate !== undefined) {
      this.#credentialCheckedAt = now
      this.#emit(AuthEvent.AuthEvent.GateClosed({ ...this.#common(), error, until: now + gate.duration }))
    }
  }

  // --- minting -----------------------------------------------------------------------------------

  /** R5, R6: mints by the grant that fits, and goes on to the next where the refresh token is refused. */
  #mint(deadlineAt: number, grantsLeft: number): Effect.Effect<void, AuthError.AuthError> {
    return Effect.gen(this, function* () {
      if (this.#closed) {
        return yield* this.#shutDown()
      }
      const held = yield* this.#refreshGrant(deadlineAt)
      const canLogin = Option.isSome(this.flow.login)
      const canRefresh = Option.isSome(this.flow.refresh)
      const grant = chooseGrant(held, { canLogin, canRefresh }, this.#wall())
      if (grant._tag === "Exhausted") {
        return yield* new AuthError.Expired({
          provider: this.flow.provider,
          operation: "refresh",
          credential: "refresh_token",
          expiredAt: grant.expiredAt === undefined ? undefined : DateTime.unsafeMake(grant.expiredAt),
          message: `${this.flow.provider} has no usable refresh token and no login: configure a new refresh token.`
        })
      }
      const wait = this.#budgetWait(this.#wall())
      if (wait > 0) {
        return yield* this.#budgetSpent(grant._tag === "Login" ? "login" : "refresh", wait)
      }
      if (grant._tag === "Login") {
        const tokens = yield* this.#login(deadlineAt)
        return yield* this.#receive(tokens, "login", Option.none())
      }
      const outcome = yield* Effect.either(this.#refresh(grant.grant, deadlineAt))
      if (Either.isRight(outcome)) {
        return
      }
      const refused = verdict(outcome.left) === "refresh token refused"
      if (!refused && this.#doubts(grant.grant.refreshToken) < maxDoubt) {
        return yield* outcome.left
      }
      if (refused) {
        this.#spend(grant.grant.refreshToken)
      }
      // R6, R8: a sibling may have rotated it.
      if (this.#store !== undefined && (yield* this.#store.adopt(this.#adopt))) {
        return
      }
      const next = chooseGrant(yield* this.#refreshGrant(deadlineAt), { canLogin, canRefresh }, this.#wall())
      // R8: without a login the token is kept, and the next flight may try it again.
      if (!refused && next._tag === "Refresh" && Equal.equals(next.grant.refreshToken, grant.grant.refreshToken)) {
        return yield* outcome.left
      }
      if (next._tag === "Exhausted" || grantsLeft <= 1) {
        return yield* outcome.left
      }
      return yield* this.#mint(deadlineAt, grantsLeft - 1)
    })
  }

  #spend(refreshToken: TokenSet.RefreshToken): void {
    this.#spent = [...this.#spent.slice(-3), refreshToken.value]
  }

  /** R8: how often this refresh token was sent without a clear answer. */
  #doubts(refreshToken: TokenSet.RefreshToken): number {
    return this.#doubt !== undefined && Equal.equals(this.#doubt.token, refreshToken.value) ? this.#doubt.times : 0
  }

  #doubted(refreshToken: TokenSet.RefreshToken): void {
    this.#doubt = { token: refreshToken.value, times: this.#doubts(refreshToken) + 1 }
  }

  /** What a refresh could be made from: the newest token set, else what the configuration brings. */
  #refreshGrant(deadlineAt: number): Effect.Effect<Option.Option<AuthFlow.RefreshGrant>, AuthError.AuthError> {
    return Effect.suspend(() => {
      const canLogin = Option.isSome(this.flow.login)
      const worthSending = (grant: AuthFlow.RefreshGrant): boolean =>
        !this.#spent.some((spent) => Equal.equals(spent, grant.refreshToken.value)) &&
        // R8: a token in doubt gives way to a login, where there is one.
        !(canLogin && this.#doubts(grant.refreshToken) >= maxDoubt)
      const held = this.#held
      const grant = Option.filter(
        Option.map(held === undefined ? Option.none() : held.refreshToken, (refreshToken) => ({
          refreshToken,
          accessToken: Option.fromNullable(held?.accessToken)
        })),
        worthSending
      )
      if (Option.isSome(grant) || Option.isNone(this.flow.initialGrant)) {
        return Effect.succeed(grant)
      }
      const initialGrant = this.flow.initialGrant.value
      return Effect.map(this.#credential(deadlineAt), (credential) =>
        Option.filter(Option.some(initialGrant(credential)), worthSending)
      )
    })
  }

  #login(deadlineAt: number): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    return Option.match(this.flow.login, {
      onNone: () => Effect.dieMessage("a login was chosen for a flow that has none"),
      onSome: (login) =>
        // The credential is read for each try: R16.
        this.#tries(
          "login",
          Effect.flatMap(this.#credential(deadlineAt), (credential) => this.#count("login", login(credential))),
          deadlineAt
        )
    })
  }

  #refresh(grant: AuthFlow.RefreshGrant, deadlineAt: number): Effect.Effect<void, AuthError.AuthError> {
    return Option.match(this.flow.refresh, {
      onNone: () => Effect.dieMessage("a refresh was chosen for a flow that has none"),
      onSome: (refresh) => {
        const tries = this.#tries("refresh", this.#count("refresh", this.#inDoubt(refresh(grant), grant)), deadlineAt, () =>
          // R8: once in doubt, once more and not again.
          this.flow.rotates ? this.#doubts(grant.refreshToken) < maxDoubt : true
        )
        const received = Effect.flatMap(tries, (tokens) =>
          this.#receive(tokens, "refresh", Option.some(grant.refreshToken))
        )
        // Once a rotating refresh token may be spent, nothing but the deadline stops us from hearing
        // and storing what it was spent for.
        return this.flow.rotates ? this.#critical(received) : received
      }
    })
  }

  /** R8: notes a rotating refresh that went out and brought no clear answer, interrupted by its deadline or failed. */
  #inDoubt(
    refresh: Effect.Effect<TokenSet.TokenSet, AuthError.AuthError>,
    grant: AuthFlow.RefreshGrant
  ): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    return this.flow.rotates
      ? Effect.onExit(refresh, (exit) =>
          Effect.sync(() => {
            const clear =
              Exit.isSuccess(exit) || Option.exists(Cause.failureOption(exit.cause), (error) => !mayHaveSpent(error))
            if (!clear) {
              this.#doubted(grant.refreshToken)
            }
          })
        )
      : refresh
  }

  /** R4, R11: the tries of one mint, within the deadline of the flight. */
  #tries(
    grant: AuthEvent.Grant,
    mint: Effect.Effect<TokenSet.TokenSet, AuthError.AuthError>,
    deadlineAt: number,
    again: () => boolean = () => true
  ): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    return Effect.suspend(() => {
      const plan = retryPlan(this.#policy.retry, deadlineAt)
      return mint.pipe(
        Effect.retry({
          schedule: plan,
          while: () => !this.#closed && again() && this.#budgetWait(this.#wall()) === 0
        }),
        Effect.mapError((error) => giveUp(error, deadlineAt)),
        Effect.timeoutFail({
          duration: Math.max(0, deadlineAt - this.#wall()),
          onTimeout: () => this.#unavailable(grant, "it did not answer in time")
        })
      )
    })
  }

  /** R12, R19: one call of the token endpoint, counted, timed, and under a span of its own. */
  #count(
    grant: AuthEvent.Grant,
    mint: Effect.Effect<TokenSet.TokenSet, AuthError.AuthError>
  ): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    const provider = this.flow.provider
    return Effect.suspend(() => {
      const startedAt = this.#wall()
      return mint.pipe(
        Effect.withSpan("latchkey.mint", {
          root: true,
          kind: "client",
          captureStackTrace: false,
          attributes: { provider, grant }
        }),
        Effect.onExit((exit) => {
          const now = this.#wall()
          const error = Exit.isFailure(exit)
            ? Option.getOrElse(Cause.failureOption(exit.cause), () =>
                this.#unavailable(grant, "it did not answer in time")
              )
            : undefined
          this.#budget = MintBudget.afterMint(
            this.#budget,
            error === undefined || mayHaveIssued(error) ? "issued" : "failed",
            this.#lifetime(),
            now
          )
          if (error !== undefined) {
            this.#emit(AuthEvent.AuthEvent.MintFailed({ ...this.#common(), grant, error }))
          }
          return AuthEvent.countMint(provider, grant, error?._tag ?? "success", Math.max(0, now - startedAt) / 1000)
        })
      )
    })
  }

  /**
   * R7, R18: what the closing of the scope waits for rather than interrupts. `Effect.uninterruptible`
   * would not do: an interruption reaches the children of a fiber (a timeout runs its effect in one)
   * even where the fiber itself cannot be interrupted. Nobody else interrupts a flight.
   */
  #critical<A>(effect: Effect.Effect<A, AuthError.AuthError>): Effect.Effect<A, AuthError.AuthError> {
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

  /** R7: stores what a mint brought, then serves it. Not interruptible between the two. */
  #receive(
    answered: TokenSet.TokenSet,
    grant: AuthEvent.Grant,
    used: Option.Option<TokenSet.RefreshToken>
  ): Effect.Effect<void, AuthError.AuthError> {
    const refused = this.#refusal(answered, grant)
    if (Option.isSome(refused)) {
      return Effect.fail(refused.value)
    }
    const tokens = TokenSet.keepRefreshToken(answered, used)
    const rotated = Option.isSome(used) && Option.isSome(answered.refreshToken) &&
      !Equal.equals(answered.refreshToken.value.value, used.value.value)
    const event = grant === "login" ? "Minted" : rotated ? "Rotated" : "Refreshed"
    return this.#critical(
      Effect.suspend(() => {
        if (rotated) {
          this.#spend(used.value)
        }
        const saved = this.#store === undefined ? Effect.succeed("written") : this.#store.save(tokens, this.#adopt)
        return Effect.flatMap(saved, (outcome) => {
          // A sibling wrote something newer meanwhile: that is served, and ours is forgotten (R6).
          if (outcome === "adopted") {
            return Effect.void
          }
          this.#held = tokens
          if (!(tokens.expiresAt > this.#wall())) {
            return Effect.fail(
              this.#invalid(grant, "an access token whose lifetime was over on arrival: check this machine's clock")
            )
          }
          return this.#publish(tokens, event)
        })
      })
    )
  }

  /**
   * What no flow and no store may hand on, however it was built: a token that is no header (R14), a
   * lifetime that is no number (R1), a token that the flow itself does not admit.
   */
  #refusal(tokens: TokenSet.TokenSet, operation: AuthError.Operation): Option.Option<AuthError.AuthError> {
    if (!TokenSet.isToken68(Redacted.value(tokens.accessToken))) {
      return Option.some(this.#invalid(operation, "an access token that no Authorization header can carry"))
    }
    return tokens.expiresAt > tokens.issuedAt
      ? this.flow.admit(tokens)
      : Option.some(this.#invalid(operation, "a lifetime that is not positive"))
  }

  #invalid(operation: AuthError.Operation, what: string): AuthError.AuthError {
    return new AuthError.InvalidResponse({
      provider: this.flow.provider,
      operation,
      message: `${this.flow.provider} answered with ${what}. Ask the provider if it is right.`
    })
  }

  /**
   * R13: takes over what a store holds. True: it is served now. False: it is not fit to be served,
   * but the next refresh is made from it.
   */
  readonly #adopt = (tokens: TokenSet.TokenSet): boolean => {
    this.#held = tokens
    const guard = new ClockGuard(this.#clock, tokens.issuedAt)
    const phase = Expiry.phase(TokenSet.timeline(tokens, 0, this.#policy), guard.now())
    const current = this.#current
    const rejected = current?.dropped === true && Equal.equals(current.tokens.accessToken, tokens.accessToken)
    const fit = phase === "fresh" || (phase === "stale" && this.#alive() === undefined)
    if (!fit || rejected || Option.isSome(this.#refusal(tokens, "store"))) {
      return false
    }
    this.#serve(tokens, guard, false)
    this.#emitServed("Adopted")
    return true
  }

  #publish(tokens: TokenSet.TokenSet, event: "Minted" | "Refreshed" | "Rotated"): Effect.Effect<void> {
    return Effect.suspend(() => {
      const guard = new ClockGuard(this.#clock, tokens.issuedAt)
      this.#serve(tokens, guard, true)
      this.#emitServed(event)
      return AuthEvent.recordExpiry(this.flow.provider, (tokens.expiresAt - guard.now()) / 1000)
    })
  }

  #serve(tokens: TokenSet.TokenSet, guard: ClockGuard, ours: boolean): void {
    const previous = this.#current
    const now = this.#wall()
    const value = Redacted.value(tokens.accessToken)
    // R9: the mint handed back the very token that was rejected: minting again cannot help.
    const same = previous?.dropped === true && Equal.equals(previous.tokens.accessToken, tokens.accessToken)
    this.#generation += 1
    this.#current = {
      tokens,
      guard,
      ours,
      generation: this.#generation,
      timeline: TokenSet.timeline(tokens, this.#sample * this.#policy.jitter, this.#policy),
      token: {
        generation: this.#generation,
        value: tokens.accessToken,
        authorization: Redacted.make(`${tokens.tokenType} ${value}`),
        expiresAt: tokens.expiresAt
      },
      dropped: false,
      // Also what replaces a token on probation by the clock: nothing has succeeded since the rejection.
      probation: previous?.dropped === true || previous?.probation === true,
      struck: same
    }
    if (same) {
      this.#strike(this.#generation, now)
    }
  }

  // --- rejection ---------------------------------------------------------------------------------

  unsafeReject(rejected: TokenManager.AccessToken): boolean {
    const current = this.#current
    if (current === undefined) {
      return false
    }
    const now = this.#wall()
    const canMint = this.#budgetWait(now) === 0
    switch (Rejection.decide(rejected.generation, current, this.#rejections, now, canMint)) {
      case "retry":
        return true
      case "drop":
        this.#drop(current)
        return true
      case "strike":
        this.#current = { ...current, struck: true }
        this.#strike(current.generation, now)
        return false
      case "return":
        return false
    }
  }

  #strike(generation: number, now: number): void {
    this.#rejections = Rejection.strike(this.#rejections, now)
    this.#emit(
      AuthEvent.AuthEvent.ReplacementRejected({
        ...this.#common(),
        generation,
        until: now + this.#rejections.duration
      })
    )
  }

  #drop(current: Current): void {
    this.#current = { ...current, dropped: true }
    this.#emit(AuthEvent.AuthEvent.Rejected({ ...this.#common(), generation: current.generation }))
  }

  unsafeConfirm(generation: number): void {
    const current = this.#current
    if (current !== undefined && current.probation && current.generation === generation) {
      this.#current = { ...current, probation: false, struck: false }
      this.#rejections = Rejection.open
    }
  }

  replacement(
    rejected: TokenManager.AccessToken
  ): Effect.Effect<Option.Option<TokenManager.AccessToken>, AuthError.AuthError> {
    return Effect.zipRight(
      AuthEvent.countRejection(this.flow.provider),
      Effect.map(this.get, (token) => Option.liftPredicate(token, () => !Equal.equals(token.value, rejected.value)))
    )
  }

  invalidate(generation: number): Effect.Effect<void> {
    return Effect.sync(() => {
      const current = this.#current
      if (current !== undefined && !current.dropped && current.generation === generation) {
        this.#drop(current)
      }
    })
  }

  // --- budget ------------------------------------------------------------------------------------

  #lifetime(): number | undefined {
    const current = this.#current
    return current === undefined ? undefined : current.timeline.expiresAt - current.timeline.issuedAt
  }

  #budgetWait(now: number): number {
    return MintBudget.waitFor(this.#budget, this.#lifetime(), now)
  }

  #budgetSpent(operation: AuthEvent.Grant, wait: number): AuthError.AuthError {
    const until = this.#wall() + wait
    this.#emit(AuthEvent.AuthEvent.BudgetSpent({ ...this.#common(), until }))
    const last = this.#lastFailure === undefined ? "" : ` after ${this.#lastFailure._tag}`
    return new AuthError.RateLimited({
      provider: this.flow.provider,
      operation,
      retryAfter: DateTime.unsafeMake(until),
      message: `${this.flow.provider} is not asked for a token again before retryAfter: the mint budget is spent${last}. Look at the last failure, and at what rejects the tokens.`
    })
  }

  // --- observation -------------------------------------------------------------------------------

  get status(): Effect.Effect<TokenManager.Status> {
    return Effect.suspend(() => {
      const current = this.#current
      const now = this.#wall()
      const gate = this.#gate
      const status: TokenManager.Status = {
        provider: this.flow.provider,
        phase:
          current === undefined
            ? "empty"
            : current.dropped
              ? "rejected"
              : Expiry.phase(current.timeline, current.guard.now()),
        generation: this.#generation,
        staleAt: Option.map(Option.fromNullable(current), (_) => _.timeline.staleAt),
        expiresAt: Option.map(Option.fromNullable(current), (_) => _.timeline.expiresAt),
        minting: this.#flight !== undefined,
        lastFailure: Option.fromNullable(this.#lastFailure),
        gateClosedUntil: FailureGate.isClosed(gate, now) ? Option.some(gate.closedAt + gate.duration) : Option.none()
      }
      return current === undefined
        ? Effect.succeed(status)
        : Effect.as(
            AuthEvent.recordExpiry(this.flow.provider, (current.timeline.expiresAt - now) / 1000),
            status
          )
    })
  }

  get events(): Stream.Stream<AuthEvent.AuthEvent> {
    return Stream.unwrapScoped(
      Effect.gen(this, function* () {
        // Made for the first subscriber: most managers have none.
        const hub = this.#hub ?? (yield* PubSub.sliding<AuthEvent.AuthEvent>(256))
        this.#hub ??= hub
        return Stream.fromQueue(yield* PubSub.subscribe(this.#hub))
      })
    )
  }

  #emit(event: AuthEvent.AuthEvent): void {
    this.#hub?.unsafeOffer(event)
  }

  #emitServed(tag: "Minted" | "Refreshed" | "Rotated" | "Adopted"): void {
    const current = this.#current
    if (current !== undefined) {
      this.#emit(
        AuthEvent.AuthEvent[tag]({
          ...this.#common(),
          generation: current.generation,
          expiresAt: current.timeline.expiresAt
        })
      )
    }
  }

  #common(): { readonly provider: string; readonly at: number } {
    return { provider: this.flow.provider, at: this.#wall() }
  }

  #wall(): number {
    return this.#clock.unsafeCurrentTimeMillis()
  }

  #unavailable(operation: AuthError.Operation, what: string): AuthError.AuthError {
    return new AuthError.Unavailable({
      provider: this.flow.provider,
      operation,
      message: `${this.flow.provider} is not available: ${what}. It is safe to try again.`
    })
  }

  #shutDown(): AuthError.AuthError {
    return this.#unavailable("request", "the scope of its token manager was closed")
  }

  // --- shutdown ----------------------------------------------------------------------------------

  /** R18: lets a receive finish, interrupts the rest, and revokes if asked. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      const flight = this.#flight
      const fiber = flight?.fiber
      const ended =
        fiber === undefined
          ? Effect.void
          : this.#criticalSections > 0
            ? Fiber.await(fiber)
            : Fiber.interrupt(fiber)
      return ended.pipe(
        // A flight that was interrupted before its first step has landed nobody.
        Effect.zipRight(
          Effect.suspend(() =>
            flight !== undefined && flight === this.#flight
              ? this.#settle(flight, Exit.fail(this.#shutDown()))
              : Effect.void
          )
        ),
        Effect.zipRight(this.#store === undefined ? Effect.void : this.#store.close),
        Effect.zipRight(this.#revoke),
        Effect.zipRight(Effect.suspend(() => (this.#hub === undefined ? Effect.void : PubSub.shutdown(this.#hub))))
      )
    })
  }

  get #revoke(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const current = this.#current
      if (!this.#policy.revokeOnRelease || current === undefined || !current.ours || Option.isNone(this.flow.revoke)) {
        return Effect.void
      }
      return this.flow.revoke.value(current.tokens).pipe(
        Effect.interruptible,
        Effect.timeout(this.#policy.mintDeadline),
        Effect.zipRight(this.#store === undefined ? Effect.void : this.#store.forget),
        Effect.matchCause({
          onFailure: () => {},
          onSuccess: () =>
            this.#emit(AuthEvent.AuthEvent.Revoked({ ...this.#common(), generation: current.generation }))
        })
      )
    })
  }

  // --- inspection (R15) --------------------------------------------------------------------------

  toJSON(): unknown {
    return { _id: "@latchkey/core/TokenManager", provider: this.flow.provider, generation: this.#generation }
  }

  toString(): string {
    return `TokenManager(${this.flow.provider})`
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }
}
