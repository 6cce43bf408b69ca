import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const call: TokenEndpoint.Call = {
  provider: "test",
  operation: "refresh",
  credential: "refresh_token",
  secrets: [],
  request: HttpClientRequest.post("https://test.example/token")
}

const read = TokenEndpoint.read({
  schema: Schema.Struct({ access_token: Schema.String }),
  found: () => assert.fail("no token can be found"),
  refusal: () => ({})
})

/** The error that an answer of this status means, with a body larger than any that is read. */
const errorOf = (status: number) =>
  Effect.flip(
    TokenEndpoint.exchange(
      HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(request, new Response("x".repeat(2 ** 20 + 1), { status })))
      ),
      call,
      read
    )
  )

describe("a body larger than 1 MiB", () => {
  for (const [status, tag] of [
    [200, "InvalidResponse"],
    [401, "Unauthorized"],
    [403, "AccessDenied"],
    [429, "RateLimited"],
    [503, "Unavailable"]
  ] as const) {
    it.effect(`R6: with ${status} is ${tag}: the status says it`, () =>
      Effect.gen(function* () {
        const error = yield* errorOf(status)
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.status, status)
      })
    )
  }
})
