import * as AuthError from "@latchkey/core/AuthError"
import { AuthEvent } from "@latchkey/core/AuthEvent"
import { Ledger } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { Incident } from "../src/demo/journal.ts"
import type { Call, Happening } from "../src/demo/journal.ts"
import { frame } from "../src/demo/frame.ts"
import type { Moment } from "../src/demo/frame.ts"
import type { Size } from "../src/demo/layout.ts"
import * as Live from "../src/demo/live.ts"
import * as Render from "../src/demo/render.ts"
import { sizeOf } from "../src/demo/screen.ts"
import * as Style from "../src/demo/style.ts"
import type { Observed } from "../src/demo/summary.ts"
import * as Summary from "../src/demo/summary.ts"
import * as Timeline from "../src/demo/timeline.ts"

const startedAt = 1_000_000
const t = (seconds: number): number => startedAt + seconds * 1000

const provider = "autopay"
const minted = (seconds: number, generation: number, lifetime = 4) =>
  AuthEvent.Minted({ provider, at: t(seconds), generation, expiresAt: t(seconds + lifetime) })
const refreshed = (seconds: number, generation: number, lifetime = 4) =>
  AuthEvent.Refreshed({ provider, at: t(seconds), generation, expiresAt: t(seconds + lifetime) })
const mintFailed = (seconds: number) =>
  AuthEvent.MintFailed({
    provider,
    at: t(seconds),
    grant: "login",
    error: new AuthError.Unavailable({ provider, operation: "login", message: "down", status: 503 })
  })

const call = (seconds: number, millis = 2): Call => ({ at: t(seconds), millis, failure: Option.none() })
const failedCall = (seconds: number, reason: string): Call => ({
  ...call(seconds),
  failure: Option.some(reason)
})

const login = (seconds: number, tokenNumber: number) => Ledger.Entry.Login({ at: t(seconds), tokenNumber })
const request = (seconds: number, order: number, accepted: boolean) =>
  Ledger.Entry.Request({
    at: t(seconds),
    method: "GET",
    path: `/v1/orders/${order}`,
    headers: {},
    body: new Uint8Array(),
    accepted,
    status: accepted ? 200 : 401
  })

/** Two logins; the first token is revoked at 2 s, and its replacement is there at 2.2 s. */
const happenings: ReadonlyArray<Happening> = [
  minted(0.2, 1),
  Incident.TokensRevoked({ at: t(2) }),
  AuthEvent.Rejected({ provider, at: t(2), generation: 1 }),
  minted(2.2, 2),
  Incident.OutageBegan({ at: t(4.5) }),
  mintFailed(4.8),
  Incident.OutageEnded({ at: t(5) }),
  refreshed(5.1, 3),
  Incident.RefreshTokenExpired({ at: t(6) })
]

const good: Observed = {
  name: "Autopay",
  calls: [call(0, 210), call(1), call(2, 205), call(3), call(4), call(5), call(9.99)],
  happenings,
  ledger: [
    login(0.1, 1),
    request(0.2, 1, true),
    request(2, 2, false),
    login(2.1, 2),
    request(2.2, 2, true),
    Ledger.Entry.Refresh({ at: t(5), presented: 1, tokenNumber: 3 })
  ]
}

const bad: Observed = {
  ...good,
  calls: [
    ...good.calls,
    failedCall(3.05, "answered 401"),
    failedCall(3.15, "answered 401"),
    failedCall(3.25, "Unavailable: down")
  ]
}

const { columns } = Render.unbounded
const axis: Timeline.Axis = { startedAt, perColumn: 100, columns: 100 }

const cells = (line: string | undefined) => (line ?? "").slice(Timeline.indent)

const chart = (observed: Observed) => {
  const [title, faults, mints, odd, even, calls] = Timeline.chart(Style.plain, axis, observed)
  const [ruler, labels] = Timeline.scale(Style.plain, axis)
  assert.isDefined(title)
  return {
    title,
    faults: cells(faults),
    mints: cells(mints),
    odd: cells(odd),
    even: cells(even),
    calls: cells(calls),
    ruler: cells(ruler),
    labels: cells(labels)
  }
}

