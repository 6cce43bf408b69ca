import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const call: TokenEndpoint.Call = {
  provider: "test",
  operation: "login",
  credential: "client",
  secrets: [],
  request: HttpClientRequest.post("https://test.example/token")
}

const read = TokenEndpoint.read({
  schema: Schema.Struct({ access_token: Schema.String }),
  found: () => assert.fail("no token can be found"),
  refusal: () => ({})
})

/** A body that begins, and whose connection is lost before it ends. */
const cut = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new TextEncoder().encode('{"error":"inva'))
      controller.error(new Error("connection lost"))
    }
  })

const errorOf = (status: number) =>
  Effect.flip(
    TokenEndpoint.exchange(
      HttpClient.make((request) =>
        Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(cut(), { status })))
      ),
      call,
      read
    )
  )

describe("a body that is cut off", () => {
  for (const [status, tag] of [
    [400, "InvalidResponse"],
    [401, "Unauthorized"],
    [403, "AccessDenied"],
    [429, "RateLimited"],
    [503, "Unavailable"]
  ] as const) {
    it.effect(`Errors: with ${status} is ${tag}: the status says it`, () =>
      Effect.gen(function* () {
        const error = yield* errorOf(status)
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.status, status)
      })
    )
  }

  it.effect("R8: with 200 is Unavailable: the token in it was not received", () =>
    Effect.gen(function* () {
      const error = yield* errorOf(200)
      assert.strictEqual(error._tag, "Unavailable")
      assert.isUndefined(error.status)
      assert.isFalse(error._tag === "Unavailable" && error.neverSent)
    })
  )
})
