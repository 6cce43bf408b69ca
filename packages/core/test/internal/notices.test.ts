import * as AuthError from "@latchkey/core/AuthError"
import { AuthEvent } from "@latchkey/core/AuthEvent"
import { assert, describe, it } from "@effect/vitest"
import * as Notices from "../../src/internal/notices.ts"

const provider = "test"
const subject = { provider, rotates: false }
const error = new AuthError.Unauthorized({ provider, operation: "login", message: "Check the secret." })

/** The lines of these happenings, each at its moment in seconds. */
const lines = (
  happenings: ReadonlyArray<readonly [at: number, happening: Notices.Happening]>,
  of: Notices.Subject = subject
): ReadonlyArray<string> => {
  let state = Notices.silent
  return happenings.flatMap(([at, happening]) => {
    const decision = Notices.decide(state, of, happening, at * 1000)
    state = decision.state
    return decision.lines.map(({ level, message }) => `${at} ${level} ${message}`)
  })
}

const common = { provider, at: 0 }
const storeFailed = (action: "load" | "save" | "lease", reason: "unreachable" | "corrupt" = "unreachable") =>
  AuthEvent.StoreFailed({ ...common, action, reason, message: "Look at it." })
const answered = (action: "load" | "save" | "lease") => ({ _tag: "StoreAnswered", action }) as const
const gateClosed = (until: number) => AuthEvent.GateClosed({ ...common, error, until: until * 1000 })
const gateOpened = AuthEvent.GateOpened(common)
const budgetSpent = (until: number) => AuthEvent.BudgetSpent({ ...common, until: until * 1000 })
const minted = AuthEvent.Minted({ ...common, generation: 3, expiresAt: 100_000 })
const adopted = AuthEvent.Adopted({ ...common, generation: 3, expiresAt: 100_000 })

