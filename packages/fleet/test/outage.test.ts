import * as HttpClient from "@effect/platform/HttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as Autopay from "@latchkey/autopay/Autopay"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import { AutopaySandbox, Ledger, MemoryClient, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { kinds, startPlace } from "../src/place.ts"
import type { Kind } from "../src/place.ts"
import { available } from "@latchkey/servers/provided"
import { storeOf } from "../src/storeOf.ts"

const stores = available()

const setup = (kind: Kind) =>
  Effect.gen(function* () {
    const place = yield* Effect.acquireRelease(
      Effect.promise(() => startPlace(kind)),
      ({ close }) => Effect.promise(close)
    )
    const store = Context.get(yield* Layer.build(storeOf(place.url)), TokenStore.TokenStore)
    // Its tables are there, its connection is open.
    yield* store.load("nothing")
    const paymentsgate = yield* PaymentsGateSandbox.make()
    const autopay = yield* AutopaySandbox.make()
    const rotating = PaymentsGate.make({
      baseUrl: paymentsgate.tokenOrigin,
      accountId: paymentsgate.credentials.clientId,
      publicKey: paymentsgate.credentials.clientSecret
    })
    const loginOnly = Autopay.make(autopay.credentials)
    const memory = MemoryClient.client([paymentsgate, autopay])
    /** Every answer comes through `after`. */
    const manage = (flow: typeof rotating, mintDeadline: Duration.DurationInput, after = Effect.void) =>
      Effect.flatMap(flow, (made) => TokenManager.make(made, { policy: { mintDeadline } })).pipe(
        Effect.provideService(TokenStore.TokenStore, store),
        Effect.provideService(HttpClient.HttpClient, HttpClient.transform(memory, Effect.zipLeft(after)))
      )
    return {
      store,
      cut: Effect.promise(() => place.cut()),
      mend: Effect.promise(() => place.mend()),
      paymentsgate,
      autopay,
      /** It has time to fail in, and what it does in memory takes no time. */
      rotating: manage(rotating, "4 seconds"),
      loginOnly: manage(loginOnly, "4 seconds"),
      rotatingThrough: (after: Effect.Effect<void>) => manage(rotating, "10 minutes", after)
    }
  })

const eventually = Schedule.spaced("100 millis")

for (const kind of kinds) {
  describe.skipIf(!stores[kind])(`${kind} is away`, () => {
    it.scopedLive(
      "R13: at the start: a rotating flow spends nothing, a login-only flow mints for itself, and both recover",
      () =>
        Effect.gen(function* () {
          const { autopay, cut, loginOnly, mend, paymentsgate, rotating } = yield* setup(kind)
          const rotates = yield* rotating
          const logsIn = yield* loginOnly
          yield* cut
          const refused = yield* Effect.either(rotates.get)
          assert.isTrue(
            Either.isLeft(refused) &&
              refused.left._tag === "Unavailable" &&
              refused.left.operation === "store"
          )
          assert.strictEqual(Ledger.count(yield* paymentsgate.ledger).mints, 0)
          const token = yield* logsIn.get
          yield* mend
          yield* Effect.retry(rotates.get, eventually)
          assert.strictEqual(Ledger.count(yield* paymentsgate.ledger).mints, 1)
          assert.strictEqual((yield* logsIn.get).generation, token.generation)
          assert.strictEqual(Ledger.count(yield* autopay.ledger).mints, 1)
        })
    )

    it.scopedLive(
      "R7: during a mint and its write: served from memory, and in the store once that is back",
      () =>
        Effect.gen(function* () {
          const { cut, mend, paymentsgate, rotatingThrough, store } = yield* setup(kind)
          const answered = yield* Deferred.make<void>()
          const isCut = yield* Deferred.make<void>()
          const manager = yield* rotatingThrough(
            Effect.zipRight(Deferred.succeed(answered, undefined), Deferred.await(isCut))
          )
          const minting = yield* Effect.fork(manager.get)
          yield* Deferred.await(answered)
          yield* cut
          yield* Deferred.succeed(isCut, undefined)
          const token = yield* Fiber.join(minting)
          yield* mend
          const record = yield* Effect.retry(
            Effect.filterOrFail(store.load(manager.flow.key), Option.isSome, () => "not yet"),
            eventually
          )
          assert.strictEqual(Redacted.value(record.value.tokens.accessToken), Redacted.value(token.value))
          assert.strictEqual(Ledger.count(yield* paymentsgate.ledger).mints, 1)
        })
    )
  })
}
