import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Sending from "../../src/internal/sending.ts"

/** How far a mint that consists of these has come when it ends, however it does. */
const stageAfter = (...steps: ReadonlyArray<Effect.Effect<unknown, string>>) =>
  Effect.gen(function* () {
    const sending = Sending.start()
    yield* Effect.exit(Sending.track(Effect.all(steps), sending))
    return sending.stage
  })

const fails = Effect.fail("away")

describe("sending", () => {
  it.effect("R8: a flow that says nothing may have sent its request", () =>
    Effect.gen(function* () {
      const sending = Sending.start()
      assert.isTrue(Sending.mayBeSent(sending))
      assert.strictEqual(yield* stageAfter(fails), "unknown")
    })
  )

  it.effect("R8: what comes before a request and fails has sent nothing", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stageAfter(Sending.prepare(fails)), "preparing")
    })
  )

  it.effect("R8: a request that is a part of what comes before does not count", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* stageAfter(Sending.prepare(Effect.zipRight(Sending.sent, fails))),
        "preparing"
      )
    })
  )

  it.effect("R8: a preparation within another one does not end that", () =>
    Effect.gen(function* () {
      const within = Effect.zipRight(Sending.prepare(Effect.void), fails)
      assert.strictEqual(yield* stageAfter(Sending.prepare(within)), "preparing")
    })
  )

  it.effect("R8: after it the request may be sent at any time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stageAfter(Sending.prepare(Effect.void), fails), "unknown")
      assert.strictEqual(yield* stageAfter(Sending.prepare(Effect.void), Sending.sent), "sent")
    })
  )

  it.effect("R8: what was sent once stays so, whatever is prepared afterwards", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* stageAfter(Sending.sent, Sending.prepare(fails)), "sent")
    })
  )

  it.effect("outside of a mint both do nothing", () =>
    Effect.gen(function* () {
      yield* Sending.sent
      assert.strictEqual(yield* Sending.prepare(Effect.succeed(1)), 1)
    })
  )
})
