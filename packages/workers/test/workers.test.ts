import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { requires, skipped } from "@latchkey/servers/missing"
import { AutopaySandbox, Ledger, Loopback, VaultsPaySandbox } from "@latchkey/testing"
import type { Sandbox } from "@latchkey/testing"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Workerd from "../src/workerd.ts"

const problem = await Workerd.problem()
if (problem !== undefined) {
  const line = skipped(
    "workerd",
    problem,
    "see that npm run bootstrap installs the package workerd for this system"
  )
  if (requires(process.env)) {
    throw new Error(line)
  }
  console.warn(line)
}

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const workerUnderTest = path("../src/worker.ts")
const documentedWorker = path("../../../examples/src/cloudflare-workers/worker.ts")

const day = 86_400_000

/** A sandbox whose token endpoint answers when the test says so. */
interface Provider {
  readonly url: string
  readonly sandbox: Sandbox.Sandbox
  /** Lets one mint that waits be answered, as soon as there is one. */
  readonly release: Effect.Effect<void>
  /** Waits until so many mints have arrived in all. */
  readonly arrived: (mints: number) => Effect.Effect<void>
  readonly mints: Effect.Effect<number>
}

/** Looks again until it is so: what happens in another process gives no sign. */
const until = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.asVoid(Effect.repeat(Effect.delay(condition, "5 millis"), { until: (is) => is }))

const serve = (sandbox: Sandbox.Sandbox, tokenPath: string): Effect.Effect<Provider, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting: Array<Deferred.Deferred<void>> = []
    let arrived = 0
    const held: Sandbox.Sandbox = {
      ...sandbox,
      handle: (request) =>
        Effect.gen(function* () {
          if (request.url.pathname === tokenPath) {
            arrived += 1
            const gate = yield* Deferred.make<void>()
            waiting.push(gate)
            yield* Deferred.await(gate)
          }
          return yield* sandbox.handle(request)
        })
    }
    const { url } = yield* Loopback.serve(held)
    return {
      url,
      sandbox,
      release: Effect.gen(function* () {
        yield* until(Effect.sync(() => waiting.length > 0))
        for (const gate of waiting.splice(0)) {
          yield* Deferred.succeed(gate, undefined)
        }
      }),
      arrived: (mints) => until(Effect.sync(() => arrived >= mints)),
      mints: Effect.sync(() => arrived)
    }
  })

const start = (
  worker: string,
  bindings: Readonly<Record<string, string>>
): Effect.Effect<Workerd.Worker, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => Workerd.start(worker, bindings)),
    ({ stop }) => Effect.promise(stop)
  )

const get = (url: string): Effect.Effect<string> =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { signal })
    return response.status === 200 ? response.text() : `HTTP ${response.status}`
  })

/** Autopay and the worker under test. */
const setUp = (bindings: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const sandbox = yield* AutopaySandbox.make()
    const provider = yield* serve(sandbox, "/oauth/token")
    const worker = yield* start(workerUnderTest, {
      API_URL: provider.url,
      CLIENT_ID: sandbox.credentials.clientId,
      CLIENT_SECRET: Redacted.value(sandbox.credentials.clientSecret),
      ...bindings
    })
    const call = get(`${worker.url}/call`)
    /** So many requests at once, whose mint is answered when all of them are under way. */
    const together = (count: number) =>
      Effect.gen(function* () {
        const before = yield* provider.mints
        const [answers] = yield* Effect.all(
          [
            Effect.all(
              Array.from({ length: count }, () => call),
              { concurrency: "unbounded" }
            ),
            until(Effect.map(get(`${worker.url}/underWay`), (underWay) => Number(underWay) >= count)).pipe(
              Effect.zipRight(provider.release)
            )
          ],
          { concurrency: "unbounded" }
        )
        return { answers, mints: (yield* provider.mints) - before }
      })
    return {
      provider,
      worker,
      call,
      together,
      begin: get(`${worker.url}/begin`),
      advance: (by: number) => get(`${worker.url}/advance?by=${by}`)
    }
  })

const all = (count: number, answer: string) => Array.from({ length: count }, () => answer)

describe.skipIf(problem !== undefined)("workerd, one ManagedRuntime for all requests", () => {
  it.scopedLive(
    "R4: requests that share a mint are all answered: cold, at expiry and after a revocation",
    () =>
      Effect.gen(function* () {
        const { advance, provider, together, worker } = yield* setUp()
        assert.deepStrictEqual(yield* together(20), { answers: all(20, "200"), mints: 1 })
        yield* advance(day)
        assert.deepStrictEqual(yield* together(10), { answers: all(10, "200"), mints: 1 })
        yield* provider.sandbox.revokeAccessTokens
        assert.deepStrictEqual(yield* together(5), { answers: all(5, "200"), mints: 1 })
        assert.strictEqual(worker.complaints(), "")
      })
  )

  it.scopedLive("R3: with `waitUntil` a background refresh outlives the request that started it", () =>
    Effect.gen(function* () {
      const { advance, call, provider, together } = yield* setUp({ WAIT_UNTIL: "true" })
      yield* together(1)
      yield* advance(day - 100_000)
      // Stale: answered at once, with the mint held back.
      assert.strictEqual(yield* call, "200")
      yield* provider.arrived(2)
      yield* provider.release
      yield* until(Effect.map(provider.sandbox.ledger, (ledger) => Ledger.count(ledger).mints === 2))
      yield* advance(200_000)
      assert.strictEqual(yield* call, "200")
      assert.strictEqual(yield* provider.mints, 2)
    })
  )

  it.scopedLive("R4: a mint whose request has ended ends by its deadline, and the next one starts anew", () =>
    Effect.gen(function* () {
      const { begin, call, provider } = yield* setUp({ MINT_DEADLINE: "1000" })
      assert.strictEqual(yield* begin, "begun")
      assert.strictEqual(yield* call, "Unavailable")
      // The first mint may not have got as far as the provider.
      const before = yield* provider.mints
      const [answer] = yield* Effect.all(
        [call, Effect.zipRight(provider.arrived(before + 1), provider.release)],
        {
          concurrency: "unbounded"
        }
      )
      assert.strictEqual(answer, "200")
    })
  )

  it.scopedLive("R4: with `waitUntil` such a mint serves the others", () =>
    Effect.gen(function* () {
      const { begin, provider, together } = yield* setUp({ WAIT_UNTIL: "true" })
      assert.strictEqual(yield* begin, "begun")
      yield* provider.arrived(1)
      assert.deepStrictEqual(yield* together(5), { answers: all(5, "200"), mints: 0 })
    })
  )

  it.scopedLive("the documented worker answers twenty requests with one mint", () =>
    Effect.gen(function* () {
      const sandbox = yield* VaultsPaySandbox.make()
      const provider = yield* serve(sandbox, "/as/api/v1/saas-login")
      const worker = yield* start(documentedWorker, {
        VAULTSPAY_BASE_URL: provider.url,
        VAULTSPAY_CLIENT_ID: sandbox.credentials.clientId,
        VAULTSPAY_CLIENT_SECRET: Redacted.value(sandbox.credentials.clientSecret)
      })
      const [answers] = yield* Effect.all(
        [
          Effect.all(
            Array.from({ length: 20 }, () => get(worker.url)),
            { concurrency: "unbounded" }
          ),
          Effect.delay(provider.release, "100 millis")
        ],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(answers).size, 1)
      assert.notInclude(answers[0], "HTTP")
      assert.strictEqual(yield* provider.mints, 1)
    })
  )
})