const report = (
  paint: Style.Paint,
  observed: ReadonlyArray<Observed>,
  size: Size = Render.unbounded
): string =>
  Render.report(paint, { startedAt, length: 9_000, observed, verdict: Summary.verdict(observed) }, size)

const status = {
  provider,
  store: Option.none(),
  phase: "stale" as const,
  generation: 12,
  staleAt: Option.some(t(2)),
  expiresAt: Option.some(t(4)),
  minting: true,
  lastFailure: Option.none(),
  gateClosedUntil: Option.none()
}

const statusLine = (paint: Style.Paint, width: number) =>
  Live.statusLine(
    paint,
    { name: "Autopay", status, calls: 1234, failed: 0, last: Option.some(mintFailed(2.5)), now: t(3) },
    4_000,
    width
  )

const plan = {
  names: ["A", "B", "C"],
  accessLifetime: 4_000,
  latency: 150,
  length: 9_000,
  callers: 3,
  every: 40
}

const named = (name: string): Observed => ({ ...good, name })

/** As many as the demo has, with the longest of their names. */
const five = ["Autopay", "VaultsPay", "vault.ist", "Su", "PaymentsGate"].map(named)

const moment = (seconds: number): Moment => ({
  plan: { ...plan, names: five.map(({ name }) => name) },
  startedAt,
  now: t(seconds),
  watched: five.map(({ calls, happenings, name }) => {
    const pages = {
      calls: calls.filter(({ at }) => at <= t(seconds)),
      happenings: happenings.filter(({ at }) => at <= t(seconds))
    }
    const last = Option.fromNullable(pages.happenings.at(-1))
    return { pages, now: { name, status, calls: pages.calls.length, failed: 0, last, now: t(seconds) } }
  })
})

const escape = "\u001B"

/** The text as a terminal shows it. */
const shown = (text: string): string => text.replaceAll(new RegExp(`${escape}\\[[0-9;]*m`, "g"), "")

const texts = (paint: Style.Paint): ReadonlyArray<string> => [
  Render.opening(paint, plan, columns),
  report(paint, [good]),
  report(paint, [bad]),
  frame(paint, moment(5), { columns: 160, rows: 60 }).join("\n"),
  frame(paint, moment(5), { columns: 80, rows: 24 }).join("\n"),
  statusLine(paint, 200),
  ...happenings.map((happening) => Live.happeningLine(paint, "Autopay", happening, startedAt))
]

describe("colour", () => {
  it("off: no control character but line feeds", () => {
    for (const text of texts(Style.plain)) {
      // oxlint-disable-next-line no-control-regex -- that is what must not be there
      assert.notMatch(text, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/)
    }
  })

  it("on: the same text, and every colour is reset on its line", () => {
    const plain = texts(Style.plain)
    texts(Style.ansi).forEach((text, index) => {
      assert.include(text, escape)
      assert.strictEqual(shown(text), plain[index])
      for (const line of text.split("\n")) {
        const last = line.lastIndexOf(`${escape}[`)
        assert.isTrue(last === -1 || line.startsWith(`${escape}[0m`, last), line)
      }
    })
  })
})

