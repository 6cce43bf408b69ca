import { Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { it } from "@latchkey/testing/SettledTest"
import { connect, failure, formOf, nonce, options, recorded } from "./support/fixture.ts"

describe("an exchange", () => {
  for (const [what, repeated] of [
    ["the secret", () => `ab${nonce}`],
    ["the refresh token", (request: Wire.SandboxRequest) => formOf(request).get("refresh_token") ?? ""],
    [
      "the header, without its padding",
      ({ headers }: Wire.SandboxRequest) => (headers["authorization"] ?? "").slice(6).replace(/=+$/, "")
    ]
  ] as const) {
    it.scoped(`R15: a request id that repeats ${what} is left out`, () =>
      Effect.gen(function* () {
        const { network, requests } = yield* recorded((request) =>
          Effect.succeed(Wire.json(400, {}, { "x-request-id": repeated(request) }))
        )
        const { manager } = yield* connect(network, {
          ...options,
          // With the client id it is of a length that base64 pads.
          clientSecret: Redacted.make(`ab${nonce}`),
          refreshToken: Redacted.make(`one-${nonce}`)
        })
        assert.isUndefined((yield* failure(manager)).requestId)
        assert.isTrue((yield* requests)[0]?.headers["authorization"]?.endsWith("="))
      })
    )
  }
})
