import { assert } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import { pages } from "./flowAnswers.ts"
import { approach, capabilities, failed, lifetime, recovers, said, setUp } from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

const all = (count: number, outcome: string) => Array.from({ length: count }, () => outcome)

/** As a variable of the environment is that is set to nothing, and `Redacted.make(process.env.X!)` without it. */
const unsetSecrets: ReadonlyArray<readonly [name: string, secret: Redacted.Redacted<string>]> = [
  ["empty", Redacted.make("")],
  ["blank", Redacted.make(" \n")],
  ["no string", Redacted.make(JSON.parse("null"))]
]

/** `Retry-After`: a delay in seconds, and a date of the provider's clock. */
const retryAfter = [
  { name: "seconds", header: (_now: number, seconds: number) => String(seconds) },
  {
    name: "a date",
    header: (now: number, seconds: number) => new Date(now + seconds * 1000).toUTCString()
  }
]

/** R6, R11, R16: the token endpoint says no, and means it. */
export const refusals = <Id>(options: Options<Id>, world: World): void => {
  const capable = capabilities(options)
  const { entrances, login, loginInstead, refresh, refusedRefreshToken, startsIssued, wrongCredentials } =
    capable
  const under200 = options.wrongCredentialsUnder200 ?? wrongCredentials
  const start = setUp(options, world)
  /** What a flow asks before it gives up: the refresh that it is configured with, the login, or both. */
  const asked =
    (startsIssued ? 1 : 0) + (login && !(startsIssued && options.authenticatesRefresh === true) ? 1 : 0)

  it.scoped(`R11: wrong credentials are ${wrongCredentials}, asked once, and then the gate`, () =>
    Effect.gen(function* () {
      const { call, calls, counts, pass, spoil } = yield* start
      yield* spoil
      failed(yield* call, wrongCredentials)
      assert.deepStrictEqual(yield* calls(30), all(30, wrongCredentials))
      assert.deepInclude(yield* counts, { refusals: asked, mints: 0, requests: 0 })
      yield* pass("1 second")
      // A refresh token that has ended is not sent again; one that was refused otherwise is.
      assert.deepStrictEqual(yield* calls(30), all(30, wrongCredentials))
      const { refusals } = yield* counts
      assert.strictEqual(refusals, asked + (refusedRefreshToken === "Expired" ? (login ? 1 : 0) : asked))
      yield* pass("1999 millis")
      assert.deepStrictEqual(yield* calls(30), all(30, wrongCredentials))
      assert.deepInclude(yield* counts, { refusals, mints: 0, requests: 0, reuses: 0 })
    })
  )

  it.scoped(`R11: wrong credentials under 200 are ${under200}, asked once, and then the gate`, () =>
    Effect.gen(function* () {
      const { call, calls, counts, sandbox, spoil } = yield* start
      yield* spoil
      yield* sandbox.fault("login", Fault.WithStatus({ status: 200 }), { times: Infinity })
      yield* sandbox.fault("refresh", Fault.WithStatus({ status: 200 }), { times: Infinity })
      failed(yield* call, under200)
      assert.deepStrictEqual(yield* calls(30), all(30, under200))
      assert.deepInclude(yield* counts, { refusals: asked, mints: 0, requests: 0 })
    })
  )

  for (const entrance of entrances) {
    it.scoped(
      `R8: ${entrance.name} whose secret cannot be read for two flights leaves nothing in doubt`,
      () =>
        Effect.gen(function* () {
          const harness = yield* start
          const { calls, counts, during, unset } = harness
          yield* approach(harness, capable, entrance)
          yield* unset(Option.some(Effect.never))
          const outcome = [yield* during("20 seconds", calls(3)), yield* during("20 seconds", calls(3))]
          // A refresh may need no secret but its refresh token.
          const needed = outcome.flat().includes("Unavailable")
          assert.deepStrictEqual(outcome.flat(), all(6, needed ? "Unavailable" : "200"))
          assert.isTrue(needed || entrance !== entrances[0])
          assert.strictEqual((yield* counts).mints, needed ? 0 : 1)
          yield* unset(Option.none())
          assert.deepStrictEqual(yield* during("1 second", calls(3)), all(3, "200"))
          assert.deepInclude(yield* counts, {
            logins: entrance.endpoint === "login" ? 1 : 0,
            mints: 1,
            refusals: 0,
            reuses: 0
          })
        })
    )
  }

  if (refresh !== "none" && world.name === "in memory") {
    for (const page of pages) {
      it.scoped(`R6: ${page.name} to a refresh in the background: nobody notices, nothing is lost`, () =>
        Effect.gen(function* () {
          const harness = yield* start
          const { call, calls, counts, manager, pass, sandbox } = harness
          yield* call
          yield* pass(lifetime - 60_000)
          yield* sandbox.clearLedger
          yield* sandbox.fault("refresh", page.fault(0))
          assert.deepStrictEqual(yield* calls(3), all(3, "200"))
          yield* pass("1 second")
          assert.deepInclude(yield* counts, { faults: 1, mints: 0 })
          assert.deepStrictEqual(yield* calls(3), all(3, "200"))
          yield* pass("1 second")
          assert.strictEqual((yield* manager.status).generation, 2)
          assert.deepInclude(yield* counts, { refreshes: 1, logins: 0, refusals: 0, reuses: 0 })
        })
      )

      it.scoped(
        `R6: ${page.name} to each refresh in the background: ${loginInstead ? "one login" : "sent again a day later"}`,
        () =>
          Effect.gen(function* () {
            const harness = yield* start
            const { call, calls, counts, pass, sandbox } = harness
            yield* call
            yield* pass(lifetime - 60_000)
            yield* sandbox.clearLedger
            yield* sandbox.fault("refresh", page.fault(0), { times: Infinity })
            for (let second = 0; second < 30; second++) {
              assert.strictEqual(said(yield* call), "200")
              yield* pass("1 second")
            }
            assert.deepInclude(yield* counts, { logins: loginInstead ? 1 : 0, refreshes: 0 })
            if (loginInstead) {
              assert.strictEqual((yield* counts).faults, 2)
            } else {
              yield* pass("1 minute")
              failed(yield* call, page.tag)
              yield* pass("1 day")
              yield* sandbox.clearFaults
              assert.deepStrictEqual(yield* calls(3), all(3, "200"))
              assert.deepInclude(yield* counts, { refreshes: 1, logins: 0, refusals: 0, reuses: 0 })
            }
          })
      )
    }
  }

  for (const [name, secret] of unsetSecrets) {
    it.scoped(`Options: a secret that is ${name} is Unauthorized, and nothing is sent until it is set`, () =>
      Effect.gen(function* () {
        const { call, counts, manager, pass, sandbox, unset } = yield* start
        yield* sandbox.clearLedger
        yield* unset(Option.some(Effect.succeed(secret)))
        for (let round = 0; round < 20; round++) {
          assert.include(failed(yield* call, "Unauthorized").message, "missing or empty")
          yield* pass("1 minute")
        }
        assert.deepStrictEqual(yield* sandbox.ledger, [])
        assert.isTrue(
          Option.exists((yield* manager.status).lastFailure, ({ _tag }) => _tag === "Unauthorized")
        )
        yield* unset(Option.none())
        yield* pass("1 second")
        assert.strictEqual(said(yield* call), "200")
        assert.deepInclude(yield* counts, { mints: 1, requests: 1 })
      })
    )
  }

  it.scoped("R16: another credential opens the gate, without a restart", () =>
    Effect.gen(function* () {
      const harness = yield* start
      yield* harness.spoil
      for (let round = 0; round < 4; round++) {
        failed(yield* harness.call, wrongCredentials)
        yield* harness.pass("5 minutes")
      }
      failed(yield* harness.call, wrongCredentials)
      yield* harness.reconfigure
      // Not 5 minutes: as long as it takes to look at the credential again.
      yield* harness.pass("1 second")
      yield* harness.sandbox.clearLedger
      assert.deepStrictEqual(yield* harness.calls(10), all(10, "200"))
      assert.deepInclude(yield* harness.counts, { mints: 1, refusals: 0, reuses: 0 })
    })
  )

  if (refresh !== "none") {
    for (const [name, end] of [
      ["revoked", "revokeRefreshTokens"],
      ["expired", "expireRefreshTokens"]
    ] as const) {
      it.scoped(
        `R6: a refresh token that was ${name}: ${login ? "one refusal, one login" : `${refusedRefreshToken}, asked once`}`,
        () =>
          Effect.gen(function* () {
            const harness = yield* start
            const { call, calls, counts, pass, sandbox } = harness
            yield* call
            yield* pass(lifetime)
            yield* sandbox[end]
            yield* sandbox.clearLedger
            if (login) {
              assert.deepStrictEqual(yield* calls(10), all(10, "200"))
              assert.deepInclude(yield* counts, { refusals: 1, logins: 1, refreshes: 0, reuses: 0 })
              yield* pass(lifetime)
              assert.deepStrictEqual(yield* calls(10), all(10, "200"))
              assert.deepInclude(yield* counts, { refusals: 1, logins: 1, refreshes: 1 })
            } else {
              const error = failed(yield* call, refusedRefreshToken)
              assert.isTrue(error._tag !== "Expired" || error.credential === "refresh_token")
              assert.deepStrictEqual(yield* calls(30), all(30, refusedRefreshToken))
              assert.deepInclude(yield* counts, { refusals: 1, mints: 0, requests: 0, reuses: 0 })
              yield* recovers(harness, true)
            }
          })
      )
    }
  }

  for (const entrance of entrances) {
    const { endpoint, name } = entrance

    it.scoped(`R11: 429 to ${name} with a date of a clock that is 10 minutes ahead is waited for`, () =>
      Effect.gen(function* () {
        const harness = yield* start
        const { calls, during, mintedAt, sandbox } = harness
        const now = yield* approach(harness, capable, entrance)
        yield* sandbox.skewClock("10 minutes")
        const date = new Date(now + 605_000).toUTCString()
        yield* sandbox.fault(endpoint, Fault.Status({ status: 429, headers: { "retry-after": date } }))
        assert.deepStrictEqual(yield* during("6 seconds", calls(3)), all(3, "200"))
        assert.deepStrictEqual(yield* mintedAt(now), [5_000])
      })
    )

    for (const { header, name: kind } of retryAfter) {
      it.scoped(`R11: 429 to ${name} with ${kind} within the deadline is waited for`, () =>
        Effect.gen(function* () {
          const harness = yield* start
          const { calls, counts, during, mintedAt, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          const fault = Fault.Status({ status: 429, headers: { "retry-after": header(now, 5) } })
          yield* sandbox.fault(endpoint, fault)
          assert.deepStrictEqual(yield* during("6 seconds", calls(10)), all(10, "200"))
          assert.deepStrictEqual(yield* mintedAt(now), [5_000])
          assert.deepInclude(yield* counts, { faults: 1, mints: 1, reuses: 0, rejections: 0 })
        })
      )

      it.scoped(`R11: 429 to ${name} with ${kind} beyond the deadline is RateLimited until then`, () =>
        Effect.gen(function* () {
          const harness = yield* start
          const { call, calls, counts, pass, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          const fault = Fault.Status({ status: 429, headers: { "retry-after": header(now, 120) } })
          yield* sandbox.fault(endpoint, fault)
          const error = failed(yield* call, "RateLimited")
          assert.strictEqual(
            error._tag === "RateLimited" && error.retryAfter && DateTime.toEpochMillis(error.retryAfter),
            now + 120_000
          )
          yield* pass("119 seconds")
          assert.deepStrictEqual(yield* calls(30), all(30, "RateLimited"))
          assert.deepInclude(yield* counts, { faults: 1, mints: 0, requests: 0 })
          yield* pass("1 second")
          assert.strictEqual(said(yield* call), "200")
          assert.deepInclude(yield* counts, { faults: 1, mints: 1, reuses: 0 })
        })
      )
    }
  }
}
