import { Ledger, Loopback, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { startAskers } from "../src/askers.ts"
import { available } from "../src/servers/provided.ts"
import { kinds, startPlace } from "../src/place.ts"
import type { Kind } from "../src/place.ts"

const stores = available()

/** A hundred take a minute to start. `COLD=100` starts as many over each store. */
const crowd = (kind: Kind): number => Number(process.env["COLD"] ?? (kind === "PostgreSQL" ? 100 : 25))

const setup = (kind: Kind, mintDeadline: number) =>
  Effect.gen(function* () {
    const place = yield* Effect.acquireRelease(
      Effect.promise(() => startPlace(kind)),
      ({ close }) => Effect.promise(close)
    )
    const sandbox = yield* PaymentsGateSandbox.make()
    const { url: baseUrl } = yield* Loopback.serve(sandbox)
    const { clientId, clientSecret } = sandbox.credentials
    const question = {
      storeUrl: place.url,
      baseUrl,
      accountId: clientId,
      publicKey: Redacted.value(clientSecret),
      mintDeadline,
      waitsBeforeSaving: false
    }
    return { sandbox, question, counts: Effect.map(sandbox.ledger, Ledger.count) }
  })

for (const kind of kinds) {
  describe.skipIf(!stores[kind])(`processes over ${kind}`, () => {
    it.scopedLive(
      `R13: ${crowd(kind)} cold processes at once make 1 mint, and all have its token; so does one that comes later`,
      () =>
        Effect.gen(function* () {
          const { counts, question } = yield* setup(kind, 20_000)
          const askers = yield* startAskers(crowd(kind), question)
          yield* Effect.forEach(askers, ({ ask }) => ask)
          const tokens = yield* Effect.forEach(askers, ({ line }) => line, { concurrency: "unbounded" })
          const [late] = yield* startAskers(1, question)
          assert.isDefined(late)
          yield* late.ask
          assert.strictEqual(new Set([...tokens, yield* late.line]).size, 1)
          const { mints, refusals } = yield* counts
          assert.deepStrictEqual([mints, refusals], [1, 0])
        }),
      180_000
    )

    it.scopedLive(
      "R13: a process that slept on its lease with its answer in hand does not overwrite the newer token",
      () =>
        Effect.gen(function* () {
          const { counts, question } = yield* setup(kind, 2_000)
          const [sleeper] = yield* startAskers(1, { ...question, waitsBeforeSaving: true })
          const [other, later] = yield* startAskers(2, question)
          assert.isDefined(sleeper)
          assert.isDefined(other)
          assert.isDefined(later)
          yield* sleeper.ask
          assert.strictEqual(yield* sleeper.line, "saving")
          yield* sleeper.freeze
          // The lease lasts 3 s, and the other one waits for its end.
          yield* other.ask
          const newer = yield* other.line
          assert.strictEqual((yield* counts).mints, 2)
          yield* sleeper.thaw
          // It wanted to write its own, found a newer one, and serves that.
          assert.strictEqual(yield* sleeper.line, newer)
          yield* later.ask
          assert.strictEqual(yield* later.line, newer)
          assert.strictEqual((yield* counts).mints, 2)
        }),
      60_000
    )
  })
}
