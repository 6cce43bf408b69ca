import * as TokenManager from "@latchkey/core/TokenManager"
import { MemoryClient, Wire } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as PaymentsGate from "../src/PaymentsGate.ts"

const first = Redacted.make("first")

/** The refresh token that each request has presented, where the first answer is this one. */
const presentedAfter = (answer: Readonly<Record<string, unknown>>) =>
  Effect.gen(function* () {
    const presented: Array<unknown> = []
    const network = MemoryClient.client([], {
      elsewhere: ({ body }) =>
        Effect.sync(() => {
          const form: Record<string, unknown> = JSON.parse(new TextDecoder().decode(body))
          presented.push(form["refresh_token"])
          return presented.length === 1
            ? Wire.json(200, answer)
            : Wire.json(200, { access_token: "good", refresh_token: "third", expires_in: 3600 })
        })
    })
    const flow = yield* Effect.provideService(
      PaymentsGate.make({ refreshToken: first, accessToken: Redacted.make("access") }),
      HttpClient.HttpClient,
      network
    )
    const manager = yield* TokenManager.make(flow)
    assert.strictEqual((yield* Effect.flip(manager.get))._tag, "InvalidResponse")
    yield* TestClock.adjust("10 minutes")
    yield* manager.get
    return presented
  })

describe("R7: a refresh token is kept, whatever else is wrong with the answer that brought it", () => {
  for (const [name, answer] of [
    ["no access token", { refresh_token: "second" }],
    ["an access token that is no string", { access_token: 1, refresh_token: "second" }],
    ["a lifetime that is over", { access_token: "a", expires_in: -1, refresh_token: "second" }]
  ] as const) {
    it.scoped(`R7: ${name}: the next request presents the new one`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* presentedAfter(answer), ["first", "second"])
      })
    )
  }
})