describe("timeline", () => {
  it("a column is a tenth of a second on every row", () => {
    const { calls, faults, labels, mints, ruler } = chart(good)
    assert.strictEqual(faults[20], "X")
    assert.strictEqual(faults.slice(44, 51), " 55555 ")
    assert.strictEqual(faults[60], "E")
    assert.deepStrictEqual([mints[2], mints[22], mints[48], mints[51]], ["L", "L", "x", "R"])
    assert.strictEqual(calls[0], "o")
    assert.strictEqual(calls[10], ".")
    assert.strictEqual(calls[20], "o")
    for (let second = 0; second <= 9; second++) {
      assert.strictEqual(ruler[second * 10], "|")
      assert.strictEqual(labels[second * 10], String(second))
    }
  })

  it("a token ends where it was revoked, and its successor begins where it was minted", () => {
    const { even, odd } = chart(good)
    assert.strictEqual(odd.slice(0, 24), "  111111111111111111    ")
    assert.strictEqual(even.slice(20, 24), "  22")
  })

  it("a token that was replaced shows how long it would have lived", () => {
    const { even, odd } = chart(good)
    assert.strictEqual(even.slice(48), "222-----------")
    assert.strictEqual(odd.slice(50, 53), " 33")
  })

  it("a token without a successor ends when it expires", () => {
    const { odd } = chart({ ...good, happenings: [minted(1, 1)] })
    assert.strictEqual(odd, `${" ".repeat(10)}${"1".repeat(40)}`)
  })

  it("the tenth token is a 0", () => {
    assert.match(chart({ ...good, happenings: [minted(1, 10)] }).even, /^ +0+$/)
  })

  it("a failed call is marked, whatever else began in its column", () => {
    const { calls } = chart({ ...bad, calls: [...bad.calls, call(3.06), call(3.07, 500)] })
    assert.strictEqual(calls.slice(29, 34), " !!! ")
  })

  it("shows the whole run, and what happened after it, in all columns there are", () => {
    const of = (seconds: number, maxColumns: number) =>
      Timeline.axis(startedAt, 9_000, maxColumns, [{ ...good, calls: [call(seconds)], happenings: [] }])
    assert.deepStrictEqual(of(1, 90), { startedAt, perColumn: 100, columns: 90 })
    assert.strictEqual(of(9.5, 90).columns, 90)
    assert.strictEqual(of(1, 145).columns, 145)
    assert.strictEqual(of(1, 66).columns, 66)
    assert.deepStrictEqual(of(1, 1_000), { startedAt, perColumn: 50, columns: 180 })
    const late = { ...good, happenings: [minted(14.9, 1)] }
    const axis = Timeline.axis(startedAt, 9_000, 66, [late])
    assert.match(Timeline.chart(Style.plain, axis, late)[2] ?? "", /^ {2}mints +L$/)
  })

  it("a chart ends at the moment it is drawn for", () => {
    const [, , , odd, even] = Timeline.chart(Style.plain, axis, good, t(3))
    assert.strictEqual(cells(odd), `  ${"1".repeat(18)}`)
    assert.strictEqual(cells(even), `${" ".repeat(22)}${"2".repeat(8)}`)
  })

  it("a compact chart has faults and mints on one line, tokens and calls that waited or failed on the other", () => {
    const [upper, lower] = Timeline.compactChart(Style.plain, axis, bad).map((line) => line.padEnd(99))
    assert.strictEqual(upper?.slice(0, Timeline.indent), "Autopay".padEnd(Timeline.indent))
    assert.strictEqual(
      cells(upper).trimEnd(),
      "  L                 X L                      555x5 R        E"
    )
    assert.strictEqual(cells(lower).slice(0, 35), "o 111111111111111111o 22222222!!!22")
    // Token 1 is valid until 4 s, but it is not used again when its successor is rejected.
    const rejected = AuthEvent.Rejected({ provider, at: t(3), generation: 2 })
    const early = { ...good, calls: [], happenings: [minted(0, 1), refreshed(2, 2), rejected] }
    assert.strictEqual(
      cells(Timeline.compactChart(Style.plain, axis, early)[1]),
      `${"1".repeat(20)}${"2".repeat(10)}`
    )
    const [longest] = Timeline.compactChart(Style.plain, axis, { ...good, name: "PaymentsGate" })
    assert.match(longest ?? "", /^PaymentsGate /)
  })

  it("a scale in one line has its numbers where the seconds begin", () => {
    const line = cells(Timeline.compactScale(Style.plain, axis))
    assert.deepStrictEqual([line.slice(0, 12), line[90]], ["0 s-------1-", "9"])
  })

  it("the legend explains the marks that occur, and no others", () => {
    const chars = Timeline.occurring(axis, [good]).map(({ char }) => char)
    assert.deepStrictEqual(chars, ["1", "X", "5", "E", "L", "R", "x", "-", ".", "o"])
    assert.deepStrictEqual(
      Timeline.occurring(axis, [bad])
        .filter(({ tone }) => tone === "bad")
        .map(({ char }) => char),
      ["!"]
    )
  })

  it("the legend has a line for each row of a chart, and no line is wider than the terminal", () => {
    const lines = Timeline.legend(Style.plain, Timeline.possible, 80)
    assert.deepStrictEqual(
      lines.map((line) => line.slice(0, Timeline.indent).trim()),
      ["faults", "mints", "tokens", "calls"]
    )
    for (const width of [80, 60, 45]) {
      for (const legend of [Timeline.legend, Timeline.compactLegend]) {
        const text = legend(Style.plain, Timeline.possible, width)
        assert.isAtMost(Math.max(...text.map((line) => line.length)), width)
        assert.include(text.join(" "), "! a call failed")
      }
    }
  })

  it("the legend of compact charts leaves out what they do not draw", () => {
    const text = Timeline.compactLegend(Style.plain, Timeline.possible, 80).join("\n")
    assert.notInclude(text, "already replaced")
    assert.notInclude(text, "all fine")
  })
})

