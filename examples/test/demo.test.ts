import { MemoryClient } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import type { Sandbox } from "@latchkey/testing/Sandbox"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import { demo } from "../src/demo/demo.ts"
import type { Step } from "../src/demo/provider.ts"
import type { Size } from "../src/demo/layout.ts"
import { accessLifetime, providers } from "../src/demo/providers.ts"
import { unbounded } from "../src/demo/render.ts"
import * as Style from "../src/demo/style.ts"
import { exitCode } from "../src/demo/summary.ts"
import * as Vt from "./support/vt.ts"

/** All jitter in the middle: times are whole milliseconds, as those of a real clock are. */
const steady = Effect.withRandom(Random.fixed([0.5]))

const advance = TestClock.adjust("100 millis")

/** The demo from start to end, in memory, with the sandboxes on made-up ports. */
const play = (
  options: {
    readonly redraws?: boolean
    readonly sabotage?: Step
    readonly length?: number
    /** How large the terminal is after so many frames. */
    readonly size?: (frames: number) => Size
    /** Interrupts the demo after so many tenths of a second. */
    readonly interruptAfter?: number
  } = {}
) =>
  Effect.gen(function* () {
    const printed: Array<string> = []
    const written: Array<string> = []
    const sizes: Array<Size> = []
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
          size: Effect.sync(() => {
            const size = options.size?.(sizes.length) ?? unbounded
            sizes.push(size)
            return size
          }),
          paint: Style.plain,
          print: (text) =>
            Effect.sync(() => {
              printed.push(...text.split("\n"))
              written.push(text.replaceAll("\n", "\r\n"), "\r\n")
            }),
          write: (text) => Effect.sync(() => written.push(text))
        }
      }).pipe(Effect.provideService(HttpClient.HttpClient, client), steady)
    )
    if (options.interruptAfter !== undefined) {
      yield* Effect.repeatN(advance, options.interruptAfter)
      yield* Fiber.interruptFork(running)
    }
    yield* Effect.repeat(Effect.zipRight(advance, Fiber.poll(running)), { until: Option.isSome })
    return { printed, written, sizes, exit: yield* Fiber.await(running) }
  })

describe("demo", () => {
  it.effect(
    "no call fails, though tokens are revoked, token endpoints fail and a refresh token expires",
    () =>
      Effect.gen(function* () {
        const { exit, printed } = yield* play()
        const verdict = yield* exit
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

  it.effect("on a terminal the run is drawn in place, no happening is printed, and it is given back", () =>
    Effect.gen(function* () {
      const size = { columns: 80, rows: 24 }
      const { exit, printed, written } = yield* play({ redraws: true, length: 3_000, size: () => size })
      yield* exit
      assert.isFalse(printed.some((line) => line.includes("FAULT access tokens revoked")))
      const terminal = Vt.make(size)
      let frames = 0
      for (const text of written) {
        terminal.write(text)
        if (terminal.modes.has("1049")) {
          assert.isFalse(terminal.modes.has("25"), "the cursor is hidden")
          frames += text.includes("Latchkey keeps") ? 1 : 0
        }
      }
      assert.isAbove(frames, 25)
      assert.deepStrictEqual([...terminal.modes].sort(), ["25", "7"])
      // The report is whole, and so is the line below it where the shell asks for the next command.
      const rows = terminal.rows()
      assert.isTrue(rows.some((row) => row.startsWith("upper line ")))
      assert.match(rows.join(" "), /PASSED: all \d+ calls succeeded/)
      assert.strictEqual(rows.at(-1), "")
    })
  )

  it.effect("the frame after a resize is drawn for the new size, and nothing is left of the old one", () =>
    Effect.gen(function* () {
      const wanted: ReadonlyArray<Size> = [
        { columns: 160, rows: 50 },
        { columns: 60, rows: 20 },
        { columns: 100, rows: 30 },
        { columns: 80, rows: 24 }
      ]
      const at = (frames: number): Size => wanted[Math.floor(frames / 5) % 4] ?? unbounded
      const { exit, sizes, written } = yield* play({ redraws: true, length: 3_000, size: at })
      yield* exit
      const terminal = Vt.make(at(0))
      const frames = written.filter((text) => text.startsWith("\u001B[1;1H"))
      assert.isAbove(frames.length, 25)
      let current = at(0)
      frames.forEach((text, index) => {
        // The size is asked for once before the first frame.
        const size = sizes[index + 1] ?? unbounded
        if (size !== current) {
          terminal.resize(size)
          current = size
        }
        terminal.write(text)
        const rows = terminal.rows().filter((row) => row !== "")
        assert.match(rows.at(-1) ?? "", /^\d\.\d s of 3\.0 s {2}\[#* *\]$/)
        assert.strictEqual(rows.at(-1)?.length, size.columns)
        for (const row of rows.slice(0, -1)) {
          assert.notInclude(row.replace(/\[#* *\]/, ""), "#")
        }
        assert.strictEqual(rows.filter((row) => /^Autopay +token|^Autopay +\[/.test(row)).length <= 1, true)
        assert.strictEqual(rows.filter((row) => / 0 s/.test(row)).length, 1)
      })
    })
  )

  it.effect("interrupted: the cursor is visible, lines wrap, and what the run came to is on the screen", () =>
    Effect.gen(function* () {
      const size = { columns: 80, rows: 24 }
      const { exit, written } = yield* play({ redraws: true, size: () => size, interruptAfter: 20 })
      assert.isTrue(Exit.isInterrupted(exit))
      const terminal = Vt.make(size)
      for (const text of written) {
        terminal.write(text)
      }
      assert.deepStrictEqual([...terminal.modes].sort(), ["25", "7"])
      assert.match(terminal.rows().join("\n"), /Interrupted: 0 of \d+ calls had failed\./)
    })
  )

  it.effect("a provider that rejects every token fails the run", () =>
    Effect.gen(function* () {
      const { exit, printed } = yield* play({
        length: 4_000,
        sabotage: ({ sandbox }) => Effect.zipRight(Effect.sleep("2 seconds"), sandbox.rejectAllTokens(true))
      })
      const verdict = yield* exit
      assert.isAbove(verdict.failed, 10)
      assert.strictEqual(exitCode(verdict), 1)
      assert.match(printed.at(-1) ?? "", /^FAILED: \d+ of \d+ calls failed/)
      assert.isTrue(printed.some((line) => /^ {2}calls .*! *! *!/.test(line)))
      assert.isTrue(printed.some((line) => /^Autopay: \d+ calls failed: answered 401$/.test(line)))
    })
  )
})
