import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import type { AuthError } from "@latchkey/core/AuthError"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import type { TokenManager } from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import type { Options, Target } from "../AuthFlowSuite.ts"
import * as Ledger from "../Ledger.ts"
import type { Sandbox } from "../Sandbox.ts"
import type { Minted } from "../Wire.ts"
import { settle } from "../SettledTest.ts"
import type { Connection, World } from "./worlds.ts"

/** Stands in every secret of the sandbox: no error may show it (R15). */
const nonce = "n0nce"

/** How long an access token lives, in milliseconds. It is fresh for at least 52 minutes, stale up to 59:30. */
export const lifetime = 3_600_000

/** The point of a flow at which a test lets things go wrong: its first mint, or one that renews. */
export interface Entrance {
  readonly name: string
  readonly endpoint: "login" | "refresh"
  /** Whether its mint spends a refresh token (R8). */
  readonly spends: boolean
}

/** Without its defaults. */
export interface Capabilities {
  readonly login: boolean
  readonly refresh: "none" | "kept" | "rotates"
  readonly startsIssued: boolean
  readonly entrances: ReadonlyArray<Entrance>
  readonly wrongCredentials: string
  /** What a refresh token is that is refused in the provider's own words. */
  readonly refusedRefreshToken: "Expired" | "Unauthorized"
  /** Whether a login follows a refresh that is refused, without a word that its refresh token has ended (R6). */
  readonly loginInstead: boolean
}

export const capabilities = <Id>(options: Options<Id>): Capabilities => {
  const { login, refresh } = options
  const startsIssued = (options.start ?? (login ? "login" : "issued")) === "issued"
  const spends = refresh === "rotates"
  const refusedRefreshToken = options.refusedRefreshToken ?? "Expired"
  const first: Entrance = startsIssued
    ? { name: "the first refresh", endpoint: "refresh", spends }
    : { name: "the first login", endpoint: "login", spends: false }
  return {
    login,
    refresh,
    startsIssued,
    entrances: refresh === "none" ? [first] : [first, { name: "a refresh", endpoint: "refresh", spends }],
    wrongCredentials: options.wrongCredentials ?? (login ? "Unauthorized" : refusedRefreshToken),
    refusedRefreshToken,
    loginInstead: login && (options.sameAccount ?? !startsIssued)
  }
}

type Failure = AuthError | HttpClientError

/** What became of one call: the status of the answer, or the error. */
export type Outcome = Either.Either<number, Failure>

/** In one word. */
export const said = (outcome: Outcome): string =>
  Either.match(outcome, { onLeft: (error) => error._tag, onRight: String })

/** One process that uses the flow. */
interface Process {
  readonly manager: TokenManager
  readonly client: HttpClient.HttpClient.With<Failure>
  /** One call of the API, read to its end. */
  readonly call: Effect.Effect<Outcome>
}

/** A flow, its sandbox, and what a test does with them. */
export interface Harness extends Process, Omit<Connection, "client"> {
  readonly sandbox: Sandbox
  /** Waits until nothing can happen any more without time passing. */
  readonly settle: Effect.Effect<void>
  /** Lets time pass, timer by timer; what is under way arrives before the next timer fires. */
  readonly pass: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** Another process, with the same configuration. */
  readonly process: (store: TokenStore.Service) => Effect.Effect<Process, never, Scope.Scope>
  /**
   * A process of somebody else: with a token set that was issued to them, and the client that all share, or with
   * a client of their own. `theirs` is where they are known.
   */
  readonly stranger: (
    store: TokenStore.Service
  ) => Effect.Effect<Process & { readonly theirs: Sandbox }, never, Scope.Scope>
  /** So many calls at once. */
  readonly calls: (count: number) => Effect.Effect<ReadonlyArray<string>>
  /** Runs an effect that takes at most this long, and lets that much time pass. */
  readonly during: <A, E>(
    duration: Duration.DurationInput,
    effect: Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
  readonly counts: Effect.Effect<Ledger.Counts>
  /** When the mints were made, in milliseconds since `since`. */
  readonly mintedAt: (since: number) => Effect.Effect<ReadonlyArray<number>>
  /** At the provider: what is configured is good no more. */
  readonly spoil: Effect.Effect<void>
  /** At the application: a person configures what the provider accepts. */
  readonly reconfigure: Effect.Effect<void>
  /** At the application: how every secret is read, instead of as itself; none: as itself. */
  readonly unset: (secret: Option.Option<Effect.Effect<Redacted.Redacted<string>>>) => Effect.Effect<void>
}

/** What is not as it is by default. */
interface Setting<Id> {
  readonly policy?: RefreshPolicy
  readonly accessLifetime?: Duration.DurationInput
  /** What lies between the flow and its sandbox. */
  readonly through?: (client: HttpClient.HttpClient) => HttpClient.HttpClient
  readonly layer?: ((target: Target) => Layer.Layer<Id, unknown, HttpClient.HttpClient>) | undefined
}

/** What a test of the flow starts from. */
export const setUp = <Id>(
  options: Options<Id>,
  world: World,
  setting: Setting<Id> = {}
): Effect.Effect<Harness, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { login, startsIssued } = capabilities(options)
    const accessLifetime = setting.accessLifetime ?? lifetime
    const through = setting.through ?? identity<HttpClient.HttpClient>
    const makeLayer = setting.layer ?? options.layer
    const sandbox = yield* options.sandbox({ nonce, accessLifetime })
    const connected = yield* world.connect(sandbox)
    const connection = { ...connected, client: through(connected.client) }
    const accepted = yield* Ref.make(sandbox.credentials.clientSecret)
    const configured = yield* Ref.make(sandbox.credentials.clientSecret)
    const unset = yield* Ref.make(Option.none<Effect.Effect<Redacted.Redacted<string>>>())
    const issued = yield* Ref.make(startsIssued ? Option.some(yield* sandbox.issue) : Option.none<Minted>())
    const policy = setting.policy ?? {}
    const target = targetOf(connection, sandbox, { configured, issued, unset }, policy)