describe("what a manager logs", () => {
  it("log: a trouble is said when it begins, and when it is over", () => {
    assert.deepStrictEqual(
      lines([
        [1, gateClosed(2)],
        [2, gateOpened]
      ]),
      [
        "1 Warning test: callers without a token fail at once for 1 s. Check the secret.",
        "2 Info test: it is asked for tokens again."
      ]
    )
  })

  it("log: a trouble that lasts is said once a minute, with the count of what was left out", () => {
    const said = lines([0, 10, 59.999, 60, 61, 120].map((at) => [at, gateClosed(at + 1)] as const))
    assert.deepStrictEqual(
      said.map((line) => [line.split(" ")[0], /\((.*)\)/.exec(line)?.[1]]),
      [
        ["0", undefined],
        ["60", "2 more since the last warning"],
        ["120", "1 more since the last warning"]
      ]
    )
  })

  it("log: a trouble that comes back within the minute is said at its end, and both are said once", () => {
    assert.deepStrictEqual(
      lines([
        [0, gateClosed(1)],
        [1, gateOpened],
        [2, gateClosed(3)],
        [3, gateOpened],
        [61, gateClosed(62)]
      ]).map((line) => line.split(" ").slice(0, 2).join(" ")),
      ["0 Warning", "1 Info", "61 Warning"]
    )
  })

  it("log: another trouble of the same kind is not held back", () => {
    const busy = new AuthError.RateLimited({ provider, operation: "login", message: "Too many." })
    const said = lines([
      [0, AuthEvent.GateClosed({ ...common, error: busy, until: 1_000 })],
      [1, gateClosed(2)],
      [2, storeFailed("load")],
      [3, storeFailed("load", "corrupt")]
    ])
    assert.deepStrictEqual(said.map(shortened), ["0 Warning", "1 Warning", "2 Warning", "3 Warning"])
  })

  it("log: what was never a trouble is not over", () => {
    assert.deepStrictEqual(
      lines([
        [0, gateOpened],
        [1, answered("save")]
      ]),
      []
    )
  })

  it("log: a clock that is set back holds back no warning", () => {
    assert.strictEqual(
      lines([
        [100, gateClosed(101)],
        [50, gateClosed(51)]
      ]).length,
      2
    )
  })

  it("log: the gate that closes for a spent budget is no second trouble", () => {
    assert.deepStrictEqual(
      lines([
        [0, budgetSpent(9)],
        [0, gateClosed(9)],
        [9, minted]
      ]).map(shortened),
      ["0 Warning", "9 Debug", "9 Info"]
    )
    assert.strictEqual(
      lines([
        [0, budgetSpent(9)],
        [1, gateClosed(10)]
      ]).length,
      2
    )
  })

  it("log: a new token is told at Debug, and ends what kept it away", () => {
    assert.deepStrictEqual(
      lines([
        [0, gateClosed(1)],
        [0, budgetSpent(5)],
        [2, minted]
      ]),
      [
        "0 Warning test: callers without a token fail at once for 1 s. Check the secret.",
        "0 Warning test: the mint budget is spent for 5 s: look at the last failure in status, and at what rejects the tokens.",
        "2 Debug test: logged in for a token (generation 3, expires in 98 s).",
        "2 Info test: it issues tokens again.",
        "2 Info test: the mint budget allows mints again."
      ]
    )
  })

  it("log: a token of another process says nothing of the provider", () => {
    assert.deepStrictEqual(
      lines([
        [0, gateClosed(1)],
        [2, adopted]
      ]).slice(1),
      [
        "2 Debug test: took a token from the store (generation 3, expires in 98 s).",
        "2 Info test: a token of another process is served."
      ]
    )
  })

  it("log: a store works again when what it failed in works, or what asks more of it", () => {
    const over = (failed: ReadonlyArray<"load" | "save" | "lease">, action: "load" | "save" | "lease") =>
      lines([...failed.map((one) => [0, storeFailed(one)] as const), [1, answered(action)]]).some((line) =>
        line.includes("Info test: the token store works again.")
      )
    assert.isTrue(over(["load"], "load"))
    assert.isTrue(over(["load"], "lease"))
    assert.isTrue(over(["load", "lease"], "save"))
    assert.isFalse(over(["save", "load"], "load"))
    // A replica that can be read and not written.
    assert.isFalse(over(["save"], "load"))
    assert.isFalse(over(["lease"], "load"))
    assert.isFalse(over(["save"], "lease"))
  })

  it("log: what a store that is away means is said, and differs where a refresh spends its token", () => {
    const said = (action: "load" | "save", rotates: boolean, reason?: "corrupt") =>
      lines([[0, storeFailed(action, reason)]], { provider, rotates })[0]
    assert.strictEqual(
      said("load", false),
      "0 Warning test: the token store failed (load): Look at it. Tokens are kept in memory until it is back."
    )
    assert.strictEqual(
      said("load", true),
      "0 Warning test: the token store failed (load): Look at it. The token in memory is served to its end; no refresh token is spent without the store."
    )
    assert.strictEqual(
      said("save", true),
      "0 Warning test: the token store failed (save): Look at it. The token set is kept in memory and written when the store is back."
    )
    assert.strictEqual(
      said("load", true, "corrupt"),
      "0 Warning test: the token store failed (load): Look at it."
    )
  })

  it("log: two troubles are said each", () => {
    assert.deepStrictEqual(
      lines([
        [0, storeFailed("load")],
        [1, gateClosed(2)],
        [2, answered("load")],
        [3, minted]
      ]).map(shortened),
      ["0 Warning", "1 Warning", "2 Info", "3 Debug", "3 Info"]
    )
  })

  it("log: a token that could not be revoked is said each time, and why", () => {
    const failed = AuthEvent.RevokeFailed({ ...common, generation: 1, error })
    const line =
      "Warning test: its token could not be revoked, or not all of it, and lives on to its end. Check the secret."
    assert.deepStrictEqual(
      lines([
        [0, failed],
        [1, failed]
      ]),
      [`0 ${line}`, `1 ${line}`]
    )
  })
})

function shortened(line: string): string {
  return line.split(" ").slice(0, 2).join(" ")
}
