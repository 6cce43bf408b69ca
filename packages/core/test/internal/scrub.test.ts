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

  it("R15: so it is behind a getter, of its own or of its class", () => {
    class Failure extends Error {
      readonly #sent = { authorization: `Bearer ${secret}` }
      get sent() {
        return this.#sent
      }
    }
    const own = Object.defineProperty(new Error("no"), "config", { get: () => ({ secret }) })
    const throwing = Object.defineProperty(new Error("no"), "config", {
      get: () => {
        throw new TypeError(`no ${secret}`)
      }
    })
    for (const holder of [new Failure("no"), own, throwing, { nested: [new Failure("no")] }]) {
      const scrubbed = scrub(holder, secrets)
      assert.notStrictEqual(scrubbed, holder)
      assert.notInclude(inspect(scrubbed, { depth: 9, showHidden: true, getters: true }), secret)
    }
  })

  it("R15: so it is where only a printer learns of it", () => {
    const custom = Symbol.for("nodejs.util.inspect.custom")
    const holders: ReadonlyArray<unknown> = [
      { toJSON: () => ({ headers: [secret] }) },
      { toString: () => `sent ${secret}` },
      { [custom]: () => `sent ${secret}` },
      { [custom]: (_depth: number, options: object, print: typeof inspect) => print({ secret }, options) },
      Object.assign(new Error("no"), { toJSON: () => secret }),
      Object.assign(new Error("no"), {
        toJSON: () => {
          throw new Error(secret)
        }
      })
    ]
    for (const holder of holders) {
      const scrubbed = scrub(holder, secrets)
      assert.notStrictEqual(scrubbed, holder)
      assert.notInclude(shown(scrubbed) + JSON.stringify(scrubbed), secret)
    }
  })

  it("R15: so it is in a URL and in parameters, however they write it", () => {
    const url = new URL(`https://api.example/?token=${secret}`)
    const search = new URLSearchParams({ token: secret })
    const form = new FormData()
    form.set("token", secret)
    for (const holder of [url, search, form, { url }, new Response(null, { headers: { token: secret } })]) {
      assert.notStrictEqual(scrub(holder, secrets), holder)
    }
    const spaced = 'a secret~with "marks" & #é'
    for (const text of [
      new URLSearchParams({ token: spaced }).toString(),
      new URL(`https://api.example/?token=${spaced}`).href,
      encodeURIComponent(spaced).toLowerCase()
    ]) {
      const scrubbed = scrub(new Error(`sent ${text}`), [spaced])
      assert.match(shown(scrubbed), /sent .*<redacted>/)
      assert.notInclude(shown(scrubbed), text)
    }
  })

  it("R15: so it is in base64, of both alphabets, whatever stands beside it", () => {
    const binary = "key\u00ff\u00fe?>~~secret"
    for (const value of [secret, binary]) {
      for (const before of ["", "a", "ab", "abc", "client:"]) {
        for (const after of ["", "x", "xy"]) {
          for (const alphabet of ["base64", "base64url"] as const) {
            const encoded = Buffer.from(before + value + after).toString(alphabet)
            const scrubbed = scrub(new Error(`sent Basic ${encoded} so`), [value])
            assert.match(shown(scrubbed), /sent Basic .*<redacted>.*so/, `${before} ${after} ${alphabet}`)
            // No digit that holds a part of it is left, on either side.
            const [left = "", right = ""] = shown(scrubbed).split("Basic ")[1]?.split("<redacted>") ?? []
            const start = Buffer.byteLength(before)
            const end = start + Buffer.byteLength(value)
            assert.isAtMost(left.length, Math.floor((start * 8) / 6))
            assert.isAtMost(right.split(" so")[0]?.length ?? 0, encoded.length - Math.ceil((end * 8) / 6))
          }
        }
      }
    }
  })

  it("R15: a secret that begins with another is taken out whole; the base64 of a short one is any word's", () => {
    assert.strictEqual(scrub("sent t0ken-long", ["t0ken", "t0ken-long"]), "sent <redacted>")
    assert.strictEqual(scrub("YWCA", ["b"]), "YWCA")
  })

  it("R15: what looks at a value leaves nothing behind: no rejection, no error", () => {
    const odd = [
      { toJSON: () => Promise.reject(new Error("nobody waits for it")) },
      Object.defineProperty({}, "later", { get: () => Promise.reject(new Error("nobody waits for it")) }),
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no keys")
          }
        }
      ),
      Object.defineProperty(new Error("no"), "message", {
        get: () => {
          throw new Error("no message")
        }
      })
    ]
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    for (const value of [...odd, revoked.proxy]) {
      assert.strictEqual(scrub(value, secrets), value)
    }
    const throwing = Object.assign(
      Object.defineProperty(new Error("no"), "message", {
        get: () => {
          throw new Error("no message")
        }
      }),
      { secret }
    )
    assert.notInclude(shown(scrub(throwing, secrets)), secret)
  })

  it("R15: a value with no end, or with a cycle, is not searched for ever", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    assert.strictEqual(scrub(cycle, secrets), cycle)
    let asked = 0
    const text = () => {
      asked += 1
      return ""
    }
    let shared: ReadonlyArray<unknown> = [{ toString: text }]
    for (let depth = 0; depth < 10; depth++) {
      shared = [shared, shared]
    }
    assert.strictEqual(scrub(shared, secrets), shared)
    assert.strictEqual(asked, 1)
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
