/**
 * A provider to test against: its endpoints and one protected resource in its exact wire format,
 * with a ledger of what it saw and faults on demand.
 *
 * Time comes from Effect's `Clock`, so a sandbox obeys `TestClock`. It serves in memory
 * (`MemoryClient`) and on loopback (`Loopback`).
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Fault from "./Fault.ts"
import * as Ledger from "./Ledger.ts"
import type * as Wire from "./Wire.ts"
import { patched } from "./internal/faults.ts"
import { numbers } from "./internal/grants.ts"
import * as State from "./internal/state.ts"
import { step } from "./internal/step.ts"

/**
 * A connection that broke before the answer was complete. Its `code` is the one that Node gives.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionReset extends Data.TaggedError("ConnectionReset")<{
  readonly message: string
}> {
  readonly code = "ECONNRESET"
}

/**
 * One provider's sandbox. Everything that changes it takes effect at once and for good, answers
 * under way excepted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sandbox {
  /** The provider's name: `autopay`. */
  readonly provider: string
  /** The origins it answers to in memory: the token endpoints' and the API's. */
  readonly origins: ReadonlyArray<string>
  /** The origin of its token endpoints. */
  readonly tokenOrigin: string
  /** The origin of its API: any path of it is protected, but for the token endpoints. */
  readonly apiOrigin: string
  /** What it accepts at a login, until {@link Sandbox.changeSecret}. */
  readonly credentials: { readonly clientId: string; readonly clientSecret: Redacted.Redacted<string> }
  /** Answers one request. A `Hang` never returns, a dropped connection fails. */
  readonly handle: (request: Wire.SandboxRequest) => Effect.Effect<Wire.SandboxResponse, ConnectionReset>

  /**
   * Makes the next answers of an endpoint go wrong: `times` of them (default 1, `Infinity` allowed).
   * Faults of one endpoint queue up, first in, first out; one that goes on forever is lifted by
   * {@link Sandbox.clearFaults} only.
   */
  readonly fault: (
    endpoint: Ledger.Endpoint,
    fault: Fault.Fault,
    options?: { readonly times?: number | undefined }
  ) => Effect.Effect<void>
  /** Forgets the faults of all endpoints. */
  readonly clearFaults: Effect.Effect<void>

  /** Revokes every access token minted so far. */
  readonly revokeAccessTokens: Effect.Effect<void>
  /** Revokes every refresh token minted so far. */
  readonly revokeRefreshTokens: Effect.Effect<void>
  /** Ends the life of every refresh token minted so far. */
  readonly expireRefreshTokens: Effect.Effect<void>
  /** Accepts this client secret from now on, and the old one no more. */
  readonly changeSecret: (secret: Redacted.Redacted<string>) => Effect.Effect<void>
  /** While true, the API answers every token as if it were revoked, new ones included. */
  readonly rejectAllTokens: (reject: boolean) => Effect.Effect<void>
  /**
   * Sets the provider's clock ahead of the true one, or behind it by a negative number of
   * milliseconds: the `Date` header and absolute timestamps move, when tokens really end does not.
   */
  readonly skewClock: (skew: Duration.DurationInput) => Effect.Effect<void>
  /**
   * Changes the lifetimes of tokens minted from now on. A provider without refresh tokens does not
   * get them this way.
   */
  readonly setLifetimes: (lifetimes: {
    readonly access?: Duration.DurationInput | undefined
    readonly refresh?: Duration.DurationInput | undefined
  }) => Effect.Effect<void>
  /**
   * Makes a token set without a call, as a person does in a provider's dashboard: what a flow
   * without a login starts from.
   */
  readonly issue: Effect.Effect<Wire.Minted>

  /** All it has seen since it was made or since {@link Sandbox.clearLedger}. */
  readonly ledger: Effect.Effect<Ledger.Ledger>
  /** Forgets what it has seen. Tokens live on, and numbers go on. */
  readonly clearLedger: Effect.Effect<void>
}

