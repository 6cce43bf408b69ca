import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Encoding from "effect/Encoding"
import * as FastCheck from "effect/FastCheck"
import { NodeInspectSymbol } from "effect/Inspectable"
import { type Exhibit, Detector, report } from "./support/leakDetector.ts"
import { renderingNames } from "./support/leakRenderings.ts"

const nonce = "n0nce5ecret0fth1srunxyz7"

const found = (value: unknown) =>
  new Set(new Detector(nonce).scan([{ surface: "planted", value }]).map(({ rendering }) => rendering))

const encoder = new TextEncoder()

/** How a secret may be written, as a detector names it. */
const written: { readonly [form: string]: (secret: string) => string } = {
  plain: (secret) => secret,
  reversed: (secret) => [...secret].reverse().join(""),
  "percent-encoded": (secret) =>
    Array.from(encoder.encode(secret), (byte) => `%${byte.toString(16)}`).join(""),
  base64: (secret) => Encoding.encodeBase64(secret),
  hex: (secret) => Buffer.from(secret).toString("hex"),
  bytes: (secret) => JSON.stringify(encoder.encode(secret))
}

/** Each shows the secret by this rendering. */
const plants: { readonly [rendering: string]: () => unknown } = {
  String: () => ({ toString: () => nonce }),
  toString: () => ({ toString: () => nonce, [Symbol.toPrimitive]: () => "primitive" }),
  "JSON.stringify": () => ({ toJSON: () => nonce }),
  "Inspectable.format": () => ({ toJSON: () => nonce }),
  toStringUnknown: () => ({ toJSON: () => nonce }),
  "util.inspect": () => ({ [NodeInspectSymbol]: () => nonce, toJSON: () => "json" }),
  "util.inspect without custom": () => ({
    kept: { nonce },
    [NodeInspectSymbol]: () => "inspected",
    toJSON: () => "json"
  }),
  properties: () =>
    new (class {
      get inherited() {
        return nonce
      }
    })(),
  "error.stack": () => Object.defineProperty(new Error("no"), "stack", { value: nonce }),
  "error as JSON": () => new Error(nonce),
  "Cause.pretty": () => Cause.die(new Error(nonce)),
  "Cause.pretty with causes": () => Cause.fail(new Error("no", { cause: new Error(nonce) })),
  "Cause.prettyErrors": () => Cause.fail(Object.assign(new Error("no"), { nonce })),
  FiberFailure: () => Cause.fail(new Error(nonce))
}

describe("the detector itself", () => {
  it("R15: finds a secret in every form, whatever stands around it", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.stringMatching(/^[a-z][a-z0-9]{23}$/),
        FastCheck.constantFrom(...Object.entries(written)),
        FastCheck.stringMatching(/^[ -~]{0,9}$/),
        FastCheck.stringMatching(/^[ -~]{0,9}$/),
        (secret, [form, write], before, after) => {
          const forms = new Detector(secret).find(write(`${before}${secret}${after}`)).map(([form]) => form)
          assert.include(forms, form)
        }
      )
    )
  })

  it("R15: finds a secret that is cut off, in any case", () => {
    const detector = new Detector(nonce)
    assert.isNotEmpty(detector.find(`"${nonce.slice(0, -3)}... is not valid JSON`))
    assert.isNotEmpty(detector.find(nonce.slice(3)))
    assert.isNotEmpty(detector.find(nonce.toUpperCase()))
    assert.isNotEmpty(detector.find(JSON.stringify({ body: encoder.encode(`{"secret":"${nonce}"}`) })))
  })

  it("R15: finds nothing where there is nothing", () => {
    const value = { error: new Error("no"), list: [1, { deep: "n0nce" }], at: new Date(0) }
    assert.deepStrictEqual([...found(value)], [])
    assert.strictEqual(report([]), "")
  })

  it("R15: every rendering can find a leak", () => {
    assert.deepStrictEqual(Object.keys(plants), [...renderingNames])
    for (const [rendering, plant] of Object.entries(plants)) {
      assert.include([...found(plant())], rendering)
    }
  })

  it("R15: a leak in a chain of causes is found", () => {
    const error = new Error("no", { cause: { toJSON: () => ({}), toString: () => "cause" } })
    assert.deepStrictEqual([...found(error)], [])
    assert.include([...found(new Error("no", { cause: new Error(nonce) }))], "error.stack of its cause")
  })

  it("R15: a report names the surface, the form and the renderings, and shows where", () => {
    const exhibits: ReadonlyArray<Exhibit> = [{ surface: "planted", value: new Error(`token ${nonce}`) }]
    const text = report(new Detector(nonce).scan(exhibits))
    assert.match(text, /^planted shows it, plain \(String, toString.*error\.stack.*\): \.\.\..*token n0nce/)
  })
})