describe("table", () => {
  const lines = (rows: ReadonlyArray<Summary.Figures>) => Render.table(Style.plain, rows, columns)

  it("has the figures under their titles", () => {
    const [header = "", row = ""] = lines([Summary.figures(good)])
    const cell = (title: string) => {
      const end = header.indexOf(title) + title.length
      return row.slice(end - 9, end).trim()
    }
    assert.strictEqual(header.length, row.length)
    assert.deepStrictEqual(
      ["calls", "failed", "logins", "refreshes", "401s healed", "median", "p99", "slowest"].map(cell),
      ["7", "0", "2", "1", "1", "2.0 ms", "210 ms", "210 ms"]
    )
  })

  it("keeps its columns however long names and figures are", () => {
    const figures = Summary.figures(good)
    const long = { ...figures, name: "A provider with a long name", calls: 1_234_567, slowest: 123_456 }
    const widths = Render.table(Style.plain, [figures, long], 160).map((line) => line.length)
    assert.strictEqual(new Set(widths).size, 1)
  })

  it("leaves out what is dispensable rather than be wider than the terminal", () => {
    const at = (width: number) => Render.table(Style.plain, [Summary.figures(good)], width)
    for (const width of [60, 76, 80]) {
      assert.isAtMost(Math.max(...at(width).map((line) => line.length)), width)
      assert.match(at(width)[0] ?? "", /calls +failed .* slowest$/)
    }
    assert.include(at(80)[0], "median")
    assert.notInclude(at(60)[0], "median")
  })

  it("shows failures in red", () => {
    const [, row = ""] = Render.table(Style.ansi, [Summary.figures(bad)], columns)
    assert.match(row, new RegExp(`${escape}\\[1;31m +3${escape}\\[0m`))
    const [, fine = ""] = Render.table(Style.ansi, [Summary.figures(good)], columns)
    assert.notInclude(fine, `${escape}[1;31m`)
  })
})

describe("report", () => {
  it("closes with PASSED and what the calls went through", () => {
    assert.strictEqual(
      report(Style.plain, [good]).split("\n").at(-1),
      "PASSED: all 7 calls succeeded, through 1 revocation, 1 outage and 1 expired refresh token."
    )
  })

  it("closes with FAILED and the reasons, in red", () => {
    const lines = report(Style.plain, [bad]).split("\n")
    assert.deepStrictEqual(lines.slice(-3), [
      "Autopay: 2 calls failed: answered 401",
      "Autopay: 1 call failed: Unavailable: down",
      "FAILED: 3 of 10 calls failed."
    ])
    for (const line of report(Style.ansi, [bad]).split("\n").slice(-3)) {
      assert.isTrue(line.startsWith(`${escape}[1;31m`))
    }
  })

  it("names what managers and sandboxes count differently", () => {
    const disagreeing = { ...good, ledger: [...good.ledger, login(7, 4)] }
    assert.deepStrictEqual(report(Style.plain, [disagreeing]).split("\n").slice(-2), [
      "Autopay: its sandbox counts 3 logins, the events of its manager 2",
      "FAILED: 0 of 7 calls failed, and what was counted disagrees."
    ])
  })
})

