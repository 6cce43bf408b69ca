import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenStore from "@latchkey/core/TokenStore"
import { Fault, Ledger, MemoryClient, type Sandbox, VaultIstSandbox, type Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { it } from "@latchkey/testing/SettledTest"
import * as VaultIst from "../../src/VaultIst.ts"

const callers = 500
const lifetime = 3_600_000
const unreachable = new TokenStore.StoreError({ reason: "unreachable", message: "the test says so" })

/** A store that fails at random while `isBroken`: before it writes, after it, or by taking too long. */
const flaky = (inner: TokenStore.Service, isBroken: Ref.Ref<boolean>): TokenStore.Service => {
  const chancy = <A>(operation: Effect.Effect<A, TokenStore.StoreError>) =>
    Effect.gen(function* () {
      const chance = (yield* Ref.get(isBroken)) ? yield* Random.nextIntBetween(0, 6) : 5
      switch (chance) {
        case 0:
          return yield* unreachable
        case 1:
          yield* operation
          return yield* unreachable
        case 2:
          return yield* Effect.delay(operation, "1 second")
        case 3:
          return yield* Effect.zipRight(operation, Effect.never)
        default:
          return yield* operation
      }
    })
  return {
    ...inner,
    load: (key) => chancy(inner.load(key)),
    save: (key, tokens, version) => chancy(inner.save(key, tokens, version)),
    lease: (key, timeToLive) => chancy(inner.lease(key, timeToLive))
  }
}

const refreshTokenOf = ({ refreshToken }: Wire.Minted) => Redacted.make(Option.getOrThrow(refreshToken).value)

const setUp = (shared: boolean) =>
  Effect.gen(function* () {
    const sandbox = yield* VaultIstSandbox.make({ accessLifetime: lifetime, revokeOnReuse: false })
    const configured = yield* Ref.make(refreshTokenOf(yield* sandbox.issue))
    const isBroken = yield* Ref.make(false)
    const memory = yield* TokenStore.makeMemory
    const flow = yield* Effect.provide(
      VaultIst.make({ refreshToken: Ref.get(configured), account: "one" }),
      MemoryClient.layer([sandbox])
    )
    const manager = yield* Effect.provideService(
      TokenManager.make(flow),
      TokenStore.TokenStore,
      flaky({ ...memory, shared }, isBroken)
    )
    return { sandbox, configured, isBroken, manager }
  })

/**
 * One expiry: 500 callers in waves, every other of them interrupted somewhere on its way. Answers what
 * those who stayed got.
 */
const expiry = (manager: TokenManager.TokenManager) =>
  Effect.gen(function* () {
    const waves = yield* Random.nextIntBetween(1, 5)
    const fibers: Array<Fiber.RuntimeFiber<string>> = []
    const call = Effect.match(manager.get, { onFailure: ({ _tag }) => _tag, onSuccess: () => "success" })
    const leaving = Effect.gen(function* () {
      for (const fiber of fibers) {
        if ((yield* Random.nextIntBetween(0, 2 * waves)) === 0) {
          yield* Fiber.interruptFork(fiber)
        }
      }
    })
    for (let wave = 0; wave < waves; wave++) {
      for (let caller = 0; caller < callers / waves; caller++) {
        fibers.push(yield* Effect.fork(call))
      }
      if (yield* Random.nextBoolean) {
        yield* leaving
      }
      yield* TestClock.adjust(yield* Random.nextIntBetween(0, 1_000))
      yield* leaving
    }
    // The longest flight: the lease of a store that failed while granting it, the store away, the mint.
    yield* TestClock.adjust("135 seconds")
    const exits = yield* Effect.forEach(fibers, Fiber.await)
    return exits.flatMap((exit) => (exit._tag === "Success" ? [exit.value] : []))
  })

/** How often a refresh token may have been spent without the manager knowing it. */
const lost = (ledger: Ledger.Ledger) =>
  Ledger.entries(ledger, "Faulted").filter(({ fault }) => fault === "ResetAfter" || fault === "Truncated")
    .length

const spentOnce = (ledger: Ledger.Ledger): void => {
  const paid = Ledger.entries(ledger, "Refresh").map(({ presented }) => presented)
  assert.deepStrictEqual([...new Set(paid)], paid)
}

/** Histories are random, and the same in every run: `SEED=2 ROUNDS=500 npx vitest run rotation.long` has others. */
const seeded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.withRandom(effect, Random.make(process.env["SEED"] ?? "1"))

const randomFault = (sandbox: Sandbox.Sandbox) =>
  Effect.gen(function* () {
    const faults = [
      Fault.ResetAfter(),
      Fault.Truncated(),
      Fault.ResetBefore(),
      Fault.Status({ status: 503 }),
      Fault.Html(),
      Fault.Latency({ duration: "2 seconds" })
    ]
    const count = yield* Random.nextIntBetween(0, 3)
    for (let nth = 0; nth < count; nth++) {
      yield* sandbox.fault("refresh", faults[yield* Random.nextIntBetween(0, faults.length)] ?? Fault.Html())
    }
  })

/** So many expiries in each test, or as many as the environment's `ROUNDS` says. */
export const rotation = (count: number): void => {
  const rounds = Number(process.env["ROUNDS"] ?? count)
  describe(`a rotating refresh token, ${callers} callers and ${rounds} expiries`, () => {
    for (const shared of [false, true]) {
      it.scoped(
        `R7: is spent once, whoever leaves, while the store fails at random (${shared ? "" : "not "}shared)`,
        () =>
          Effect.gen(function* () {
            const { isBroken, manager, sandbox } = yield* setUp(shared)
            yield* manager.get
            yield* Ref.set(isBroken, true)
            let succeeded = 0
            for (let round = 0; round < rounds; round++) {
              yield* TestClock.adjust(lifetime)
              const latency = yield* Random.nextIntBetween(0, 3_000)
              yield* sandbox.fault("refresh", Fault.Latency({ duration: latency }))
              succeeded += (yield* expiry(manager)).filter((outcome) => outcome === "success").length
              yield* sandbox.clearFaults
            }
            const ledger = yield* sandbox.ledger
            assert.deepInclude(Ledger.count(ledger), { reuses: 0, refusals: 0 })
            spentOnce(ledger)
            assert.isAbove(succeeded, 0)
            yield* Ref.set(isBroken, false)
            yield* TestClock.adjust(lifetime)
            assert.deepStrictEqual(new Set(yield* expiry(manager)), new Set(["success"]))
            assert.deepInclude(Ledger.count(yield* sandbox.ledger), { reuses: 0, refusals: 0 })
          }).pipe(seeded),
        300_000
      )
    }

    it.scoped(
      "R8: where answers get lost, each lost one costs at most one reuse",
      () =>
        Effect.gen(function* () {
          const { configured, isBroken, manager, sandbox } = yield* setUp(false)
          yield* manager.get
          yield* Ref.set(isBroken, true)
          const round = Effect.gen(function* () {
            yield* TestClock.adjust(lifetime)
            const outcomes = new Set(yield* expiry(manager))
            yield* sandbox.clearFaults
            if (outcomes.has("Expired")) {
              // Spent and lost: a person gets another one.
              yield* Ref.set(configured, refreshTokenOf(yield* sandbox.issue))
            }
            return outcomes
          })
          for (let done = 0; done < rounds; done++) {
            yield* randomFault(sandbox)
            yield* round
            const ledger = yield* sandbox.ledger
            spentOnce(ledger)
            assert.isAtMost(Ledger.count(ledger).reuses, lost(ledger))
          }
          yield* Ref.set(isBroken, false)
          // What the last fault left in doubt shows now, and is made good.
          yield* Effect.all([round, round])
          assert.deepStrictEqual(yield* round, new Set(["success"]))
        }).pipe(seeded),
      300_000
    )
  })
}
