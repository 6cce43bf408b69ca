import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { logAll } from "./support/leakCapture.ts"
import { corePaths } from "./support/leakCorePaths.ts"
import { Detector, distinct, report } from "./support/leakDetector.ts"
import { type Driver, drivers } from "./support/leakDrivers.ts"
import { describeOptions } from "./support/leakOptions.ts"
import { type Path, expected } from "./support/leakPath.ts"
import { describePlants } from "./support/leakPlants.ts"
import { wirePaths } from "./support/leakWirePaths.ts"
import { live } from "./support/leakWorld.ts"

/** Stands in every secret and in every token; long enough that nothing else looks like it. */
const nonce = FastCheck.stringMatching(/^[a-z][a-z0-9]{23}$/)

/** A failure that shrinks shows the same leak with another secret. */
const runs = (count: number) => ({
  fastCheck: { numRuns: Number(process.env["LEAKS"] ?? count), endOnFailure: true },
  timeout: 120_000
})

// Vitest has stacks of a hundred frames, each looked up in a source map; a frame is a place in the code.
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 5
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

/** One failure path: nothing that is handed out shows a secret. */
const check = (driver: Driver, path: Path, nonce: string) =>
  Effect.gen(function* () {
    const detector = new Detector(nonce)
    const { ended, exhibits, traced } = yield* live(driver, path, nonce)
    assert.strictEqual(report(detector.scan(exhibits)), "", driver.name)
    const errors = distinct(exhibits.filter(({ value }) => value instanceof Error))
    assert.strictEqual(report(detector.scan(yield* logAll(errors))), "", driver.name)
    // The platform's span of a token request would hold its URL and its headers, `client-secret` included.
    assert.deepStrictEqual(
      traced.filter((path) => driver.tokenPaths[String(path)] !== undefined),
      []
    )
    assert.strictEqual(ended, expected(path, driver) ?? ended, driver.name)
  })

for (const driver of drivers) {
  describe(`${driver.name}: a token endpoint answers with`, () => {
    for (const path of wirePaths.filter((path) => path.drivers?.(driver) ?? true)) {
      it.effect.prop(
        `R15: ${path.name}`,
        [nonce],
        ([nonce]) => check(driver, { brief: true, ...path }, nonce),
        runs(1)
      )
    }
  })
}

// What does not depend on a provider, by a provider that is drawn.
for (const [part, paths] of Object.entries(corePaths)) {
  describe(`R15, ${part}`, () => {
    for (const path of paths) {
      it.effect.prop(
        `R15: ${path.name}`,
        [FastCheck.constantFrom(...drivers.map(({ name }) => name)), nonce],
        ([name, nonce]) =>
          Effect.forEach(
            drivers.filter((driver) => driver.name === name),
            (driver) => check(driver, path, nonce),
            { discard: true }
          ),
        runs(1)
      )
    }
  })
}

// In this file, for a second one would load all of it again.
describeOptions()
describePlants()
