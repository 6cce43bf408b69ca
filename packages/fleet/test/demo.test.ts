import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Outcome } from "../src/fleet.ts"
import { parse } from "../src/options.ts"
import { makeOutput } from "../src/output.ts"
import { kinds } from "../src/place.ts"
import { part, progressLine, progressText } from "../src/progress.ts"
import { unavailable } from "../src/unavailable.ts"
import { table, verdict } from "../src/verdict.ts"

const outcome: Outcome = {
  store: "SQLite",
  seconds: 60,
  calls: 12_345,
  failures: [],
  kills: 19,
  killsWithinMint: 3,
  mints: 20,
  optimum: 20,
  reuses: 0,
  grantsLost: 0,
  slowest: 6_858
}

const stores = ["SQLite", "PostgreSQL", "Redis"]
const at = (index: number, elapsed: number | undefined) => ({ stores, index, seconds: 60, elapsed })

describe("progress", () => {
  it("tells the store, its seconds, and the part of all that is done", () => {
    assert.strictEqual(progressText(at(1, 21.4)), "store 2 of 3, PostgreSQL: 21 s of 60 s, 45 % of all")
    assert.strictEqual(progressText(at(2, undefined)), "store 3 of 3, Redis: starts, 66 % of all")
  })

  it("a store that ends later than it was to does not exceed its part", () => {
    assert.strictEqual(part(at(0, 75)), 1 / 3)
    assert.strictEqual(progressText(at(2, 75)), "store 3 of 3, Redis: 60 s of 60 s, ends, 100 % of all")
  })

  it("has a bar where there is room, and leaves the last column free", () => {
    assert.match(progressLine(at(0, 30), 80), /^store 1 of 3, SQLite: .* of all {2}\[#{5} {23}\]$/)
    for (let columns = 1; columns <= 200; columns++) {
      assert.isBelow(progressLine(at(1, 30), columns).length, columns)
    }
  })
})

describe("output", () => {
  const record = (isTTY: boolean, columns?: number) => {
    const written: Array<string> = []
    const sink = { isTTY, columns, write: (text: string) => written.push(text) }
    return { sink, output: makeOutput(sink), text: () => written.join("") }
  }

  it("a file gets a line of progress now and then, and no control character", () => {
    const { output, text } = record(false)
    output.print("one")
    output.progress(at(1, 21))
    output.clear()
    output.print("two")
    assert.strictEqual(text(), "one\nstore 2 of 3, PostgreSQL: 21 s of 60 s, 45 % of all\ntwo\n")
    assert.isAtLeast(output.every, 5_000)
  })

  it("a terminal has the progress in its last line, for the width that it has then", () => {
    const { output, sink, text } = record(true, 80)
    output.progress(at(1, 21))
    sink.columns = 160
    output.print("one")
    output.clear()
    output.print("two")
    const erase = "\r\u001B[K"
    const line = (columns: number) => progressLine(at(1, 21), columns)
    assert.strictEqual(text(), `${erase}${line(80)}${erase}one\n${line(160)}${erase}${erase}two\n`)
    assert.isAtMost(output.every, 1_000)
  })

  it("a terminal that does not know its width has 80 columns", () => {
    for (const columns of [undefined, 0]) {
      const { output, text } = record(true, columns)
      output.progress(at(1, 21))
      assert.isTrue(text().endsWith(progressLine(at(1, 21), 80)))
    }
  })
})

describe("verdict", () => {
  const costly = { ...outcome, reuses: 2, grantsLost: 1 }

  it("PASSED explains reuses and lost grants, and why these are allowed", () => {
    const { lines, passed } = verdict([costly, { ...outcome, store: "Redis" }], [])
    assert.isTrue(passed)
    assert.strictEqual(lines[0], "PASSED: none of 24,690 calls failed (SQLite, Redis).")
    assert.strictEqual(lines[1], "2 reuses, 1 lost grant: no more than 6 kills within a mint may cost.")
    assert.match(lines.join(" "), /once: a reuse\. .* come from: a lost grant\. .* No client can do better/)
  })

  it("PASSED without either says in a sentence what they are", () => {
    assert.deepStrictEqual(verdict([outcome], []).lines.slice(1), [
      "No refresh token was used twice (reuses), so the server took back no permission",
      "to refresh (lost grants)."
    ])
    assert.include(verdict([{ ...outcome, grantsLost: 1 }], []).lines[1], "0 reuses, 1 lost grant")
  })

  it("FAILED names what did not hold, store by store, and excuses nothing", () => {
    const { lines, passed } = verdict([outcome, { ...costly, store: "Redis", reuses: 4 }], [])
    assert.isFalse(passed)
    assert.deepStrictEqual(lines, ["FAILED:", "Redis: 4 reuses, more than the 3 kills within a mint explain"])
  })

  it("a store that was not run is named with the reason; without any, nothing has passed", () => {
    const skipped = [{ store: "Redis", reason: "it is not installed" }]
    const some = verdict([outcome], skipped)
    assert.isTrue(some.passed)
    assert.strictEqual(some.lines[0], "NOT RUN: Redis: it is not installed")
    const none = verdict([], skipped)
    assert.isFalse(none.passed)
    assert.deepStrictEqual(none.lines.slice(1), ["FAILED: no store was run."])
  })

  it("no line of the explanation and of the table is wider than 80 columns, and the table is straight", () => {
    const lines = [
      ...table([costly, { ...outcome, store: "PostgreSQL" }]),
      ...verdict([costly], []).lines,
      ...verdict([outcome], []).lines
    ]
    assert.isAtMost(Math.max(...lines.map((line) => line.length)), 80)
    const widths = table([costly, { ...outcome, store: "PostgreSQL" }]).map((line) => line.length)
    assert.strictEqual(new Set(widths).size, 1)
  })
})

describe("options", () => {
  it("defaults: all stores, 60 s, 8 processes; names are matched in any case", () => {
    assert.deepStrictEqual(
      parse([], kinds),
      Either.right({ seconds: 60, processes: 8, stores: kinds.slice() })
    )
    const some = parse(["--stores", "redis, sqlite", "--seconds", "20", "--processes", "2"], kinds)
    assert.deepStrictEqual(some, Either.right({ seconds: 20, processes: 2, stores: ["SQLite", "Redis"] }))
  })

  it("what is wrong is said in one line, with the usage", () => {
    const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, what: string]> = [
      [["--seconds", "soon"], "--seconds soon is"],
      [["--seconds", "0"], "--seconds 0 is"],
      [["--processes", "1.5"], "--processes 1.5 is"],
      [["--stores", "Redis,Mongo"], 'no store "Mongo"'],
      [["--fast"], "Unknown option '--fast'"]
    ]
    for (const [args, what] of wrong) {
      const said = Either.getOrElse(Either.flip(parse(args, kinds)), () => "nothing was wrong")
      assert.include(said, what)
      assert.include(said, "Usage: npm run demo:fleet --")
      assert.notInclude(said, "\n")
    }
  })
})

describe("unavailable", () => {
  const failure = (message: string, code: string) => Object.assign(new Error(message), { code })

  it("what is not installed is told apart from what failed", () => {
    assert.include(unavailable("Redis", failure("spawn redis-server ENOENT", "ENOENT")), "apt-get install")
    assert.include(
      unavailable("PostgreSQL", failure("Cannot find package", "ERR_MODULE_NOT_FOUND")),
      "npm run bootstrap"
    )
    assert.isUndefined(unavailable("Redis", failure("open /tmp/x", "ENOENT")))
    assert.isUndefined(unavailable("SQLite", failure("spawn redis-server ENOENT", "ENOENT")))
    assert.isUndefined(unavailable("Redis", new Error("redis-server ended")))
    assert.isUndefined(unavailable("PostgreSQL", "a string"))
  })
})

describe("started without a bootstrap", () => {
  const start = (program: string) => {
    const directory = mkdtempSync(join(tmpdir(), "latchkey-bare-"))
    try {
      copyFileSync(join(import.meta.dirname, "../src/main.ts"), join(directory, "main.ts"))
      writeFileSync(join(directory, "demo.ts"), program)
      writeFileSync(join(directory, "package.json"), '{ "type": "module" }')
      const tsx = join(import.meta.dirname, "../../../node_modules/.bin/tsx")
      return spawnSync(tsx, [join(directory, "main.ts")], { encoding: "utf8" })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  const required =
    'import { createRequire } from "node:module"; createRequire(import.meta.url)("not-installed")'

  it("a package that is missing is named in one line, with what to do", () => {
    for (const program of ['import "not-installed"', required]) {
      const { status, stderr } = start(program)
      assert.strictEqual(
        stderr,
        "The demo needs the package not-installed, which is not installed here. Run: npm run bootstrap\n"
      )
      assert.strictEqual(status, 1)
    }
  })

  it("any other error stays what it is", () => {
    const { status, stderr } = start('throw new Error("another one")')
    assert.include(stderr, "another one")
    assert.include(stderr, "    at ")
    assert.strictEqual(status, 1)
  })
})
