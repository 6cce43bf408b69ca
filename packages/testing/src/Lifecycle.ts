/**
 * A model of a token's life for model-based tests: random histories of what happens to a token, run
 * against the real manager and the real authenticated client in a world of virtual time, watched by a
 * small exact provider.
 *
 * @since 0.1.0
 */
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { ModelProvider } from "./internal/modelProvider.ts"
import { VirtualTime } from "./internal/virtualTime.ts"

/**
 * How the token endpoint fails once: `unavailable` (503, nothing done), `rateLimited` (429, nothing
 * done), `lostBefore` (connection lost, nothing done), `lostAfter` (connection lost, all done),
 * `malformed` (all done, the answer unreadable), `hang` (nothing done, no answer).
 *
 * @since 0.1.0
 * @category models
 */
export type FaultKind = "unavailable" | "rateLimited" | "lostBefore" | "lostAfter" | "malformed" | "hang"

/**
 * One event of a history. Times are in milliseconds; `process` is 0, or 1 for the sibling.
 *
 * @since 0.1.0
 * @category models
 */
export type Command = Data.TaggedEnum<{
  /** Time passes. */
  Pass: { readonly millis: number }
  /** Callers send a request each. */
  Call: { readonly callers: number; readonly process: number }
  /** A caller that waits is interrupted. */
  Interrupt: { readonly which: number }
  /** The provider revokes all access tokens. */
  Revoke: {}
  /** The provider revokes all refresh tokens. */
  RevokeRefresh: {}
  /** The next calls of the token endpoint fail. */
  Fault: { readonly kind: FaultKind; readonly times: number }
  /** The provider accepts the credentials, or does not. */
  Credentials: { readonly accepted: boolean }
  /** The store is out of reach, or back. */
  Store: { readonly reachable: boolean }
}>

/**
 * Constructors and matchers of {@link Command}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Command = Data.taggedEnum<Command>()

/**
 * What kind of flow lives through a history; durations in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setup {
  readonly lifetime: number
  readonly refreshLifetime: number
  readonly latency: number
  readonly refresh: "none" | "kept" | "rotates"
  /** False: the flow lives on its refresh token. */
  readonly login: boolean
  /** `shared`: two processes use one store. `own`: one process has it for itself. */
  readonly store: "none" | "own" | "shared"
}

/**
 * What a history came to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outcome {
  /** The invariants that did not hold, each with the moment; empty if all is well. */
  readonly violations: ReadonlyArray<string>
  readonly calls: number
  readonly failures: number
  readonly logins: number
  readonly refreshes: number
  readonly reuses: number
}

interface Call {
  readonly fiber: Fiber.RuntimeFiber<boolean>
  readonly startedAt: number
  interrupted: boolean
}

const down = new TokenStore.StoreError({ reason: "unreachable", message: "The store is down." })

/** The shared store of the model: the memory store, which can be out of reach. */
const unreliable = (inner: TokenStore.Service, state: { reachable: boolean }): TokenStore.Service => {
  const reach = <A>(effect: Effect.Effect<A, TokenStore.StoreError>) =>
    Effect.suspend(() => (state.reachable ? effect : Effect.fail(down)))
  return {
    ...inner,
    shared: true,
    load: (key) => reach(inner.load(key)),
    save: (key, tokens, expectedVersion) => reach(inner.save(key, tokens, expectedVersion)),
    remove: (key) => reach(inner.remove(key)),
    lease: (key, timeToLive) => reach(inner.lease(key, timeToLive))
  }
}

/** Longer than any flight, retry and store operation may take. */
const patience = 60_000

/** Longer than any gate, and than a `Retry-After` of the model. */
const convalescence = 600_000

const startsAt = 1_700_000_000_000

