import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { FaultKind, Setup } from "../Lifecycle.ts"
import type { VirtualTime } from "./virtualTime.ts"

const provider = "model"
const apiUrl = "https://api.model.example"

interface AccessToken {
  /** By the earliest clock that could count: from when the request was sent. */
  readonly expiresAt: number
  revoked: boolean
}

interface RefreshToken {
  readonly expiresAt: number
  revoked: boolean
  /** How often it was presented, and how often without a clear answer. */
  presented: number
  doubtful: number
  /** It was exchanged for a new one. */
  spent: boolean
  /** Somebody heard of it. */
  delivered: boolean
}

export interface Counts {
  logins: number
  refreshes: number
  faulted: number
  refused: number
  reuses: number
  concurrent: number
}

/** The provider of the model: small, exact, and watching for what no client may do. */
export class ModelProvider {
  readonly counts: Counts = { logins: 0, refreshes: 0, faulted: 0, refused: 0, reuses: 0, concurrent: 0 }
  readonly violations: Array<string> = []
  /** Set once the shared store was out of reach: siblings cannot know of what was not written. */
  siblingsApart = false
  credentialsAccepted = true
  readonly #setup: Setup
  readonly #time: VirtualTime
  readonly #faults: Array<FaultKind> = []
  readonly #access = new Map<string, AccessToken>()
  readonly #refresh = new Map<string, RefreshToken>()
  #newest: string | undefined
  #number = 0
  #inFlight = 0

  constructor(setup: Setup, time: VirtualTime) {
    this.#setup = setup
    this.#time = time
  }