    const process = (
      store: TokenStore.Service | undefined,
      { client: network }: Connection = connection,
      configuration: Target = target
    ) =>
      Effect.gen(function* () {
        const client = Layer.succeed(HttpClient.HttpClient, network)
        const layer = Layer.provide(makeLayer(configuration), client)
        const context = yield* Layer.build(
          store === undefined ? layer : Layer.provide(layer, Layer.succeed(TokenStore.TokenStore, store))
        )
        return yield* Effect.provide(processOf(Context.get(context, options.tag)), client)
      }).pipe(Effect.orDie)
    const first = yield* process(undefined)

    const stranger = (store: TokenStore.Service) =>
      Effect.gen(function* () {
        if (startsIssued) {
          const other = yield* Ref.make(Option.some(yield* sandbox.issue))
          const configuration = targetOf(connection, sandbox, { configured, issued: other, unset }, policy)
          return { ...(yield* process(store, connection, configuration)), theirs: sandbox }
        }
        const theirs = yield* options.sandbox({ nonce: `other-${nonce}`, accessLifetime: lifetime })
        const network = yield* world.connect(theirs)
        const secret = yield* Ref.make(theirs.credentials.clientSecret)
        const configuration = targetOf(network, theirs, { configured: secret, issued, unset }, policy)
        return { ...(yield* process(store, network, configuration)), theirs }
      })

    return {
      ...connection,
      ...first,
      sandbox,
      settle,
      pass: TestClock.adjust,
      process: (store) => process(store),
      stranger,
      calls: (count) =>
        Effect.map(Effect.replicateEffect(first.call, count, { concurrency: "unbounded" }), (all) =>
          all.map(said)
        ),
      during,
      counts: Effect.map(sandbox.ledger, Ledger.count),
      mintedAt: (since) => Effect.map(sandbox.ledger, (ledger) => mintedAt(ledger, since)),
      spoil: Effect.gen(function* () {
        yield* sandbox.revokeRefreshTokens
        if (login) {
          const secret = Redacted.make(`another-${nonce}`)
          yield* sandbox.changeSecret(secret)
          yield* Ref.set(accepted, secret)
        }
      }),
      unset: (secret) => Ref.set(unset, secret),
      reconfigure: Effect.gen(function* () {
        yield* Ref.set(configured, yield* Ref.get(accepted))
        if (startsIssued) {
          yield* Ref.set(issued, Option.some(yield* sandbox.issue))
        }
      })
    }
  })

/** One of several who use the same flow with credentials of their own. */
export const tenant = <Id>(options: Options<Id>, world: World, name: string) =>
  Effect.gen(function* () {
    const sandbox = yield* options.sandbox({ nonce: `${name}-${nonce}`, accessLifetime: lifetime })
    const connection = yield* world.connect(sandbox)
    const issued = capabilities(options).startsIssued
      ? Option.some(yield* sandbox.issue)
      : Option.none<Minted>()
    const secrets = {
      configured: yield* Ref.make(sandbox.credentials.clientSecret),
      issued: yield* Ref.make(issued),
      unset: yield* Ref.make(Option.none<Effect.Effect<Redacted.Redacted<string>>>())
    }
    const layer = Layer.provideMerge(
      options.layer(targetOf(connection, sandbox, secrets, {})),
      Layer.succeed(HttpClient.HttpClient, connection.client)
    )
    return { sandbox, layer }
  })

