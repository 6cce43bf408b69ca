import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { scrub, scrubCause } from "../../src/internal/scrub.ts"
import { inspect } from "node:util"

const secret = 't0ken+"=/x'
const secrets = [secret]

const spellings = [secret, JSON.stringify({ secret }), encodeURIComponent(secret)]

const shown = (value: unknown): string =>
  inspect(value, { depth: 9, showHidden: true }) + (value instanceof Error ? String(value.stack) : "")

describe("scrub", () => {
  it("R15: what holds no secret is the same value", () => {
    const cause = Object.assign(new Error("fetch failed", { cause: new Error("ECONNRESET") }), { code: "E" })
    assert.strictEqual(scrub(cause, secrets), cause)
    assert.strictEqual(scrub("no", secrets), "no")
    assert.strictEqual(scrub(undefined, secrets), undefined)
  })

  it("R15: a secret is taken out of every text of an error, and of its causes", () => {
    for (const spelling of spellings) {
      const error = new TypeError(`sent ${spelling}`, { cause: new Error(`on ${spelling}`) })
      const scrubbed = scrub(Object.assign(error, { code: "ECONNRESET", config: { spelling } }), secrets)
      assert.instanceOf(scrubbed, Error)
      assert.propertyVal(scrubbed, "name", "TypeError")
      assert.propertyVal(scrubbed, "code", "ECONNRESET")
      assert.match(shown(scrubbed), /sent .*<redacted>/)
      for (const text of spellings) {
        assert.notInclude(shown(scrubbed), text)
      }
    }
  })

  it("R15: wherever a secret lies, it is found", () => {
    const holders: ReadonlyArray<unknown> = [
      { headers: { authorization: `Bearer ${secret}` } },
      { [secret]: true },
      new Map([["authorization", secret]]),
      new Set([[secret]]),
      new Headers({ authorization: `Bearer ${secret}` }),
      new Request("https://api.example/", { headers: { authorization: `Bearer ${secret}` } }),
      new TextEncoder().encode(`{"token":${JSON.stringify(secret)}}`),
      Object.defineProperty(new Error("no"), "hidden", { value: secret, enumerable: false }),
      Object.assign(new Error("no"), { [Symbol("config")]: { secret } })
    ]
    for (const holder of holders) {
      assert.notStrictEqual(scrub(holder, secrets), holder)
      assert.notInclude(shown(scrub(holder, secrets)), secret)
    }
  })

  it("R15: a value with no end, or with a cycle, is not searched for ever", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    assert.strictEqual(scrub(cycle, secrets), cycle)
    const large = Array.from({ length: 5000 }, () => ({}))
    assert.notStrictEqual(scrub(large, secrets), large)
  })

  it("R15: errors of a cause are replaced, and its defects scrubbed", () => {
    const cause = Cause.parallel(Cause.fail(secret), Cause.die(new Error(secret)))
    const own = scrubCause(cause, secrets, () => "own")
    assert.deepStrictEqual([...Cause.failures(own)], ["own"])
    assert.notInclude(Cause.pretty(own), secret)
  })
})
