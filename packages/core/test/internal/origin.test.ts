import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { makeSelect, originOf, startsWithOrigin } from "../../src/internal/origin.ts"

const many = { fastCheck: { numRuns: 10_000 } }

/** Origins as a flow holds them: `AuthFlow.make` writes them with `new URL(…).origin`. */
const origins = [
  "https://api.acme.example",
  "https://api.acme.example:8443",
  "http://localhost:8080",
  "http://127.0.0.1:3000",
  "https://[2001:db8::1]",
  "http://[::1]:8080",
  "https://xn--bcher-kva.example",
  "https://a.b"
] as const

const claims = new Map<string, string>(origins.map((origin) => [origin, origin]))
const select = makeSelect(claims)

/** Where a URL really goes: by the parser of the platform, which every base client uses. */
const destination = (url: string): string | undefined => {
  // Not URL.canParse: in Node 20 it errs on Latin-1 strings once it is hot.
  try {
    const { host, protocol } = new URL(url)
    return `${protocol}//${host}`
  } catch {
    return undefined
  }
}

const pieces = [
  ..."https: http: HTTPS: hTtP: blob: javascript: file: data: ws: // / \\ @ : ? # . .. ; , & = * [ ] | ^".split(
    " "
  ),
  ..."%2f %2F %5c %40 %00 %2e user user:pass path é ｌocalhost 𝒂.b 443 80 8443 08443 8080 3000 65536".split(
    " "
  ),
  ..."api.acme.example API.ACME.example acme.example evil.example a.b localhost 127.0.0.1 127.1 0x7f.1".split(
    " "
  ),
  ..."[::1] [0:0::1] [2001:DB8::1] bücher.example xn--bcher-kva.example".split(" "),
  // White space, what is invisible, what looks like a dot, a slash or an at sign, and half a character.
  ..."\t\n\r \0\u00a0\u3000\ufeff\u200b\u00ad\u3002\uff0f\uff20",
  "\ud800",
  ...origins
]

/** URLs that are meant to be taken for another. */
const adversarial = FastCheck.oneof(
  FastCheck.array(FastCheck.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join("")),
  FastCheck.tuple(
    FastCheck.constantFrom(...origins),
    FastCheck.array(FastCheck.constantFrom(...pieces), { maxLength: 4 })
  ).map(([origin, parts]) => origin + parts.join("")),
  FastCheck.tuple(FastCheck.constantFrom(...origins), FastCheck.fullUnicodeString({ maxLength: 6 })).map(
    ([origin, tail]) => origin + tail
  ),
  // One character of a good URL replaced, left out or doubled.
  FastCheck.tuple(
    FastCheck.constantFrom(...origins).map((origin) => `${origin}/v1/things?a=b#c`),
    FastCheck.nat({ max: 30 }),
    FastCheck.nat({ max: 2 }),
    FastCheck.oneof(FastCheck.constantFrom(...pieces), FastCheck.fullUnicode(), FastCheck.constant(""))
  ).map(([url, at, remove, insert]) => url.slice(0, at) + insert + url.slice(at + remove)),
  FastCheck.webUrl({ withFragments: true, withQueryParameters: true }),
  FastCheck.string()
)

