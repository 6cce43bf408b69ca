import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import * as Ledger from "../Ledger.ts"
import { capabilities, failed, lifetime, said, setUp } from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

const minute = 60_000
const ok = (count: number) => Array.from({ length: count }, () => "200")

/** R3 to R5, R9, R10, R13: the life of a token while the provider is well. */
export const life = <Id>(options: Options<Id>, world: World): void => {
  const { entrances, refresh, startsIssued } = capabilities(options)
  const [first, renewal = first] = entrances
  assert.isDefined(first)
  assert.isDefined(renewal)
  const start = setUp(options, world)

  it.scoped(`R5: the first call makes ${first.name}, and building the layer calls nobody`, () =>
    Effect.gen(function* () {
      const { call, counts, sandbox } = yield* start
      assert.strictEqual((yield* counts).requests + (yield* counts).mints, 0)
      assert.strictEqual(said(yield* call), "200")
      assert.deepInclude(yield* counts, {
        logins: startsIssued ? 0 : 1,
        refreshes: startsIssued ? 1 : 0,
        requests: 1,
        rejections: 0
      })
      const [request] = Ledger.entries(yield* sandbox.ledger, "Request")
      assert.match(request?.headers["authorization"] ?? "", /^Bearer [\w.~+/-]+=*$/)
    })
  )

  it.scoped("R3: fresh: 50 calls, 1 mint", () =>
    Effect.gen(function* () {
      const { calls, counts, pass } = yield* start
      for (let round = 0; round < 5; round++) {
        assert.deepStrictEqual(yield* calls(10), ok(10))
        yield* pass("10 minutes")
      }
      assert.deepInclude(yield* counts, { mints: 1, requests: 50, rejections: 0 })
    })
  )

  it.scoped("R4: 100 concurrent cold calls, 1 mint", () =>
    Effect.gen(function* () {
      const { calls, counts, during, sandbox } = yield* start
      yield* sandbox.fault(first.endpoint, Fault.Latency({ duration: "1 second" }))
      assert.deepStrictEqual(yield* during("1 second", calls(100)), ok(100))
      assert.deepInclude(yield* counts, { mints: 1, requests: 100 })
    })
  )

  it.scoped("R4: the caller that started the mint leaves, and the others get its token", () =>
    Effect.gen(function* () {
      const { call, calls, counts, pass, sandbox, settle } = yield* start
      yield* sandbox.fault(first.endpoint, Fault.Latency({ duration: "1 second" }))
      const leaves = yield* Effect.fork(call)
      yield* settle
      const stay = yield* Effect.fork(calls(20))
      yield* settle
      yield* Fiber.interrupt(leaves)
      yield* pass("1 second")
      assert.deepStrictEqual(yield* Fiber.join(stay), ok(20))
      assert.deepInclude(yield* counts, { mints: 1, requests: 20 })
    })
  )

  it.scoped("R3: stale: served at once, one mint in the background, nobody waits", () =>
    Effect.gen(function* () {
      const { call, calls, counts, during, manager, pass, sandbox } = yield* start
      yield* call
      yield* pass(lifetime - minute)
      yield* sandbox.fault(renewal.endpoint, Fault.Latency({ duration: "1 second" }))
      assert.deepStrictEqual(yield* during(0, calls(20)), ok(20))
      assert.strictEqual((yield* manager.status).generation, 1)
      assert.isTrue((yield* manager.status).minting)
      yield* pass("1 second")
      assert.strictEqual((yield* manager.status).generation, 2)
      assert.deepStrictEqual(yield* calls(20), ok(20))
      assert.deepInclude(yield* counts, { mints: 2, requests: 41, rejections: 0 })
    })
  )

  it.scoped(`R3, R5: expired: callers wait for ${renewal.name}, and none is sent the old token`, () =>
    Effect.gen(function* () {
      const { calls, counts, during, pass, sandbox } = yield* start
      for (let round = 1; round <= 3; round++) {
        assert.deepStrictEqual(yield* during("1 second", calls(20)), ok(20))
        yield* pass(lifetime)
        yield* sandbox.fault(renewal.endpoint, Fault.Latency({ duration: "1 second" }))
      }
      const { logins, mints, refreshes, rejections, reuses } = yield* counts
      assert.deepStrictEqual({ mints, rejections, reuses }, { mints: 3, rejections: 0, reuses: 0 })
      assert.deepStrictEqual(
        [logins, refreshes],
        refresh === "none" ? [3, 0] : startsIssued ? [0, 3] : [1, 2]
      )
    })
  )

  for (const skew of [600_000, -600_000]) {
    it.scoped(`R1: a provider's clock that is ${skew} ms ahead changes nothing`, () =>
      Effect.gen(function* () {
        const { calls, counts, manager, pass, sandbox } = yield* start
        yield* sandbox.skewClock(skew)
        for (let round = 1; round <= 2; round++) {
          assert.deepStrictEqual(yield* calls(3), ok(3))
          // A date has a resolution of a second, a lifetime may have.
          const { expiresAt } = yield* manager.get
          assert.approximately(expiresAt, round * lifetime, 1_000 * round)
          yield* pass(lifetime - 10 * minute)
          assert.deepStrictEqual(yield* calls(3), ok(3))
          assert.deepInclude(yield* counts, { mints: round, requests: 6 * round, rejections: 0, reuses: 0 })
          yield* pass(10 * minute)
        }
      })
    )
  }

  it.scoped("R9: a revoked token: one mint, each request sent at most twice, all succeed", () =>
    Effect.gen(function* () {
      const { call, calls, counts, during, sandbox } = yield* start
      yield* call
      yield* sandbox.revokeAccessTokens
      yield* sandbox.clearLedger
      assert.deepStrictEqual(yield* during("1 second", calls(20)), ok(20))
      const { mints, rejections, requests, reuses } = yield* counts
      assert.deepStrictEqual({ mints, reuses }, { mints: 1, reuses: 0 })
      assert.strictEqual(requests, 20 + rejections)
      assert.deepStrictEqual(yield* calls(20), ok(20))
      assert.deepInclude(yield* counts, { mints: 1, requests: requests + 20 })
    })
  )

  it.scoped("R10: the retry after a rejection is the same request with another token", () =>
    Effect.gen(function* () {
      const { call, client, sandbox } = yield* start
      yield* call
      yield* sandbox.revokeAccessTokens
      yield* sandbox.clearLedger
      const response = yield* HttpClientRequest.post("/v1/things?page=2").pipe(
        HttpClientRequest.setHeader("idempotency-key", "k-1"),
        HttpClientRequest.bodyUnsafeJson({ amount: 100 }),
        client.execute
      )
      assert.strictEqual(response.status, 200)
      const sent = Ledger.entries(yield* sandbox.ledger, "Request").map(
        ({ body, headers, method, path }) => ({
          what: [method, path, headers["idempotency-key"], headers["content-type"]],
          body: new TextDecoder().decode(body),
          token: headers["authorization"]
        })
      )
      assert.lengthOf(sent, 2)
      assert.deepStrictEqual(
        sent.map(({ body, what }) => [...what, body]),
        Array.from({ length: 2 }, () => [
          "POST",
          "/v1/things?page=2",
          "k-1",
          "application/json",
          '{"amount":100}'
        ])
      )
      assert.notStrictEqual(sent[0]?.token, sent[1]?.token)
    })
  )

  it.scoped("R9: an API that rejects every token gets its 401 returned, not a mint per request", () =>
    Effect.gen(function* () {
      const { call, calls, counts, pass, sandbox } = yield* start
      yield* call
      yield* sandbox.rejectAllTokens(true)
      for (let round = 0; round < 20; round++) {
        assert.strictEqual(said(yield* call), "401")
      }
      const { mints, requests } = yield* counts
      assert.isAtMost(mints, 2)
      assert.isAtMost(requests, 2 + 20)
      yield* sandbox.rejectAllTokens(false)
      yield* pass("1 second")
      assert.deepStrictEqual(yield* calls(10), ok(10))
      assert.strictEqual((yield* counts).mints, mints)
    })
  )

  it.scoped("R9: 403 and insufficient_scope are answers, and no rejections", () =>
    Effect.gen(function* () {
      const { client, counts } = yield* start
      assert.strictEqual((yield* client.get("/forbidden")).status, 403)
      assert.strictEqual((yield* client.get("/insufficient-scope")).status, 401)
      assert.deepInclude(yield* counts, { mints: 1, requests: 2 })
    })
  )

  it.scoped("R13: two processes over one store share a token", () =>
    Effect.gen(function* () {
      const { counts, pass, process } = yield* start
      const store = yield* TokenStore.makeMemory
      const [one, other] = [yield* process(store), yield* process(store)]
      for (const round of [1, 2, 3]) {
        assert.strictEqual(said(yield* one.call), "200")
        assert.strictEqual(said(yield* other.call), "200")
        assert.deepInclude(yield* counts, { mints: round, requests: 2 * round, rejections: 0, reuses: 0 })
        yield* pass(lifetime)
      }
    })
  )

  it.scoped("Keys: two accounts over one store never share a token", () =>
    Effect.gen(function* () {
      const { counts, pass, process, stranger } = yield* start
      const store = yield* TokenStore.makeMemory
      const [ada, bob] = [yield* process(store), yield* stranger(store)]
      assert.notStrictEqual(ada.manager.flow.key, bob.manager.flow.key)
      for (let round = 0; round < 3; round++) {
        const tokens = []
        for (const { call, manager } of [ada, bob]) {
          assert.strictEqual(said(yield* call), "200")
          tokens.push(Redacted.value((yield* manager.get).value))
        }
        assert.notStrictEqual(tokens[0], tokens[1])
        yield* pass(lifetime)
      }
      const { rejections, reuses } = Ledger.count(yield* bob.theirs.ledger)
      assert.deepStrictEqual({ rejections, reuses }, { rejections: 0, reuses: 0 })
      assert.deepInclude(yield* counts, { rejections: 0, reuses: 0 })
    })
  )

  it.effect("R7: a restart goes on from what the store holds, and replays nothing that was spent", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { counts, pass, process } = yield* start
        const store = yield* TokenStore.makeMemory
        const once = Effect.scoped(Effect.flatMap(process(store), ({ call }) => call))
        for (const round of [1, 2, 3]) {
          assert.strictEqual(said(yield* once), "200")
          assert.strictEqual(said(yield* once), "200")
          assert.deepInclude(yield* counts, { mints: round, requests: 2 * round, refusals: 0, reuses: 0 })
          yield* pass(lifetime)
        }
      })
    )
  )

  for (const [name, layer] of [
    ["layer", options.layer],
    ["layerConfig", options.layerConfig]
  ] as const) {
    if (layer !== undefined) {
      it.scoped(`R4: the policy that ${name} is given decides how long a mint may take`, () =>
        Effect.gen(function* () {
          const policy = { mintDeadline: "7 seconds" } as const
          const { call, during, pass, sandbox } = yield* setUp(options, world, { layer, policy })
          yield* sandbox.fault(first.endpoint, Fault.Hang())
          const waiting = yield* Effect.fork(call)
          yield* pass("6900 millis")
          assert.isNull(waiting.unsafePoll())
          failed(yield* during("100 millis", Fiber.join(waiting)), "Unavailable")
        })
      )
    }
  }
}