/**
 * Runs a history and checks every invariant of the design on it:
 *
 * - no token is sent past its expiry;
 * - one flight at a time, across processes too while the store is reachable;
 * - a rotating refresh token is spent once, but for the single retry of R8;
 * - no login while a refresh would do;
 * - mints stay within the optimum plus what faults, revocations and failures explain;
 * - every call ends in time, and with a healthy provider every call succeeds;
 * - after the last fault everything recovers;
 * - closing the scope leaves no fiber.
 *
 * Synchronous and deterministic but for jitter: no promise is awaited, no real time passes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (setup: Setup, history: ReadonlyArray<Command>): Outcome => {
  const time = new VirtualTime(startsAt)
  const provider = new ModelProvider(setup, time)
  const store = { reachable: true }
  const scope = time.run(Scope.make())
  const initial = setup.login ? undefined : provider.issueRefreshToken()
  const api = HttpClient.make((request) =>
    Effect.sync(() =>
      HttpClientResponse.fromWeb(
        request,
        new Response(null, { status: provider.accepts(request.headers["authorization"]) ? 200 : 401 })
      )
    )
  )
  const shared = setup.store === "none" ? undefined : time.run(TokenStore.makeMemory)
  const makeProcess = Effect.gen(function* () {
    const flow = yield* Effect.orDie(provider.flow(initial))
    const make = TokenManager.make(flow)
    const manager = yield* shared === undefined
      ? make
      : Effect.provideService(make, TokenStore.TokenStore, unreliable(shared, store))
    return yield* Effect.provideService(AuthHttpClient.make(manager), HttpClient.HttpClient, api)
  })
  const processes = Array.from({ length: setup.store === "shared" ? 2 : 1 }, () =>
    time.run(Scope.extend(makeProcess, scope))
  )

  const calls: Array<Call> = []
  const violations: Array<string> = []
  const healthy = history.every(
    (command) => command._tag === "Pass" || command._tag === "Call" || command._tag === "Interrupt"
  )
  let revocations = 0
  let storeFailures = 0
  let refusals = 0

  const call = (process: number): Call => {
    const client = processes[process % processes.length]
    const started: Call = {
      startedAt: time.unsafeCurrentTimeMillis(),
      interrupted: false,
      fiber: time.start(
        client === undefined
          ? Effect.dieMessage("no process")
          : Effect.match(client.get("/"), {
              onFailure: () => false,
              onSuccess: ({ status }) => status === 200
            })
      )
    }
    calls.push(started)
    return started
  }

  const apply = (command: Command): void => {
    switch (command._tag) {
      case "Pass":
        return time.pass(command.millis)
      case "Call":
        for (let caller = 0; caller < command.callers; caller++) {
          call(command.process)
        }
        return
      case "Interrupt": {
        const waiting = calls.filter(({ fiber }) => fiber.unsafePoll() === null)
        const chosen = waiting[command.which % Math.max(1, waiting.length)]
        if (chosen !== undefined) {
          chosen.interrupted = true
          chosen.fiber.unsafeInterruptAsFork(chosen.fiber.id())
          time.settle()
        }
        return
      }
      case "Revoke":
        revocations += 1
        return provider.revokeAccess()
      case "RevokeRefresh":
        revocations += 1
        return provider.revokeRefresh()
      case "Fault":
        return provider.addFaults(command.kind, command.times)
      case "Credentials":
        refusals += command.accepted ? 0 : 1
        provider.credentialsAccepted = command.accepted
        return
      case "Store":
        if (!command.reachable) {
          storeFailures += 1
          // From then on a process may know what its sibling cannot.
          provider.siblingsApart = setup.store === "shared"
        }
        store.reachable = command.reachable
        return
    }
  }

  for (const command of history) {
    apply(command)
  }
  const elapsed = time.unsafeCurrentTimeMillis() - startsAt

  // After the last fault everything recovers.
  provider.clearFaults()
  provider.credentialsAccepted = true
  store.reachable = true
  time.pass(patience)
  for (const { fiber, interrupted, startedAt } of calls) {
    const exit = fiber.unsafePoll()
    if (exit === null) {
      violations.push(`every call ends in time: one of ${startedAt - startsAt} ms still waits`)
    } else if (Exit.isFailure(exit) && !interrupted) {
      violations.push(`no defect reaches a caller: ${exit.cause.toString()}`)
    } else if (healthy && !interrupted && Exit.isSuccess(exit) && !exit.value) {
      violations.push(`with a healthy provider every call succeeds: one of ${startedAt - startsAt} ms failed`)
    }
  }
  const spent = provider.counts.logins + provider.counts.refreshes

  // A cycle is never shorter than half a lifetime (R2).
  const optimum = 1 + Math.ceil((elapsed + patience) / (setup.lifetime / 2))
  const explained =
    provider.counts.faulted +
    provider.counts.refused +
    // A revoked token costs a mint, and so may the probation of its replacement (R9).
    2 * revocations +
    refusals
  // Without the store, each process mints for itself.
  const minting = storeFailures === 0 ? 1 : processes.length
  if (spent > minting * optimum + explained) {
    violations.push(
      `mints stay within the optimum plus faults: ${spent} > ${minting} * ${optimum} + ${explained}`
    )
  }
  if (provider.counts.concurrent > minting) {
    violations.push(`one flight at a time: ${provider.counts.concurrent}`)
  }

  // A flow without a login is lost with its refresh token: then nothing but a person can help.
  const rest = Math.max(convalescence, setup.lifetime)
  const lost =
    !setup.login &&
    (revocations > 0 ||
      provider.counts.faulted > 0 ||
      storeFailures > 0 ||
      elapsed + patience + rest > setup.refreshLifetime)
  if (!lost) {
    time.pass(rest)
    for (let process = 0; process < processes.length; process++) {
      const { fiber } = call(process)
      time.pass(patience)
      const exit = fiber.unsafePoll()
      if (exit === null || Exit.isFailure(exit) || !exit.value) {
        violations.push(`after the last fault everything recovers: process ${process} has not`)
      }
    }
  }

  const closing = time.start(Scope.close(scope, Exit.void))
  time.pass(patience)
  if (closing.unsafePoll() === null) {
    violations.push("the scope closes in time")
  }

  const failures = calls.filter(({ fiber }) => {
    const exit = fiber.unsafePoll()
    return exit === null || Exit.isFailure(exit) || !exit.value
  }).length
  return {
    violations: [...violations, ...provider.violations],
    calls: calls.length,
    failures,
    logins: provider.counts.logins,
    refreshes: provider.counts.refreshes,
    reuses: provider.counts.reuses
  }
}

/**
 * Setups of every kind: with and without a refresh token, a login, a store.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const arbitrarySetup: FastCheck.Arbitrary<Setup> = FastCheck.record({
  lifetime: FastCheck.constantFrom(1_000, 2_000, 20_000, 300_000, 3_600_000, 86_400_000),
  refreshLifetime: FastCheck.constantFrom(5_000, 600_000, 100 * 86_400_000),
  latency: FastCheck.constantFrom(0, 1, 150),
  refresh: FastCheck.constantFrom("none" as const, "kept" as const, "rotates" as const),
  login: FastCheck.boolean(),
  store: FastCheck.constantFrom("none" as const, "own" as const, "shared" as const)
}).map(({ latency, lifetime, login, refresh, refreshLifetime, store }): Setup => ({
  latency,
  refresh,
  store,
  // A day without a store is a day of attempts to reach it: true to life, and slow to run.
  lifetime: store === "none" ? lifetime : Math.min(lifetime, 3_600_000),
  login: login || refresh === "none",
  // Without a login, the end of the refresh token is the end of it all.
  refreshLifetime: login || refresh === "none" ? refreshLifetime : 100 * 86_400_000
}))

/**
 * One command; time passes in steps that suit the lifetime.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const arbitraryCommand = (setup: Setup): FastCheck.Arbitrary<Command> =>
  FastCheck.oneof(
    {
      weight: 8,
      arbitrary: FastCheck.oneof(
        FastCheck.integer({ min: 1, max: 500 }),
        FastCheck.integer({ min: 1, max: Math.ceil(setup.lifetime * 1.2) })
      ).map((millis) => Command.Pass({ millis }))
    },
    {
      weight: 8,
      arbitrary: FastCheck.record({
        callers: FastCheck.integer({ min: 1, max: 4 }),
        process: FastCheck.integer({ min: 0, max: 1 })
      }).map(Command.Call)
    },
    { weight: 2, arbitrary: FastCheck.nat(5).map((which) => Command.Interrupt({ which })) },
    { weight: 1, arbitrary: FastCheck.constant(Command.Revoke()) },
    { weight: 1, arbitrary: FastCheck.constant(Command.RevokeRefresh()) },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        kind: FastCheck.constantFrom<FaultKind>(
          "unavailable",
          "rateLimited",
          "lostBefore",
          "lostAfter",
          "malformed",
          "hang"
        ),
        times: FastCheck.integer({ min: 1, max: 3 })
      }).map(Command.Fault)
    },
    { weight: 1, arbitrary: FastCheck.boolean().map((accepted) => Command.Credentials({ accepted })) },
    { weight: 1, arbitrary: FastCheck.boolean().map((reachable) => Command.Store({ reachable })) }
  )

/**
 * Setups with histories of up to 30 commands.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const arbitrary: FastCheck.Arbitrary<readonly [Setup, ReadonlyArray<Command>]> = arbitrarySetup.chain(
  (setup) =>
    FastCheck.array(arbitraryCommand(setup), { minLength: 1, maxLength: 30, size: "max" }).map(
      (history) => [setup, history] as const
    )
)
