import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenManager from "@latchkey/core/TokenManager"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const refusal = (fields: { readonly status?: number; readonly code?: string }) =>
  new AuthError.InvalidResponse({ provider: "test", operation: "refresh", message: "no", ...fields })

/** What a proxy answers: a status, and no code. */
const page = refusal({ status: 400 })
const coded = refusal({ status: 400, code: "token_is_gone" })
const clientRefused = new AuthError.Unauthorized({
  provider: "test",
  operation: "refresh",
  message: "no",
  status: 401,
  code: "invalid_client"
})

const lost = new AuthError.Unavailable({ provider: "test", operation: "refresh", message: "connection lost" })

const outcome = <A>(effect: Effect.Effect<A, AuthError.AuthError>) =>
  Effect.map(Effect.either(effect), Either.match({ onLeft: (error) => error._tag, onRight: () => "token" }))

/** A manager whose refresh token is somebody's, and whose login is somebody else's. */
const asSomebody = Effect.gen(function* () {
  const test = yield* TestFlow.make({
    refresh: "rotates",
    flow: { initialGrant: () => Effect.succeed(AuthFlow.refreshGrant(Redacted.make("somebody's"))) }
  })
  return { test, manager: yield* TokenManager.make(test.flow) }
})

/** A manager that has logged in, and whose token has expired after so long. */
const afterLogin = (after: "55 minutes" | "1 hour") =>
  Effect.gen(function* () {
    const test = yield* TestFlow.make({ refresh: "kept", flow: { rotates: true } })
    const manager = yield* TokenManager.make(test.flow, { policy: { jitter: 0 } })
    yield* manager.get
    yield* TestClock.adjust(after)
    return { test, manager }
  })

describe("R6: a refusal that does not say that the refresh token has ended", () => {
  it.scoped("R6: where somebody waits, a login of the same account follows at once", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* afterLogin("1 hour")
      test.behave(page, "issue")
      yield* manager.get
      assert.deepInclude(test.ledger, { refreshes: 1, logins: 2 })
    })
  )

  it.scoped("R6: behind callers' backs the refresh token is sent again, and no login is made", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* afterLogin("55 minutes")
      test.behave(page, "issue")
      yield* manager.get
      yield* TestFlow.settle
      assert.deepInclude(test.ledger, { refreshes: 1, logins: 1 })
      yield* TestClock.adjust("2 minutes")
      yield* manager.get
      yield* TestFlow.settle
      assert.deepInclude(test.ledger, { refreshes: 2, logins: 1 })
    })
  )

  it.scoped("R6: the second one in a row is followed by a login, also behind callers' backs", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* afterLogin("55 minutes")
      test.behave(page, page, "issue")
      for (let flight = 0; flight < 2; flight++) {
        yield* manager.get
        yield* TestFlow.settle
        yield* TestClock.adjust("2 minutes")
      }
      assert.deepInclude(test.ledger, { refreshes: 2, logins: 2 })
    })
  )

  it.scoped("R6: a refresh that succeeds between two ends the row", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* afterLogin("55 minutes")
      for (let round = 0; round < 3; round++) {
        test.behave(page, "issue")
        yield* manager.get
        yield* TestFlow.settle
        yield* TestClock.adjust("2 minutes")
        yield* manager.get
        yield* TestFlow.settle
        yield* TestClock.adjust("55 minutes")
      }
      assert.deepInclude(test.ledger, { refreshes: 6, logins: 1 })
    })
  )

  it.scoped("R6: one of the client is followed by no login: it would present the same", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* afterLogin("1 hour")
      test.behave(clientRefused)
      for (let flight = 0; flight < 4; flight++) {
        assert.strictEqual(yield* outcome(manager.get), "Unauthorized")
        yield* TestClock.adjust("10 minutes")
      }
      assert.deepInclude(test.ledger, { refreshes: 4, logins: 1 })
    })
  )

  it.scoped("R6: without a code nobody logs in as somebody else, however often it comes", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* asSomebody
      test.behave(page)
      for (let flight = 0; flight < 10; flight++) {
        assert.strictEqual(yield* outcome(manager.get), "InvalidResponse")
        yield* TestClock.adjust("10 minutes")
      }
      assert.deepInclude(test.ledger, { refreshes: 10, logins: 0 })
      test.behave("issue")
      yield* manager.get
      assert.deepStrictEqual(
        test.ledger.presented,
        Array.from({ length: 11 }, () => "somebody's")
      )
      assert.strictEqual(test.ledger.logins, 0)
    })
  )

  it.scoped("R6: with a code the login of somebody else follows the second in a row", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* asSomebody
      test.behave(coded)
      assert.strictEqual(yield* outcome(manager.get), "InvalidResponse")
      assert.deepInclude(test.ledger, { refreshes: 1, logins: 0 })
      yield* TestClock.adjust("10 minutes")
      test.behave(coded, "issue")
      yield* manager.get
      assert.deepInclude(test.ledger, { refreshes: 2, logins: 1 })
    })
  )

  it.scoped("R6: a page between two with a code counts for nothing", () =>
    Effect.gen(function* () {
      const { manager, test } = yield* asSomebody
      for (const [answer, logins] of [
        [coded, 0],
        [page, 0],
        [coded, 1]
      ] as const) {
        test.behave(answer, "issue")
        yield* outcome(manager.get)
        assert.strictEqual(test.ledger.logins, logins)
        yield* TestClock.adjust("10 minutes")
      }
    })
  )

  for (const [name, error] of [
    ["with a code", coded],
    ["without one", page]
  ] as const) {
    it.scoped(`R16: ${name} it gives way to a refresh token that is configured anew`, () =>
      Effect.gen(function* () {
        let token = "configured-0"
        const test = yield* TestFlow.make({
          refresh: "rotates",
          login: false,
          secret: Effect.sync(() => Redacted.make(token)),
          flow: { initialGrant: (credential) => Effect.succeed(AuthFlow.refreshGrant(credential)) }
        })
        const manager = yield* TokenManager.make(test.flow)
        yield* manager.get
        yield* TestClock.adjust("1 hour")
        test.behave(error)
        for (let flight = 0; flight < 2; flight++) {
          assert.strictEqual(yield* outcome(manager.get), "InvalidResponse")
          yield* TestClock.adjust("10 minutes")
        }
        token = "configured-1"
        test.behave("issue")
        yield* manager.get
        assert.deepStrictEqual(test.ledger.presented, [
          "configured-0",
          "refresh-1",
          // What started this chain was spent by its first rotation, and is not sent again.
          "refresh-1",
          "configured-1"
        ])
      })
    )
  }

  it.scoped("R8, R16: one in doubt gives way to a refresh token that is configured anew", () =>
    Effect.gen(function* () {
      let token = "configured-0"
      const test = yield* TestFlow.make({
        refresh: "rotates",
        login: false,
        secret: Effect.sync(() => Redacted.make(token)),
        flow: { initialGrant: (credential) => Effect.succeed(AuthFlow.refreshGrant(credential)) }
      })
      const manager = yield* TokenManager.make(test.flow)
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      test.behave(lost)
      const caller = yield* Effect.fork(outcome(manager.get))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* Fiber.join(caller), "Unavailable")
      assert.deepStrictEqual(test.ledger.presented, ["configured-0", "refresh-1", "refresh-1"])
      token = "configured-1"
      test.behave("issue")
      yield* manager.get
      assert.deepStrictEqual(test.ledger.presented.slice(3), ["configured-1"])
    })
  )
})
