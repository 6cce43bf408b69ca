import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { Detector } from "./leakDetector.ts"
import { drivers } from "./leakDrivers.ts"
import { type Path, failWith } from "./leakPath.ts"
import { live } from "./leakWorld.ts"

const nonce = "n0nce5ecret0fth1srunxyz7"

const driver = drivers[0]

/** What a path has handed out beside, by surface. */
const leaksOf = (path: Partial<Path>) =>
  Effect.gen(function* () {
    assert.isDefined(driver)
    const { exhibits } = yield* live(driver, { name: "planted", ends: "answer", brief: true, ...path }, nonce)
    return new Set(new Detector(nonce).scan(exhibits).map(({ surface }) => surface))
  })

/** What shows the secret, by the surface that it does so on. */
const planted: { readonly [surface: string]: Path["afterwards"] } = {
  "log, message": () => Effect.logTrace("it got", { nonce }),
  "log, cause": () => Effect.logDebug("it failed", Cause.fail({ nonce })),
  "log, annotations and spans": () =>
    Effect.log("it").pipe(Effect.annotateLogs("token", nonce), Effect.withLogSpan(nonce)),
  "log, string": () => Effect.log(nonce),
  "log, JSON": () => Effect.log({ nonce }),
  "span application": () => Effect.annotateCurrentSpan("token", nonce),
  [`span ${nonce}`]: () => Effect.withSpan(Effect.void, nonce),
  "span planted": () =>
    Effect.withSpan(Effect.void, "planted", { attributes: { header: `Bearer ${nonce}` } }),
  "span planted, exit": () => Effect.ignore(Effect.withSpan(Effect.fail({ nonce }), "planted")),
  metric: () => Metric.increment(Metric.tagged(Metric.counter("planted"), "token", nonce)),
  "planted value": ({ show }) => Effect.sync(() => show("planted value", [{ deep: [{ nonce }] }])),
  "planted error: error": ({ watch }) => watch("planted error", failWith(new Error(nonce))),
  "planted defect: cause": ({ watch }) => watch("planted defect", Effect.die({ nonce })),
  // What a client hands out that does not hide its request.
  "raw answer": ({ nonce, show }) =>
    Effect.sync(() =>
      show(
        "raw answer",
        HttpClientResponse.fromWeb(
          HttpClientRequest.bearerToken(HttpClientRequest.get("https://api.example/"), nonce),
          new Response("")
        )
      )
    )
}

/** The tests of the leak tests: a leak that is planted on a surface is found there. */
export const describePlants = (): void => {
  describe("what is planted", () => {
    it.effect("R15: a world without a plant shows nothing", () =>
      Effect.map(leaksOf({}), (surfaces) => assert.deepStrictEqual([...surfaces], []))
    )

    for (const [surface, afterwards] of Object.entries(planted)) {
      it.effect(`R15: a leak is found on the surface: ${surface.replace(nonce, "its name")}`, () =>
        Effect.map(leaksOf(afterwards === undefined ? {} : { afterwards }), (surfaces) =>
          assert.include([...surfaces], surface)
        )
      )
    }
  })
}