/** Which parts of the demo these lines show, from the top to the bottom. */
const parts = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const marks: ReadonlyArray<readonly [part: string, first: RegExp]> = [
    ["introduction", /^Latchkey keeps/],
    ["legend", /^( {2}faults|upper line) +X tokens revoked/],
    ["charts", /^Autopay( +L .*)?$/],
    ["scale", /^ +(\|-|0 s-)/],
    ["table", /^ +calls +failed/],
    ["status", /^Autopay +(\[[# ]+\] +)?token \d/],
    ["progress", /^\d\.\d s of 9\.0 s/],
    ["closing", /^(PASSED|FAILED)/]
  ]
  const found = lines.flatMap((line) => marks.filter(([, first]) => first.test(line)).map(([part]) => part))
  return found.filter((part, index) => found.indexOf(part) === index)
}

const sizes: ReadonlyArray<Size> = [60, 61, 80, 100, 160, 200].flatMap((columns) =>
  Array.from({ length: 60 }, (_, index) => ({ columns, rows: 10 + index }))
)

describe("sizes", () => {
  it("no line is wider and no text higher than the terminal, and the last line is there", () => {
    for (const size of sizes) {
      const ended = report(Style.plain, five, size).split("\n")
      const live = frame(Style.plain, moment(5), size)
      // The shell asks for the next command in the row below.
      assert.isAtMost(ended.length, size.rows - 1, JSON.stringify(size))
      assert.isAtMost(live.length, size.rows, JSON.stringify(size))
      for (const lines of [ended, live]) {
        assert.isAtMost(Math.max(...lines.map((line) => line.length)), size.columns, JSON.stringify(size))
      }
      assert.match(ended.join(" "), /PASSED: all 35 calls .* 5 expired refresh tokens\.$/)
      assert.match(live.at(-1) ?? "", /^5\.0 s of 9\.0 s {2}\[#+ +\]$/)
    }
  })

  it("a terminal that became tiny shows as much as it can, in colour as well", () => {
    for (const columns of [1, 10, 30, 50]) {
      for (const rows of [1, 5, 24]) {
        const lines = frame(Style.ansi, moment(5), { columns, rows })
        assert.isAtMost(lines.length, rows)
        assert.isAtMost(Math.max(...lines.map((line) => shown(line).length)), columns)
      }
    }
    assert.strictEqual(Style.clip(Style.ansi("bad", "failed"), 4), Style.ansi("bad", "fail"))
    assert.strictEqual(Style.width(Style.ansi("bad", "failed")), 6)
  })

  it("what failed is shown where there is no room for it", () => {
    const reasons = Array.from({ length: 5 }, (_, index) => failedCall(3 + index, `reason ${index}`))
    const failing = five.map((one) => ({ ...one, calls: [...one.calls, ...reasons] }))
    const lines = report(Style.plain, failing, { columns: 80, rows: 10 }).split("\n")
    assert.lengthOf(
      lines.filter((line) => line.includes("1 call failed: reason")),
      25
    )
    assert.strictEqual(lines.at(-1), "FAILED: 25 of 60 calls failed.")
  })

  it("80x24: everything is there, the legend before the charts", () => {
    const size = { columns: 80, rows: 24 }
    assert.deepStrictEqual(parts(report(Style.plain, five, size).split("\n")), [
      "legend",
      "charts",
      "scale",
      "table",
      "closing"
    ])
    assert.deepStrictEqual(parts(frame(Style.plain, moment(5), size)), [
      "introduction",
      "legend",
      "charts",
      "scale",
      "status",
      "progress"
    ])
  })

  it("the legend comes before the charts whatever the size", () => {
    for (const size of [...sizes, Render.unbounded]) {
      for (const lines of [
        report(Style.plain, five, size).split("\n"),
        frame(Style.plain, moment(5), size)
      ]) {
        const found = parts(lines)
        if (found.includes("charts")) {
          assert.isBelow(found.indexOf("legend"), found.indexOf("charts"))
          assert.include(found, "legend")
        }
      }
    }
  })

  it("a terminal that does not know its size is one of 80x24", () => {
    const usual = { columns: 80, rows: 24 }
    assert.deepStrictEqual([sizeOf({}), sizeOf({ columns: 0, rows: 0 })], [usual, usual])
    assert.deepStrictEqual(sizeOf({ columns: 160, rows: 50 }), { columns: 160, rows: 50 })
  })

  it("160 columns are used when they are there", () => {
    for (const rows of [24, 50, 80]) {
      const size = { columns: 160, rows }
      const longest = (lines: ReadonlyArray<string>) =>
        Math.max(...lines.filter((line) => / 0 s-| \|-/.test(line)).map((line) => line.length))
      assert.isAtLeast(longest(report(Style.plain, five, size).split("\n")), 155)
      assert.isAtLeast(longest(frame(Style.plain, moment(5), size)), 155)
    }
  })

  it("the progress bar is empty at the start and full at the end, and after it", () => {
    const size = { columns: 80, rows: 24 }
    const bar = (seconds: number) => frame(Style.plain, moment(seconds), size).at(-1) ?? ""
    assert.match(bar(0), /^0\.0 s of 9\.0 s {2}\[ +\]$/)
    assert.match(bar(4.5), /\[(#+) {31}\]$/)
    assert.match(bar(9), /^9\.0 s of 9\.0 s {2}\[#+\]$/)
    assert.strictEqual(bar(9.9), bar(9))
  })
})

describe("verdict", () => {
  const exitCode = (observed: ReadonlyArray<Observed>) => Summary.exitCode(Summary.verdict(observed))

  it("0 where all calls of all providers succeeded", () => {
    assert.strictEqual(exitCode([good, { ...good, name: "VaultsPay" }]), 0)
  })

  it("1 where one call of one provider failed", () => {
    const one = { ...good, calls: [...good.calls, failedCall(3, "answered 401")] }
    assert.strictEqual(exitCode([good, one]), 1)
  })

  it("1 where the counts disagree, more or less of either", () => {
    assert.strictEqual(exitCode([{ ...good, ledger: good.ledger.slice(1) }]), 1)
    assert.strictEqual(exitCode([{ ...good, happenings: [...happenings, refreshed(7, 4)] }]), 1)
  })

  it("1 where a provider was not called", () => {
    assert.strictEqual(exitCode([good, { ...good, calls: [] }]), 1)
    assert.strictEqual(exitCode([]), 1)
  })
})

describe("figures", () => {
  it("a call is healed when it was accepted after a 401, not when it was rejected twice", () => {
    assert.strictEqual(Summary.figures(good).healed, 1)
    const twice = [request(3, 3, false), request(3.1, 3, false), request(3.2, 4, false)]
    assert.strictEqual(Summary.figures({ ...good, ledger: [...good.ledger, ...twice] }).healed, 1)
  })

  it("percentiles are nearest ranks", () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1)
    assert.deepStrictEqual(
      [0.5, 0.99, 1].map((part) => Summary.percentile(values, part)),
      [100, 198, 200]
    )
    assert.strictEqual(Summary.percentile([], 0.99), 0)
    assert.strictEqual(Summary.percentile([7], 0.5), 7)
  })

  it("together is the sum of all calls", () => {
    const { calls, healed, logins, refreshes } = Summary.total([good, good])
    assert.deepStrictEqual(
      { calls, healed, logins, refreshes },
      { calls: 14, healed: 2, logins: 4, refreshes: 2 }
    )
  })
})

describe("status line", () => {
  it("tells the token, its phase, what is left, the calls and what happened last", () => {
    assert.strictEqual(
      statusLine(Style.plain, 200),
      "Autopay      [####            ]  token 12 stale    1.0 s  1,234 calls  0 failed  login failed: 503"
    )
    assert.match(statusLine(Style.plain, 80), / 0 failed {2}login failed: 503$/)
    assert.match(statusLine(Style.plain, 76), / 0 failed {2}login failed\.\.\.$/)
  })

  it("is cut to the terminal, or it could not be drawn over", () => {
    for (const width of [60, 72, 80, 95, 96]) {
      assert.isAtMost(statusLine(Style.plain, width).length, width)
      assert.include(statusLine(Style.plain, width), "1,234 calls  0 failed")
    }
  })
})

describe("opening", () => {
  it("says what is about to happen, in lines that fit", () => {
    const text = Render.opening(Style.plain, plan, 60)
    assert.include(text.replaceAll("\n", " "), "A, B and C run as sandboxes on this machine")
    assert.isAtMost(Math.max(...text.split("\n").map((line) => line.length)), 60)
  })
})
