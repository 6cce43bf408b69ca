import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { resolveUrl } from "../../src/internal/baseUrl.ts"

const many = { fastCheck: { numRuns: 10_000 } }

const resolved = (url: string, base: string): string => resolveUrl(HttpClientRequest.get(url), base).url

const bases = [
  "https://api.acme.example",
  "https://api.acme.example/v1",
  "http://localhost:8080/api/v2"
] as const

const pieces = [
  ..."// / \\ \\\\ @ : ? # . .. ./ ../ [ ] ; & é %2f %2e%2e %5c %40 %00 443 :443 v1 a".split(" "),
  ..."evil.example .evil.example user:pass@ http: https: blob: javascript:".split(" "),
  // White space, what is invisible, what looks like a dot, a slash or an at sign, and half a character.
  ..."\t\n\r \0\u00a0\ufeff\u3002\uff0f\uff20",
  "\ud800"
]

const relative = FastCheck.oneof(
  FastCheck.array(FastCheck.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join("")),
  FastCheck.fullUnicodeString(),
  FastCheck.webPath(),
  FastCheck.string()
)
  // RFC 3986, section 4.1: a reference that starts with a scheme is not relative.
  .filter((url) => !/^[a-z][a-z0-9+.-]*:/i.test(url))

describe("baseUrl", () => {
  it.prop(
    "R14: whatever follows the base URL, the request goes to its host",
    { url: relative, base: FastCheck.constantFrom(...bases) },
    ({ base, url }) => {
      const { host, password, protocol, username } = Either.getOrThrow(
        UrlParams.makeUrl(resolved(url, base), UrlParams.empty, Option.none())
      )
      assert.strictEqual(`${protocol}//${host}`, new URL(base).origin, JSON.stringify(url))
      assert.strictEqual(username + password, "")
    },
    many
  )

  it("R14: neither @ nor a dot can become part of the host", () => {
    const base = "https://api.acme.example"
    for (const [url, expected] of [
      ["@evil.example", "https://api.acme.example/@evil.example"],
      [".evil.example", "https://api.acme.example/.evil.example"],
      [":443@evil.example", "https://api.acme.example/:443@evil.example"],
      ["//evil.example/x", "https://api.acme.example//evil.example/x"],
      ["\\\\evil.example", "https://api.acme.example/\\\\evil.example"],
      ["\t//evil.example", "https://api.acme.example/\t//evil.example"],
      [" https://evil.example", "https://api.acme.example/ https://evil.example"],
      ["\nhttps://evil.example", "https://api.acme.example/\nhttps://evil.example"]
    ] as const) {
      assert.strictEqual(resolved(url, base), expected)
      assert.strictEqual(new URL(expected).host, "api.acme.example")
    }
  })

  it("Using it: a relative URL is relative to the base URL of the API", () => {
    const base = "https://api.acme.example/v1"
    for (const [url, expected] of [
      ["", "https://api.acme.example/v1"],
      ["/things", "https://api.acme.example/v1/things"],
      ["things", "https://api.acme.example/v1/things"],
      ["/things/", "https://api.acme.example/v1/things/"],
      ["/things?a=b#c", "https://api.acme.example/v1/things?a=b#c"],
      ["?a=b", "https://api.acme.example/v1?a=b"],
      ["#c", "https://api.acme.example/v1#c"],
      ["/things:batch", "https://api.acme.example/v1/things:batch"],
      ["2things:batch", "https://api.acme.example/v1/2things:batch"]
    ] as const) {
      assert.strictEqual(resolved(url, base), expected)
    }
  })

  it("R14: an absolute URL is left alone, whatever its scheme", () => {
    for (const url of [
      "https://api.acme.example/other",
      "https://evil.example/",
      "HTTPS://evil.example/",
      "http:evil.example",
      "ftp://evil.example",
      "blob:https://api.acme.example/1",
      "data:text/plain,x"
    ]) {
      assert.strictEqual(resolved(url, "https://api.acme.example"), url)
    }
  })

  it("R10: nothing of the request changes but its URL", () => {
    const request = HttpClientRequest.post("/things").pipe(
      HttpClientRequest.setHeader("idempotency-key", "1"),
      HttpClientRequest.setUrlParam("a", "b"),
      HttpClientRequest.setHash("c"),
      HttpClientRequest.bodyText("text")
    )
    const made = resolveUrl(request, "https://api.acme.example")
    assert.strictEqual(made.method, "POST")
    assert.strictEqual(made.headers, request.headers)
    assert.strictEqual(made.body, request.body)
    assert.strictEqual(made.urlParams, request.urlParams)
    assert.strictEqual(made.hash, request.hash)
    const absolute = HttpClientRequest.get("https://evil.example/")
    assert.strictEqual(resolveUrl(absolute, "https://api.acme.example"), absolute)
  })
})
