import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import { byStatus, type Case, faults } from "./flowFaults.ts"
import { approach, capabilities, failed, recovers, said, setUp } from "./flowHarness.ts"
import { it } from "../SettledTest.ts"
import type { World } from "./worlds.ts"

/** Changes every string of an answer: tokens are strings, wherever a provider puts them. */
const strings =
  (f: (value: string) => unknown) =>
  (json: unknown): unknown =>
    typeof json === "string"
      ? f(json)
      : Predicate.isRecord(json)
        ? Object.fromEntries(Object.entries(json).map(([name, value]) => [name, strings(f)(value)]))
        : json

/** A token answer that is changed before it goes out. */
const patched = (
  name: string,
  patch: (json: unknown, now: number) => unknown,
  what: Partial<Case> = {}
): Case => ({
  name,
  tag: "InvalidResponse",
  handled: true,
  retried: false,
  keeps: false,
  fault: (now) => Fault.Patch({ f: (json) => patch(json, now) }),
  ...what
})

const canned = (name: string, fault: Fault.Fault, what: Partial<Case> = {}): Case => ({
  name,
  tag: "InvalidResponse",
  handled: false,
  retried: false,
  keeps: false,
  fault: () => fault,
  ...what
})

/** Ten megabytes around what would be a good answer, were it read to its end. */
const padded = (json: unknown): unknown => Object.assign({}, json, { padding: "x".repeat(10_000_000) })

/** What did not parse may be a proxy's, and another a moment later; what parsed will be the same again. */
const malformed: ReadonlyArray<Case> = [
  canned("HTML with 200", Fault.Html(), { retried: true }),
  patched("a body of 10 MB", padded, { retried: true }),
  canned("truncated JSON", Fault.Truncated(), { handled: true, retried: true }),
  canned("an empty body", Fault.EmptyBody(), { handled: true, retried: true }),
  canned("a JSON array", Fault.Body({ body: "[]" })),
  patched(
    "numbers for strings",
    strings(() => 7)
  ),
  patched(
    "missing fields",
    strings(() => undefined)
  ),
  patched(
    "empty strings",
    strings(() => "")
  ),
  patched(
    "a token with a line break",
    strings((value) => `${value}\r\nx-evil: 1`)
  )
]

const html = "<!doctype html><title>Blocked</title><p>Ask your administrator."

/** What a proxy, a firewall or a portal answers in place of the provider. */
export const pages: ReadonlyArray<Case> = [400, 401, 403, 404, 405, 409, 422, 451].map((status) =>
  canned(`HTML with ${status}`, Fault.Body({ status, body: html, contentType: "text/html" }), {
    tag: byStatus(status)
  })
)

const bare: ReadonlyArray<Case> = [400, 401, 403].map((status) =>
  canned(`${status} without a body`, Fault.Status({ status }), { tag: byStatus(status) })
)

/** R1, R14: answers that are no token, and lifetimes that are none. */
export const answers = <Id>(options: Options<Id>, world: World): void => {
  const capable = capabilities(options)
  const byDefault = options.defaultLifetime
  const lifetimes = [0, -1, "NaN", 1e18, ...(byDefault === undefined ? [undefined] : [])].map((seconds) =>
    patched(`a lifetime of ${seconds ?? "no length"}`, (json, now) => options.lifetime(json, seconds, now), {
      keeps: true
    })
  )
  const good: ReadonlyArray<readonly [name: string, seconds: string | undefined, Duration.DurationInput]> = [
    ['"3600" is an hour', "3600", "1 hour"],
    ...(byDefault === undefined
      ? []
      : [["a missing lifetime is the flow's default, and not for ever", undefined, byDefault] as const])
  ]
  faults(options, world, "R6", malformed)
  faults(options, world, "R1", lifetimes)
  if (world.name === "in memory") {
    faults(options, world, "R6", [...pages, ...bare], ["for ever"])
  }

  for (const entrance of capable.entrances) {
    for (const [name, seconds, expected] of good) {
      it.scoped(`R1: ${name} (${entrance.name})`, () =>
        Effect.gen(function* () {
          const harness = yield* setUp(options, world)
          const { call, counts, manager, sandbox } = harness
          const now = yield* approach(harness, capable, entrance)
          yield* sandbox.fault(
            entrance.endpoint,
            Fault.Patch({ f: (json) => options.lifetime(json, seconds, now) })
          )
          assert.strictEqual(said(yield* call), "200")
          assert.strictEqual((yield* manager.get).expiresAt - now, Duration.toMillis(expected))
          assert.deepInclude(yield* counts, { mints: 1, requests: 1, rejections: 0 })
        })
      )
    }

    it.scoped(`R14: ${entrance.name} follows no redirect`, () =>
      Effect.gen(function* () {
        const harness = yield* setUp(options, world)
        const { apiOrigin, call, counts, sandbox } = harness
        yield* approach(harness, capable, entrance)
        yield* sandbox.fault(entrance.endpoint, Fault.Redirect({ location: `${apiOrigin}/stolen` }))
        const outcome = yield* call
        if (entrance.endpoint === "refresh" && capable.loginInstead) {
          assert.strictEqual(said(outcome), "200")
          assert.deepInclude(yield* counts, { faults: 1, mints: 1, logins: 1, requests: 1 })
        } else {
          failed(outcome, "InvalidResponse")
          assert.deepInclude(yield* counts, { faults: 1, mints: 0, requests: 0 })
          yield* recovers(harness, false)
        }
      })
    )

    // On loopback 3,600 calls would take their time, and show nothing else.
    const hour = world.name === "in memory" ? it.scoped : () => {}
    hour(`R11: ${entrance.name} that never brings a usable token is made 20 times an hour`, () =>
      Effect.gen(function* () {
        const harness = yield* setUp(options, world)
        const { call, counts, pass, sandbox } = harness
        const now = yield* approach(harness, capable, entrance)
        const fault = Fault.Patch({ f: (json) => options.lifetime(json, 0, now) })
        yield* sandbox.fault(entrance.endpoint, fault, { times: Infinity })
        if (entrance.endpoint === "login") {
          // What it brought may be refreshed.
          yield* sandbox.fault("refresh", fault, { times: Infinity })
        }
        const outcomes = new Set<string>()
        for (let second = 0; second < 3_600; second++) {
          outcomes.add(said(yield* call))
          yield* pass("1 second")
        }
        // Who waits is told what is wrong, and not that too much was asked.
        const served = entrance.endpoint === "refresh" && capable.loginInstead
        assert.deepStrictEqual([...outcomes], [served ? "200" : "InvalidResponse"])
        const { logins, refreshes } = yield* counts
        assert.isAtMost(Math.max(logins, refreshes), 21)
      })
    )
  }
}