  get #now(): number {
    return this.#time.unsafeCurrentTimeMillis()
  }

  #violated(invariant: string, detail: string): void {
    this.violations.push(`${invariant}: ${detail} at ${this.#now}`)
  }

  addFaults(kind: FaultKind, times: number): void {
    for (let index = 0; index < times; index++) {
      this.#faults.push(kind)
    }
  }

  clearFaults(): void {
    this.#faults.length = 0
  }

  revokeAccess(): void {
    for (const token of this.#access.values()) {
      token.revoked = true
    }
  }

  revokeRefresh(): void {
    for (const token of this.#refresh.values()) {
      token.revoked = true
    }
  }

  /** The first refresh token of a flow that has no login, as a person gets it from a dashboard. */
  issueRefreshToken(): string {
    return this.#mintRefresh(this.#now, true)
  }

  /** What the API does with a request: true if the token is accepted. */
  accepts(authorization: string | undefined): boolean {
    const token = this.#access.get(authorization?.slice("Bearer ".length) ?? "")
    if (token === undefined) {
      this.#violated("only minted tokens are sent", String(authorization))
      return false
    }
    if (this.#now >= token.expiresAt) {
      this.#violated("no token is sent past its expiry", `${this.#now - token.expiresAt} ms late`)
    }
    return !token.revoked && this.#now < token.expiresAt
  }

  /** Whether a refresh would do: the newest refresh token is good, and somebody holds it. */
  get #refreshWouldDo(): boolean {
    const newest = this.#newest === undefined ? undefined : this.#refresh.get(this.#newest)
    return (
      newest !== undefined &&
      newest.delivered &&
      !newest.spent &&
      !newest.revoked &&
      newest.doubtful === 0 &&
      this.#now < newest.expiresAt &&
      !this.siblingsApart
    )
  }

  #mintRefresh(sentAt: number, delivered: boolean): string {
    const name = `refresh-${++this.#number}`
    this.#refresh.set(name, {
      expiresAt: sentAt + this.#setup.refreshLifetime,
      revoked: false,
      presented: 0,
      doubtful: 0,
      spent: false,
      delivered
    })
    this.#newest = name
    return name
  }

  #mint(
    sentAt: number,
    refreshToken: string | undefined
  ): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    const accessToken = `access-${++this.#number}`
    this.#access.set(accessToken, { expiresAt: sentAt + this.#setup.lifetime, revoked: false })
    return TokenSet.fromAnswer({
      accessToken,
      lifetime: this.#setup.lifetime,
      sentAt,
      refreshToken,
      refreshExpiresAt: refreshToken === undefined ? undefined : sentAt + this.#setup.refreshLifetime
    }).pipe(Either.mapLeft((what) => this.#error("InvalidResponse", "login", what)))
  }

  #error(
    tag: "Unavailable" | "InvalidResponse" | "Unauthorized",
    operation: AuthError.Operation,
    message: string,
    status?: number
  ): AuthError.AuthError {
    const fields = { provider, operation, message, status }
    return tag === "Unavailable"
      ? new AuthError.Unavailable(fields)
      : tag === "Unauthorized"
        ? new AuthError.Unauthorized(fields)
        : new AuthError.InvalidResponse(fields)
  }

  /** One call of the token endpoint: `handle` is what it does, unless a fault says otherwise. */
  #call(
    operation: "login" | "refresh",
    handle: () => Effect.Effect<TokenSet.TokenSet, AuthError.AuthError>,
    delivered: () => void,
    doubtful: () => void
  ): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    const lost = this.#error("Unavailable", operation, "connection lost")
    const answer = Effect.suspend((): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> => {
      const fault = this.#faults.shift()
      if (fault !== undefined) {
        this.counts.faulted += 1
      }
      switch (fault) {
        case undefined:
          return Effect.tap(Effect.suspend(handle), () => Effect.sync(delivered))
        case "unavailable":
          return Effect.fail(this.#error("Unavailable", operation, "503", 503))
        case "rateLimited":
          return Effect.fail(
            new AuthError.RateLimited({
              provider,
              operation,
              message: "429",
              status: 429,
              retryAfter: DateTime.unsafeMake(this.#now + 2_000)
            })
          )
        case "lostBefore":
          doubtful()
          return Effect.fail(lost)
        case "lostAfter":
          doubtful()
          return Effect.zipRight(Effect.ignore(Effect.suspend(handle)), Effect.fail(lost))
        case "malformed":
          doubtful()
          return Effect.zipRight(
            Effect.ignore(Effect.suspend(handle)),
            Effect.fail(
              new AuthError.InvalidResponse({
                provider,
                operation,
                message: "truncated",
                status: 200,
                unreadable: true
              })
            )
          )
        case "hang":
          doubtful()
          return Effect.never
      }
    })
    return Effect.suspend(() => {
      this.#inFlight += 1
      this.counts.concurrent = Math.max(this.counts.concurrent, this.#inFlight)
      return Effect.ensuring(
        Effect.zipRight(Effect.sleep(this.#setup.latency), answer),
        Effect.sync(() => {
          this.#inFlight -= 1
        })
      )
    })
  }

  #login(): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    return Effect.suspend(() => {
      this.counts.logins += 1
      if (this.#setup.refresh !== "none" && this.#refreshWouldDo) {
        this.#violated("no login while a refresh would do", `${this.#newest}`)
      }
      const sentAt = this.#now
      let refreshToken: string | undefined
      return this.#call(
        "login",
        () => {
          if (!this.credentialsAccepted) {
            this.counts.refused += 1
            return Effect.fail(this.#error("Unauthorized", "login", "wrong secret", 401))
          }
          refreshToken = this.#setup.refresh === "none" ? undefined : this.#mintRefresh(sentAt, false)
          return this.#mint(sentAt, refreshToken)
        },
        () => this.#deliver(refreshToken),
        () => {}
      )
    })
  }

  #deliver(refreshToken: string | undefined): void {
    const token = refreshToken === undefined ? undefined : this.#refresh.get(refreshToken)
    if (token !== undefined) {
      token.delivered = true
    }
  }

  #refreshWith(presented: string): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> {
    return Effect.suspend(() => {
      this.counts.refreshes += 1
      const token = this.#refresh.get(presented)
      if (token === undefined) {
        this.#violated("only issued refresh tokens are presented", presented)
        return Effect.never
      }
      token.presented += 1
      const rotates = this.#setup.refresh === "rotates"
      if (rotates && token.spent) {
        this.counts.reuses += 1
        if (token.doubtful === 0 && !this.siblingsApart) {
          this.#violated("a rotating refresh token is spent once", `${presented} is spent`)
        }
      }
      // Each process knows of its own doubts only.
      const most = this.#setup.store === "shared" ? 4 : 2
      if (rotates && this.#setup.login && token.presented > most && token.doubtful >= most) {
        this.#violated("R8: a refresh token in doubt is sent once more, not again", presented)
      }
      const sentAt = this.#now
      let next: string | undefined
      return this.#call(
        "refresh",
        () => {
          if (token.revoked || token.spent || this.#now >= token.expiresAt) {
            this.counts.refused += 1
            return Effect.fail(
              new AuthError.Expired({
                provider,
                operation: "refresh",
                credential: "refresh_token",
                message: "refused"
              })
            )
          }
          if (rotates) {
            token.spent = true
            next = this.#mintRefresh(sentAt, false)
          }
          return this.#mint(sentAt, next)
        },
        () => this.#deliver(next),
        () => {
          token.doubtful += 1
        }
      )
    })
  }

  /** The flow of this provider, as a process has it. */
  flow(initialRefreshToken: string | undefined): Effect.Effect<AuthFlow.AuthFlow, AuthFlow.InvalidOptions> {
    return AuthFlow.make({
      provider,
      key: "model",
      apiUrl,
      credential: Effect.sync(() => Redacted.make(this.credentialsAccepted ? "right" : "wrong")),
      login: this.#setup.login ? () => this.#login() : undefined,
      refresh:
        this.#setup.refresh === "none"
          ? undefined
          : ({ refreshToken }) => this.#refreshWith(Redacted.value(refreshToken.value)),
      rotates: this.#setup.refresh === "rotates",
      initialGrant:
        initialRefreshToken === undefined
          ? undefined
          : () => Effect.succeed(AuthFlow.refreshGrant(Redacted.make(initialRefreshToken)))
    })
  }
}