const targetOf = (
  { apiOrigin, tokenOrigin }: Connection,
  sandbox: Sandbox,
  secrets: {
    readonly configured: Ref.Ref<Redacted.Redacted<string>>
    readonly issued: Ref.Ref<Option.Option<Minted>>
    readonly unset: Ref.Ref<Option.Option<Effect.Effect<Redacted.Redacted<string>>>>
  },
  policy: RefreshPolicy
): Target => {
  const orUnset = (secret: Effect.Effect<Redacted.Redacted<string>>) =>
    Effect.flatMap(
      Ref.get(secrets.unset),
      Option.getOrElse(() => secret)
    )
  const tokens = Effect.flatMap(
    Ref.get(secrets.issued),
    Option.match({
      onNone: () => Effect.dieMessage("This flow does not start from a token set that was issued."),
      onSome: Effect.succeed
    })
  )
  return {
    tokenOrigin,
    apiOrigin,
    clientId: sandbox.credentials.clientId,
    clientSecret: orUnset(Ref.get(secrets.configured)),
    accessToken: orUnset(Effect.map(tokens, ({ accessToken }) => Redacted.make(accessToken.value))),
    refreshToken: orUnset(
      Effect.flatMap(tokens, ({ refreshToken }) =>
        Option.match(refreshToken, {
          onNone: () => Effect.dieMessage("This sandbox issues no refresh token."),
          onSome: ({ value }) => Effect.succeed(Redacted.make(value))
        })
      )
    ),
    policy
  }
}

const processOf = (manager: TokenManager): Effect.Effect<Process, never, HttpClient.HttpClient> =>
  Effect.map(AuthHttpClient.make(manager), (client) => ({
    manager,
    client,
    call: Effect.either(
      Effect.flatMap(client.get("/v1/things"), (response) => Effect.as(response.text, response.status))
    )
  }))

const during = <A, E>(duration: Duration.DurationInput, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* settle
    yield* TestClock.adjust(duration)
    yield* settle
    const exit = fiber.unsafePoll()
    if (exit === null) {
      return yield* Effect.dieMessage(`It takes longer than ${String(duration)}.`)
    }
    return yield* exit
  })

const mintedAt = (ledger: Ledger.Ledger, since: number): ReadonlyArray<number> =>
  ledger.flatMap((entry) => (entry._tag === "Login" || entry._tag === "Refresh" ? [entry.at - since] : []))

/** The error of a call that must have failed with this tag, and shows no secret (R15). */
export const failed = (outcome: Outcome, tag: string): Failure => {
  if (Either.isRight(outcome)) {
    return assert.fail(`expected ${tag}, got an answer with status ${outcome.right}`)
  }
  const error = outcome.left
  assert.strictEqual(error._tag, tag)
  for (const text of [
    String(error),
    String(error.stack),
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true })
  ]) {
    assert.notInclude(text, nonce, "R15: an error shows a secret")
  }
  return error
}

/** Brings a flow to an entrance: nothing for the first mint, an expired token for one that renews. */
export const approach = (harness: Harness, { entrances }: Capabilities, entrance: Entrance) =>
  Effect.gen(function* () {
    if (entrance !== entrances[0]) {
      assert.strictEqual(said(yield* harness.call), "200")
      yield* harness.pass(lifetime)
    }
    yield* harness.sandbox.clearLedger
    return yield* Clock.currentTimeMillis
  })

/**
 * After the last fault all is well: the next call succeeds with one mint more, and the ones after it with
 * none. What was configured by hand takes the place of what was refused or is in doubt: nothing spent is
 * presented on the way.
 */
export const recovers = ({ calls, counts, pass, reconfigure, sandbox }: Harness, byHand: boolean) =>
  Effect.gen(function* () {
    yield* sandbox.clearFaults
    if (byHand) {
      yield* reconfigure
    }
    yield* pass("1 minute")
    yield* sandbox.clearLedger
    assert.deepStrictEqual(yield* calls(3), ["200", "200", "200"])
    assert.deepStrictEqual(yield* calls(3), ["200", "200", "200"])
    const { mints, rejections, reuses } = yield* counts
    assert.deepStrictEqual({ mints, rejections, reuses }, { mints: 1, rejections: 0, reuses: 0 })
  })
