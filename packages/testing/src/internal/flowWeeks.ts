import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { Options } from "../AuthFlowSuite.ts"
import { capabilities, lifetime, said, setUp } from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

const week = Duration.toMillis("7 days")

/** How often the application calls, in milliseconds. */
const interval = Duration.toMillis("10 minutes")

/** The longest that a failure is remembered, in milliseconds (R11). */
const longestGate = Duration.toMillis("5 minutes")

const html = "<!doctype html><title>Gateway</title>"

/** Fails 5 % of all requests, each on its own: with a page, or with silence. None of these is forwarded. */
const proxy = (seed: number) => {
  const random = Random.make(seed)
  let on = true
  let failures = 0
  let lastAt = -Infinity
  const through = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.make((request) =>
      Effect.gen(function* () {
        if (!on || (yield* random.next) >= 0.05) {
          return yield* client.execute(request)
        }
        failures += 1
        lastAt = yield* Clock.currentTimeMillis
        const status = [400, 401, 422, 502, undefined][yield* random.nextIntBetween(0, 5)]
        return status === undefined
          ? yield* Effect.never
          : HttpClientResponse.fromWeb(
              request,
              new Response(html, { status, headers: { "content-type": "text/html" } })
            )
      })
    )
  return {
    through,
    stop: Effect.sync(() => {
      on = false
    }),
    failures: () => failures,
    lastAt: () => lastAt
  }
}

/** No grant is lost, no identity is changed, and all recovers without a restart, whatever a proxy does. */
export const weeks = <Id>(options: Options<Id>, world: World): void => {
  const { login, loginInstead, startsIssued } = capabilities(options)

  it.effect.prop(
    "R6, R8: a week behind a proxy that fails 5 % of all calls loses no grant and changes no identity",
    { seed: FastCheck.integer() },
    ({ seed }) =>
      Effect.gen(function* () {
        const { failures, lastAt, stop, through } = proxy(seed)
        const { call, calls, counts, during, pass } = yield* setUp(options, world, { through })
        for (let time = 0; time < week; time += interval) {
          const before = yield* Clock.currentTimeMillis
          const quiet = before - lastAt() > longestGate
          const failed = failures()
          const outcome = yield* during("40 seconds", Effect.timeoutOption(call, "40 seconds"))
          if (quiet && failures() === failed) {
            assert.strictEqual(Option.match(outcome, { onNone: () => "silence", onSome: said }), "200")
          }
          yield* pass(interval - 40_000)
        }
        yield* stop
        yield* pass(longestGate)
        assert.deepStrictEqual(yield* calls(3), ["200", "200", "200"])
        const { logins, mints, rejections, reuses } = yield* counts
        assert.deepStrictEqual({ rejections, reuses }, { rejections: 0, reuses: 0 })
        if (login && !loginInstead && startsIssued) {
          assert.strictEqual(logins, 0)
        }
        // A token serves for 50 minutes at least, and a failure costs one more mint at most.
        assert.isAtMost(mints, week / (lifetime - 600_000) + failures() + 1)
        assert.isAbove(failures(), 20)
      }).pipe(Effect.scoped),
    { fastCheck: { numRuns: options.weeks ?? 2 }, timeout: 120_000 }
  )
}
