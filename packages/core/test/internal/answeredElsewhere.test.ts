import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { isAnsweredElsewhere } from "../../src/internal/answeredElsewhere.ts"

const origins = ["https://api.example", "https://files.api.example"]
const request = HttpClientRequest.get("https://API.example:443/v1/permits")

/** An answer as `fetch` gives it. */
const fetched = (url: string, redirected: boolean, sent = request) =>
  HttpClientResponse.fromWeb(
    sent,
    Object.defineProperties(new Response(null, { status: 401 }), {
      url: { value: url },
      redirected: { value: redirected }
    })
  )

/** An answer as undici gives it, within what the platform makes of it. */
const dispatched = (...history: ReadonlyArray<string>) => {
  const source = { context: { history: history.map((url) => new URL(url)) } }
  return Object.assign(fetched("https://api.example/", false), {
    original: Object.defineProperty(fetched("", false), "source", { value: source })
  })
}

describe("isAnsweredElsewhere", () => {
  it("R9: an answer of the API is not", () => {
    for (const response of [
      fetched("https://api.example/v1/permits", false),
      fetched("https://api.example/v2/permits", true),
      // Built by hand, as by a client that answers from memory.
      fetched("", false),
      fetched("https://api.example/", false, HttpClientRequest.get("/permits")),
      dispatched(),
      dispatched("https://api.example/v1/permits"),
      dispatched("https://api.example/v1/permits", "https://api.example/v2/permits")
    ]) {
      assert.isFalse(isAnsweredElsewhere(response, origins))
    }
  })

  it("R9: a fetch that sends to a gateway was not redirected", () => {
    assert.isFalse(isAnsweredElsewhere(fetched("http://gateway.internal/v1/permits", false), origins))
  })

  it("R9: one that a redirect brought from another origin is, though a flow claims that as well", () => {
    for (const response of [
      fetched("https://elsewhere.example/", true),
      fetched("http://api.example/v1/permits", true),
      fetched("https://files.api.example/", true),
      dispatched("https://api.example/v1/permits", "https://elsewhere.example/"),
      // The token is not put back.
      dispatched("https://api.example/", "https://elsewhere.example/", "https://api.example/")
    ]) {
      assert.isTrue(isAnsweredElsewhere(response, origins))
    }
  })

  it("R9: the answer to a request that was sent to an origin of nobody's is", () => {
    const sent = HttpClientRequest.get("https://elsewhere.example/")
    assert.isTrue(isAnsweredElsewhere(fetched("", false, sent), origins))
    assert.isFalse(
      isAnsweredElsewhere(fetched("", false, HttpClientRequest.get("https://files.api.example/")), origins)
    )
  })
})
