import { Ledger, Loopback, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { startAskers } from "../../src/askers.ts"
import { available } from "@latchkey/servers/provided"
import { kinds, startPlace } from "../../src/place.ts"
import type { Kind } from "../../src/place.ts"

/** How much is tried. */
interface Numbers {
  /** How many start at once. A hundred take half a minute. */
  readonly crowd: (kind: Kind) => number
  /** The mint deadline of the one that sleeps on its lease, in milliseconds; its lease lasts one and a quarter of it. */
  readonly deadline: number
  /** Whether that lease ends because the store's clock is set forward. Else it runs out. */
  readonly forward: boolean
}

/** Nobody waits for its end where no process is killed. */
const ample = 600_000

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
    return { place, question, counts: Effect.map(sandbox.ledger, Ledger.count) }
  })

/** Processes that share a store, and all want its token. */
export const processes = ({ crowd, deadline, forward }: Numbers): void => {
  const stores = available()

  for (const kind of kinds) {
    describe.skipIf(!stores[kind])(`processes over ${kind}`, () => {
      it.scopedLive(
        `R13: ${crowd(kind)} cold processes at once make 1 mint, and all have its token; so does one that comes later`,
        () =>
          Effect.gen(function* () {
            const { counts, question } = yield* setup(kind, ample)
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
        900_000
      )

      it.scopedLive(
        "R13: a process that slept on its lease with its answer in hand does not overwrite the newer token",
        () =>
          Effect.gen(function* () {
            const { counts, place, question } = yield* setup(kind, deadline)
            const [sleeper] = yield* startAskers(1, { ...question, waitsBeforeSaving: true })
            const [other, later] = yield* startAskers(2, question)
            assert.isDefined(sleeper)
            assert.isDefined(other)
            assert.isDefined(later)
            yield* sleeper.ask
            assert.strictEqual(yield* sleeper.line, "saving")
            yield* sleeper.freeze
            yield* other.ask
            if (forward) {
              yield* Effect.promise(() => place.forward(deadline * 2))
            }
            const newer = yield* other.line
            assert.strictEqual((yield* counts).mints, 2)
            yield* sleeper.thaw
            // It wanted to write its own, found a newer one, and serves that.
            assert.strictEqual(yield* sleeper.line, newer)
            yield* later.ask
            assert.strictEqual(yield* later.line, newer)
            assert.strictEqual((yield* counts).mints, 2)
          })
      )
    })
  }
}