/**
 * What every sandbox can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default: `<provider>-client-<nonce>`. */
  readonly clientId?: string | undefined
  /** Default: `<provider>-secret-<nonce>`. */
  readonly clientSecret?: Redacted.Redacted<string> | undefined
  /** How long an access token lives; default: what the provider's documents say. */
  readonly accessLifetime?: Duration.DurationInput | undefined
  /** How long a refresh token lives, where the provider has them; default: what its documents say. */
  readonly refreshLifetime?: Duration.DurationInput | undefined
  /**
   * Stands in the name of every token and credential, so that a test can search for it where no
   * secret may be. Characters of `token68` only; anything else is a defect. Default: random.
   */
  readonly nonce?: string | undefined
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

const randomNonce = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, alphabet.length), 8),
  (indices) => indices.map((index) => alphabet.charAt(index)).join("")
)

/** A number is milliseconds and keeps its sign, which a `Duration` would lose. */
const signedMillis = (skew: Duration.DurationInput): number =>
  typeof skew === "number" ? skew : Duration.toMillis(skew)

/**
 * Makes a provider's sandbox from its wire.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (definition: Wire.Definition, options: Options = {}): Effect.Effect<Sandbox> =>
  Effect.gen(function* () {
    const nonce = options.nonce ?? (yield* randomNonce)
    if (!/^[\w.~+/-]+$/.test(nonce)) {
      return yield* Effect.dieMessage("The nonce of a sandbox may hold letters, digits and -._~+/ only.")
    }
    const clientId = options.clientId ?? `${definition.provider}-client-${nonce}`
    const clientSecret = options.clientSecret ?? Redacted.make(`${definition.provider}-secret-${nonce}`)
    const setup: State.Setup = { definition, clientId, nonce }
    const state = yield* Ref.make(
      State.initial(
        clientSecret,
        Duration.toMillis(options.accessLifetime ?? definition.accessLifetime),
        Option.map(Option.fromNullable(definition.refreshLifetime), (byDefault) =>
          Duration.toMillis(options.refreshLifetime ?? byDefault)
        )
      )
    )
    const update = (f: (state: State.State, now: number) => State.State): Effect.Effect<void> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.update(state, (state) => f(state, now)))

    const handle = Effect.fnUntraced(function* (request: Wire.SandboxRequest) {
      const now = yield* Clock.currentTimeMillis
      const outcome = yield* Ref.modify(state, step(setup, request, now))
      switch (outcome._tag) {
        case "Answer":
          // Not even a sleep of no time where there is none: TestClock would have to wake it.
          if (Duration.greaterThan(outcome.delay, Duration.zero)) {
            yield* Effect.sleep(outcome.delay)
          }
          return patched(outcome)
        case "Drop":
          return yield* new ConnectionReset({ message: `${definition.provider} dropped the connection` })
        case "Silence":
          return yield* Effect.never
      }
    })

    return {
      provider: definition.provider,
      origins: [...new Set([definition.tokenOrigin, definition.apiOrigin])],
      tokenOrigin: definition.tokenOrigin,
      apiOrigin: definition.apiOrigin,
      credentials: { clientId, clientSecret },
      handle,
      fault: (endpoint, fault, options) =>
        update((state) => State.addFault(state, endpoint, fault, options?.times ?? 1)),
      clearFaults: update((state) => ({ ...state, faults: State.noFaults })),
      revokeAccessTokens: update(State.revokeAccessTokens),
      revokeRefreshTokens: update(State.revokeRefreshTokens),
      expireRefreshTokens: update(State.expireRefreshTokens),
      changeSecret: (clientSecret) => update((state) => ({ ...state, clientSecret })),
      rejectAllTokens: (rejectAll) => update((state) => ({ ...state, rejectAll })),
      skewClock: (skew) => update((state) => ({ ...state, skew: signedMillis(skew) })),
      setLifetimes: ({ access, refresh }) =>
        update((state) => ({
          ...state,
          accessLifetime: access === undefined ? state.accessLifetime : Duration.toMillis(access),
          refreshLifetime: Option.map(state.refreshLifetime, (current) =>
            refresh === undefined ? current : Duration.toMillis(refresh)
          )
        })),
      issue: Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(state, (state) => {
          const [minted, next] = State.mint(setup, state, now, Option.none())
          return [minted, State.record(next, Ledger.Entry.Issued({ at: now, ...numbers(minted) }))] as const
        })
      ),
      ledger: Effect.map(Ref.get(state), ({ ledger }) => Chunk.toReadonlyArray(ledger)),
      clearLedger: update((state) => ({ ...state, ledger: Chunk.empty() }))
    }
  })
