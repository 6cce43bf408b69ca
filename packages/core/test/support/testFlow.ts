import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import { settle } from "../../../testing/src/SettledTest.ts"

export { settle }

const provider = "test"

export const unavailable = new AuthError.Unavailable({ provider, operation: "login", message: "down" })
export const unauthorized = new AuthError.Unauthorized({
  provider,
  operation: "login",
  message: "wrong secret"
})
export const denied = new AuthError.AccessDenied({ provider, operation: "login", message: "not allowed" })
export const refused = new AuthError.Expired({
  provider,
  operation: "refresh",
  credential: "refresh_token",
  message: "refused"
})

/** What the fake provider does with the mints to come; the last one stays. */
type Behaviour = "issue" | "hang" | AuthError.AuthError

export interface Options {
  readonly lifetime?: Duration.DurationInput
  readonly latency?: Duration.DurationInput
  /** With a refresh token: it lives that long; "rotates": each refresh brings a new one. */
  readonly refresh?: "none" | "kept" | "rotates"
  readonly refreshLifetime?: Duration.DurationInput
  readonly login?: boolean
  readonly secret?: Effect.Effect<Redacted.Redacted<string>, AuthError.AuthError>
  /** Every mint hands out this very token. */
  readonly sameToken?: string
  readonly flow?: Partial<AuthFlow.Options>
}

/** A fake provider in memory, with a ledger, under whatever clock runs it. */
export interface TestFlow {
  readonly flow: AuthFlow.AuthFlow
  readonly ledger: {
    logins: number
    refreshes: number
    inFlight: number
    mostInFlight: number
    /** When each mint was asked for, in epoch milliseconds. */
    readonly at: Array<number>
    readonly presented: Array<string>
    readonly secrets: Array<string>
    readonly revoked: Array<string>
  }
  readonly mints: () => number
  readonly behave: (...behaviours: ReadonlyArray<Behaviour>) => void
  latency: Duration.DurationInput
}

export const make = (options: Options = {}): Effect.Effect<TestFlow, AuthFlow.InvalidOptions> =>
  Effect.gen(function* () {
    const lifetime = Duration.toMillis(options.lifetime ?? "1 hour")
    const refreshing = options.refresh ?? "none"
    let behaviours: ReadonlyArray<Behaviour> = ["issue"]
    let number = 0
    const ledger: TestFlow["ledger"] = {
      logins: 0,
      refreshes: 0,
      inFlight: 0,
      mostInFlight: 0,
      at: [],
      presented: [],
      secrets: [],
      revoked: []
    }
    const issue = (sentAt: number, withRefreshToken: boolean) => {
      number += 1
      return TokenSet.fromAnswer({
        accessToken: options.sameToken ?? `access-${number}`,
        lifetime,
        sentAt,
        refreshToken: withRefreshToken ? `refresh-${number}` : undefined,
        refreshExpiresAt:
          options.refreshLifetime === undefined
            ? undefined
            : sentAt + Duration.toMillis(options.refreshLifetime)
      }).pipe(
        Either.mapLeft((message) => new AuthError.InvalidResponse({ provider, operation: "login", message }))
      )
    }
    const mint = (withRefreshToken: boolean): Effect.Effect<TokenSet.TokenSet, AuthError.AuthError> =>
      Effect.gen(function* () {
        const sentAt = yield* Clock.currentTimeMillis
        ledger.at.push(sentAt)
        ledger.inFlight += 1
        ledger.mostInFlight = Math.max(ledger.mostInFlight, ledger.inFlight)
        const behaviour = behaviours[0] ?? "issue"
        behaviours = behaviours.length > 1 ? behaviours.slice(1) : behaviours
        yield* Effect.sleep(test.latency)
        return yield* behaviour === "issue"
          ? issue(sentAt, withRefreshToken)
          : behaviour === "hang"
            ? Effect.never
            : Effect.fail(behaviour)
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            ledger.inFlight -= 1
          })
        )
      )
    const flow = yield* AuthFlow.make({
      provider,
      key: "test-key",
      apiUrl: "https://api.test.example",
      credential: options.secret ?? Effect.succeed(Redacted.make("test-secret")),
      rotates: refreshing === "rotates",
      ...(options.login === false
        ? {}
        : {
            login: (secret: AuthFlow.Credential) => {
              ledger.logins += 1
              ledger.secrets.push(Redacted.value(secret))
              return mint(refreshing !== "none")
            }
          }),
      ...(refreshing === "none"
        ? {}
        : {
            refresh: (grant: AuthFlow.RefreshGrant) =>
              Effect.suspend(() => {
                ledger.refreshes += 1
                ledger.presented.push(Redacted.value(grant.refreshToken.value))
                return mint(refreshing === "rotates")
              })
          }),
      revoke: (tokens: TokenSet.TokenSet) =>
        Effect.sync(() => {
          ledger.revoked.push(Redacted.value(tokens.accessToken))
        }),
      ...options.flow
    })
    // The login of an effect is counted when it runs, not when it is built.
    const login = flow.login
    const counted: AuthFlow.AuthFlow = {
      ...flow,
      login: Option.map(login, (run) => (secret) => Effect.suspend(() => run(secret)))
    }
    const test: TestFlow = {
      flow: counted,
      ledger,
      mints: () => ledger.at.length,
      behave: (...next) => {
        behaviours = next
      },
      latency: options.latency ?? 0
    }
    return test
  })

/** Runs an effect that takes this long, and lets that much time pass. */
export const during = <A, E, R>(duration: Duration.DurationInput, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* settle
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

/** A retry policy as patient as its deadline. */
export const everyQuarterSecond: Schedule.Schedule<unknown, AuthError.AuthError> =
  Schedule.spaced("250 millis")
