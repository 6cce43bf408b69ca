import { MemoryClient } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import type { Sandbox } from "@latchkey/testing/Sandbox"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import { demo } from "../src/demo/demo.ts"
import type { Step } from "../src/demo/provider.ts"
import { accessLifetime, providers } from "../src/demo/providers.ts"
import * as Style from "../src/demo/style.ts"
import { exitCode } from "../src/demo/summary.ts"

/** All jitter in the middle: times are whole milliseconds, as those of a real clock are. */
const steady = Effect.withRandom(Random.fixed([0.5]))

const advance = TestClock.adjust("100 millis")

/** The demo from start to end, in memory, with the sandboxes on made-up ports. */
const play = (
  options: { readonly redraws?: boolean; readonly sabotage?: Step; readonly length?: number } = {}
) =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    const sandboxes = new Map<string, Sandbox>()
    const client = MemoryClient.client([], {
      elsewhere: (request) => sandboxes.get(request.url.origin)?.handle(request) ?? Effect.never
    })
    const sabotage = options.sabotage === undefined ? [] : [options.sabotage]
    const running = yield* Effect.fork(
      demo({
        providers: providers.map(({ name, start }) => ({
          name,
          start: (serve) =>
            Effect.map(start(serve), (running) => ({
              ...running,
              script: [...running.script, ...sabotage]
            }))
        })),
        accessLifetime,
        traffic: { callers: 1, every: 100, length: options.length ?? 9_000 },
        serve: (sandbox) =>
          Effect.sync(() => {
            const url = `http://127.0.0.1:${sandboxes.size + 1}`
            sandboxes.set(url, sandbox)
            return { url }
          }),
        screen: {
          redraws: options.redraws ?? false,
          columns: 104,
          paint: Style.plain,
          print: (text) => Effect.sync(() => printed.push(...text.split("\n")))
        }
      }).pipe(Effect.provideService(HttpClient.HttpClient, client), steady)
    )
    yield* Effect.repeat(Effect.zipRight(advance, Fiber.poll(running)), { until: Option.isSome })
    return { printed, verdict: yield* Fiber.join(running) }
  })

describe("demo", () => {
  it.effect(
    "no call fails, though tokens are revoked, token endpoints fail and a refresh token expires",
    () =>
      Effect.gen(function* () {
        const { printed, verdict } = yield* play()
        assert.deepStrictEqual([verdict.failed, verdict.disagreements, exitCode(verdict)], [0, [], 0])
        for (const { name } of providers) {
          const lines = printed.filter((line) => line.includes(`s  ${name}`)).map((line) => line.slice(23))
          assert.include(lines, "FAULT access tokens revoked")
          assert.include(lines, "FAULT token endpoint answers 503 from now on")
          assert.match(lines.join("\n"), /(login|refresh) failed: 503/)
        }
        assert.match(
          printed.at(-1) ?? "",
          /^PASSED: .* through \d+ revocations, \d+ outages and 1 expired refresh token\.$/
        )

        const lines = printed.filter((line) => line.includes("s  VaultsPay"))
        const expired = lines.findIndex((line) => line.includes("refresh token expired"))
        assert.isAbove(expired, 0)
        assert.match(lines[expired + 1] ?? "", /login: token \d/)
      })
  )

  it.effect("on a terminal the status is drawn in place and no happening is printed", () =>
    Effect.gen(function* () {
      const { printed } = yield* play({ redraws: true, length: 3_000 })
      assert.isFalse(
        printed.some((line) => line.includes("FAULT access tokens revoked") && !line.startsWith("\r"))
      )
      const drawn = printed.filter((line) => line.includes("\r"))
      assert.isAbove(drawn.length, 25 * providers.length)
      providers.forEach(({ name }, index) => {
        assert.isTrue(drawn[index]?.startsWith(`\r${name} `))
      })
      assert.isTrue(drawn[providers.length]?.startsWith(`\u001B[${providers.length}A\r`))
    })
  )

  it.effect("a provider that rejects every token fails the run", () =>
    Effect.gen(function* () {
      const { printed, verdict } = yield* play({
        length: 4_000,
        sabotage: ({ sandbox }) => Effect.zipRight(Effect.sleep("2 seconds"), sandbox.rejectAllTokens(true))
      })
      assert.isAbove(verdict.failed, 10)
      assert.strictEqual(exitCode(verdict), 1)
      assert.match(printed.at(-1) ?? "", /^FAILED: \d+ of \d+ calls failed/)
      assert.isTrue(printed.some((line) => /^ {2}calls .*! *! *!/.test(line)))
      assert.isTrue(printed.some((line) => /^Autopay: \d+ calls failed: answered 401$/.test(line)))
    })
  )
})
