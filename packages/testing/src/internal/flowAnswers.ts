import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Options } from "../AuthFlowSuite.ts"
import * as Fault from "../Fault.ts"
import { type Case, faults } from "./flowFaults.ts"
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

const patched = (name: string, patch: (json: unknown, now: number) => unknown): Case => ({
  name,
  tag: "InvalidResponse",
  handled: true,
  fault: (now) => Fault.Patch({ f: (json) => patch(json, now) })
})

const canned = (name: string, handled: boolean, fault: Fault.Fault): Case => ({
  name,
  tag: "InvalidResponse",
  handled,
  fault: () => fault
})

/** Ten megabytes around what would be a good answer, were it read to its end. */
const padded = (json: unknown): unknown => Object.assign({}, json, { padding: "x".repeat(10_000_000) })

const malformed: ReadonlyArray<Case> = [
  canned("HTML with 200", false, Fault.Html()),
  patched("a body of 10 MB", padded),
  canned("a JSON array", false, Fault.Body({ body: "[]" })),
  canned("truncated JSON", true, Fault.Truncated()),
  canned("an empty body", true, Fault.EmptyBody()),
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

/** R1, R14: answers that are no token, and lifetimes that are none. */
export const answers = <Id>(options: Options<Id>, world: World): void => {
  const capable = capabilities(options)
  const byDefault = options.defaultLifetime
  const lifetimes = [0, -1, "NaN", 1e18, ...(byDefault === undefined ? [undefined] : [])].map((seconds) =>
    patched(`a lifetime of ${seconds ?? "no length"}`, (json, now) => options.lifetime(json, seconds, now))
  )
  const good: ReadonlyArray<readonly [name: string, seconds: string | undefined, Duration.DurationInput]> = [
    ['"3600" is an hour', "3600", "1 hour"],
    ...(byDefault === undefined
      ? []
      : [["a missing lifetime is the flow's default, and not for ever", undefined, byDefault] as const])
  ]
  faults(options, world, "R6", malformed)
  faults(options, world, "R1", lifetimes)

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
        failed(yield* call, "InvalidResponse")
        assert.deepInclude(yield* counts, { faults: 1, mints: 0, requests: 0 })
        yield* recovers(harness, false)
      })
    )
  }
}