describe("origin", () => {
  describe("startsWithOrigin", () => {
    it.prop(
      "R14: a URL that starts with an origin goes exactly there",
      { url: adversarial, origin: FastCheck.constantFrom(...origins) },
      ({ origin, url }) => {
        if (startsWithOrigin(url, origin)) {
          assert.strictEqual(destination(url), origin, JSON.stringify(url))
        }
      },
      many
    )

    it("R14: a path, a query or a fragment may follow, and nothing else", () => {
      const origin = "https://api.acme.example"
      for (const tail of [
        "",
        "/",
        "/v1",
        "?a=b",
        "#a",
        "//evil.example",
        "/@evil.example",
        "/\\evil",
        "?@evil",
        "#@evil"
      ]) {
        assert.isTrue(startsWithOrigin(origin + tail, origin), tail)
      }
      for (const tail of [
        ".",
        "./",
        ".evil.example",
        "x",
        "@evil.example",
        ":pass@evil.example",
        ":443",
        ":8443/",
        ":",
        "\\",
        "\\@evil.example",
        "%2f",
        "%2f@evil.example",
        "%00.evil.example",
        "\t",
        "\t.evil.example",
        "\n.evil.example",
        " ",
        ";",
        "&",
        "\u0000",
        "\u3002evil.example",
        "\uff0f",
        "\ud83d"
      ]) {
        assert.isFalse(startsWithOrigin(origin + tail, origin), JSON.stringify(tail))
      }
    })

    it("R14: what does not start with it is no match, spelled otherwise or not", () => {
      for (const url of [
        "",
        "https://api.acme.exampl",
        "http://api.acme.example/",
        "HTTPS://api.acme.example/",
        "https://API.acme.example/",
        "https://user@api.acme.example/",
        " https://api.acme.example/",
        "https:/api.acme.example/",
        "//api.acme.example/",
        "/v1",
        "https://evil.example/https://api.acme.example/",
        "https://evil.example?https://api.acme.example/",
        "blob:https://api.acme.example/1"
      ]) {
        assert.isFalse(startsWithOrigin(url, "https://api.acme.example"), url)
      }
    })
  })

  describe("originOf", () => {
    it("R14: scheme, host and port as the platform resolves them", () => {
      for (const [url, origin] of [
        ["https://api.acme.example/v1?a#b", "https://api.acme.example"],
        ["HTTPS://API.ACME.EXAMPLE:443/", "https://api.acme.example"],
        ["https://user:pass@api.acme.example/", "https://api.acme.example"],
        ["https://api.acme.example@evil.example/", "https://evil.example"],
        ["https://api.acme.example./", "https://api.acme.example."],
        ["https://api.acme.example\\@evil.example/", "https://api.acme.example"],
        ["https:\\\\evil.example\\@api.acme.example", "https://evil.example"],
        ["https://api.acme.example\t.evil.example/", "https://api.acme.example.evil.example"],
        ["https://bücher.example", "https://xn--bcher-kva.example"],
        ["http://0x7f.1:80", "http://127.0.0.1"],
        ["http://localhost:8080", "http://localhost:8080"]
      ] as const) {
        assert.strictEqual(originOf(url), origin, url)
      }
    })

    it("R14: the origin inside of a blob URL is not where it goes", () => {
      assert.strictEqual(new URL("blob:https://api.acme.example/1").origin, "https://api.acme.example")
      assert.notStrictEqual(originOf("blob:https://api.acme.example/1"), "https://api.acme.example")
    })

    it("R14: what is no absolute URL has none", () => {
      for (const url of ["", "/v1", "v1", "//api.acme.example", "https://", "https://[", "https://a b"]) {
        assert.isUndefined(originOf(url), url)
      }
    })
  })

  describe("makeSelect", () => {
    it.prop(
      "R14: a request carries the token of the origin it goes to, and only that",
      { url: adversarial },
      ({ url }) => {
        const goesTo = destination(url)
        assert.strictEqual(
          select(url),
          goesTo !== undefined && claims.has(goesTo) ? goesTo : undefined,
          JSON.stringify(url)
        )
      },
      many
    )

    it("R14: another spelling of a claimed origin is that origin", () => {
      for (const [url, origin] of [
        ["HTTPS://API.acme.example:443/v1", "https://api.acme.example"],
        ["https://API.acme.example:8443/v1", "https://api.acme.example:8443"],
        ["https://api.acme.example:08443/v1", "https://api.acme.example:8443"],
        ["https:/api.acme.example/v1", "https://api.acme.example"],
        ["\thttps://api.acme.example/v1", "https://api.acme.example"],
        ["https://user@api.acme.example/v1", "https://api.acme.example"],
        ["http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"],
        ["https://b%C3%BCcher.example", "https://xn--bcher-kva.example"]
      ] as const) {
        assert.strictEqual(select(url), origin, url)
      }
    })

    it("R14: scheme, host and port are compared exactly", () => {
      for (const url of [
        "http://api.acme.example/",
        "https://api.acme.example:444/",
        "https://api.acme.example.:443/",
        "https://api.acme.example./",
        "https://sub.api.acme.example/",
        "https://acme.example/",
        "https://api-acme.example/",
        "https://api.acme.example@evil.example/",
        "https://evil.example/https://api.acme.example",
        "http://localhost/",
        "https://localhost:8080/",
        "http://127.0.0.1:8080/",
        "ws://localhost:8080",
        "blob:https://api.acme.example/1",
        "data:https://api.acme.example/",
        "/v1",
        "//api.acme.example/v1",
        ""
      ]) {
        assert.isUndefined(select(url), url)
      }
    })

    it("R14: nobody claims anything where there are no claims", () => {
      assert.isUndefined(makeSelect(new Map())("https://api.acme.example/"))
    })
  })
})
