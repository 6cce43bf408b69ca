import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { inspect } from "node:util"
import * as AuthError from "../src/AuthError.ts"
import * as AuthFlow from "../src/AuthFlow.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const isAccepted = (
  check: typeof AuthFlow.url,
  value: string,
  dangerouslyAllowInsecureHttp?: boolean
): boolean =>
  Either.isRight(
    Effect.runSync(Effect.either(check("acme", "baseUrl", value, { dangerouslyAllowInsecureHttp })))
  )

/** As a program without types calls it. */
const untyped =
  (check: typeof AuthFlow.nonEmpty) =>
  (...args: ReadonlyArray<unknown>): ReturnType<typeof AuthFlow.nonEmpty> =>
    Reflect.apply(check, undefined, [...args])

const untypedCredential = (...args: ReadonlyArray<unknown>): ReturnType<typeof AuthFlow.credential> =>
  Reflect.apply(AuthFlow.credential, undefined, [...args])

const accepted = (check: typeof AuthFlow.url, value: string): string =>
  Effect.runSync(check("acme", "baseUrl", value))

describe("AuthFlow", () => {
  describe("url", () => {
    it("R14: HTTPS is taken, in its canonical form", () => {
      for (const [value, href] of [
        ["https://acme.example", "https://acme.example/"],
        ["https://acme.example/", "https://acme.example/"],
        ["HTTPS://ACME.example:443/Token", "https://acme.example/Token"],
        ["https://acme.example:8443/a/b/", "https://acme.example:8443/a/b/"],
        ["https://acme.example/a/../token", "https://acme.example/token"],
        ["https://bücher.example/token", "https://xn--bcher-kva.example/token"],
        ["https://[2001:db8::1]/token", "https://[2001:db8::1]/token"],
        [" https://acme.example/token\n", "https://acme.example/token"]
      ] as const) {
        assert.strictEqual(accepted(AuthFlow.url, value), href)
      }
    })

    it("R14: a host with letters beyond ASCII is taken, however often it is checked", () => {
      // Node 20: URL.canParse errs on such a host once it is optimized, after some 2,000 calls.
      for (let count = 0; count < 20_000; count += 1) {
        assert.isTrue(isAccepted(AuthFlow.url, "https://bücher.example/token"), `check ${count}`)
      }
    })

    it("R14: HTTP is for loopback only", () => {
      for (const value of [
        "http://localhost",
        "http://localhost:8080/token",
        "http://LOCALHOST:8080/token",
        "http://api.localhost:8080",
        "http://a.b.localhost",
        "http://127.0.0.1:3000/token",
        "http://127.255.255.254",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://[::1]:3000",
        "http://[0:0:0:0:0:0:0:1]/"
      ]) {
        assert.isTrue(isAccepted(AuthFlow.url, value), value)
      }
      for (const value of [
        "http://acme.example",
        "HTTP://acme.example",
        "http://localhost.acme.example",
        "http://127.0.0.1.acme.example",
        "http://localhost.",
        "http://mylocalhost",
        "http://localhosts",
        "http://.localhost.evil",
        "http://128.0.0.1",
        "http://10.127.0.1",
        "http://0.0.0.0",
        "http://192.168.0.1",
        "http://[::]",
        "http://[::2]",
        "http://[2001:db8::1]"
      ]) {
        assert.isFalse(isAccepted(AuthFlow.url, value), value)
      }
    })

    it("R14: an option with an ugly name allows HTTP, and nothing but HTTP", () => {
      assert.isTrue(isAccepted(AuthFlow.url, "http://acme.example", true))
      assert.isFalse(isAccepted(AuthFlow.url, "http://acme.example", false))
      for (const value of [
        "ftp://acme.example",
        "ws://acme.example",
        "file:///etc/passwd",
        "data:,x",
        "javascript:0"
      ]) {
        assert.isFalse(isAccepted(AuthFlow.url, value, true), value)
      }
    })

    it("R14: other schemes are refused, for loopback too", () => {
      for (const value of [
        "ftp://localhost",
        "ws://localhost",
        "wss://acme.example",
        "file:///token",
        "blob:https://acme.example/1",
        "data:text/plain,x",
        "about:blank",
        "mailto:a@acme.example"
      ]) {
        assert.isFalse(isAccepted(AuthFlow.url, value), value)
      }
    })

    it("R14: what is no absolute URL is refused", () => {
      for (const value of [
        "",
        " ",
        "/token",
        "token",
        "acme.example",
        "//acme.example",
        "https://",
        "https://acme example",
        "https://acme.example:99999",
        "https://[::1"
      ]) {
        assert.isFalse(isAccepted(AuthFlow.url, value), value)
      }
    })

    it("R14: userinfo, query and fragment are refused", () => {
      for (const value of [
        "https://user@acme.example",
        "https://user:secret@acme.example",
        "https://:secret@acme.example",
        "https://acme.example@evil.example",
        "https://acme.example/?a=b",
        "https://acme.example/#a",
        "http://user@localhost"
      ]) {
        assert.isFalse(isAccepted(AuthFlow.url, value), value)
      }
    })

    it("R14: an empty query and an empty fragment are a query and a fragment: what is appended would land in them", () => {
      for (const check of [AuthFlow.url, AuthFlow.baseUrl]) {
        for (const value of [
          "https://acme.example/api?",
          "https://acme.example/api#",
          "https://acme.example?",
          "https://acme.example/api?#"
        ]) {
          assert.isFalse(isAccepted(check, value), value)
        }
      }
    })

    it.prop(
      "R14: what is accepted is HTTPS, or HTTP to loopback, and has no userinfo, query or fragment",
      {
        value: FastCheck.oneof(
          FastCheck.webUrl({
            withQueryParameters: true,
            withFragments: true,
            validSchemes: ["http", "https", "ftp"]
          }),
          FastCheck.array(
            FastCheck.constantFrom(
              "\t",
              " ",
              ..."https: http: HTTP: // / \\ @ : ? # . .. %2f u:p@".split(" "),
              ..."localhost 127.0.0.1 [::1] acme.example :8080 127.1 0x7f000001 evil.localhost".split(" ")
            ),
            { maxLength: 9 }
          ).map((parts) => parts.join("")),
          FastCheck.string()
        )
      },
      ({ value }) => {
        if (!isAccepted(AuthFlow.url, value)) {
          return
        }
        const url = new URL(accepted(AuthFlow.url, value))
        assert.strictEqual(url.username + url.password + url.search + url.hash, "")
        if (url.protocol !== "https:") {
          assert.strictEqual(url.protocol, "http:")
          assert.match(url.hostname, /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost|.*\.localhost)$/)
        }
      },
      { fastCheck: { numRuns: 5_000 } }
    )

    it("R15: a refusal names the provider and the option, and does not repeat the value", () => {
      for (const value of [
        "https://user:hunter2@acme.example",
        "https://acme.example/?token=hunter2",
        "hunter2",
        "http://hunter2.example"
      ]) {
        const refusal = Effect.runSync(Effect.flip(AuthFlow.url("acme", "tokenUrl", value)))
        assert.strictEqual(refusal._tag, "InvalidOptions")
        assert.strictEqual(refusal.provider, "acme")
        assert.strictEqual(refusal.option, "tokenUrl")
        assert.include(refusal.message, '"tokenUrl"')
        assert.notInclude(`${String(refusal)} ${JSON.stringify(refusal)} ${inspect(refusal)}`, "hunter2")
      }
    })
  })

  describe("baseUrl", () => {
    it("R14: as url, without trailing slashes", () => {
      for (const [value, base] of [
        ["https://acme.example", "https://acme.example"],
        ["https://acme.example/", "https://acme.example"],
        ["https://acme.example///", "https://acme.example"],
        ["https://acme.example/api/v1/", "https://acme.example/api/v1"],
        ["http://localhost:8080/", "http://localhost:8080"]
      ] as const) {
        assert.strictEqual(accepted(AuthFlow.baseUrl, value), base)
      }
      assert.isFalse(isAccepted(AuthFlow.baseUrl, "http://acme.example/"))
      assert.isTrue(isAccepted(AuthFlow.baseUrl, "http://acme.example/", true))
    })
  })

  it.effect(
    "Options: nonEmpty refuses what is empty or blank or has white space at an end, and keeps the rest as it is",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* AuthFlow.nonEmpty("acme", "clientId", "my id"), "my id")
        for (const value of ["", " ", "\t\n", " id ", "id\n"]) {
          const refusal = yield* Effect.flip(AuthFlow.nonEmpty("acme", "clientId", value))
          assert.strictEqual(refusal.option, "clientId")
        }
        // As `process.env.X!` is, and what a program without types hands on.
        for (const value of [undefined, null, 7, {}]) {
          for (const check of [AuthFlow.nonEmpty, AuthFlow.url, AuthFlow.baseUrl]) {
            const refusal = yield* Effect.flip(untyped(check)("acme", "clientId", value))
            assert.strictEqual(refusal.message, 'acme: "clientId" is missing or empty: set it.')
          }
        }
        const blank = yield* Effect.flip(AuthFlow.url("acme", "apiUrl", " "))
        assert.strictEqual(blank.message, 'acme: "apiUrl" is missing or empty: set it.')
      })
  )

  describe("storeKey", () => {
    const key = (...parts: readonly [string, ...Array<string>]) =>
      Effect.runPromise(AuthFlow.storeKey(...parts))

    it("R15: a key is the provider and a digest: no part of it stands there in plain", async () => {
      const made = await key("acme", "sandbox", "https://acme.example/token", "client-id-4711", "tenant")
      assert.match(made, /^acme-[0-9a-f]{64}$/)
      for (const part of ["sandbox", "acme.example", "4711", "tenant"]) {
        assert.notInclude(made, part)
      }
    })

    it("Stores: a key is the same in every process, and of a published digest", async () => {
      assert.strictEqual(await key("acme", "a", "b"), await key("acme", "a", "b"))
      // printf '["acme","a","b"]' | sha256sum
      assert.strictEqual(
        await key("acme", "a", "b"),
        "acme-a98f061f4e301dfcb5e647287cf6d57482a871eaa1f1ac1d3b936a7e89019d90"
      )
    })

    it("Stores: parts do not run into each other", async () => {
      const keys = await Promise.all([
        key("acme"),
        key("acme", ""),
        key("acme", "", ""),
        key("acme", "ab", "c"),
        key("acme", "a", "bc"),
        key("acme", "abc"),
        key("acme", "c", "ab"),
        key("acme", 'a","b'),
        key("acme", "a", "b"),
        key("acme", "a,b"),
        key("acme", "a\u0000b"),
        key("acme", "\ud800"),
        key("acme", "\udfff"),
        key("acme", "\ufffd"),
        key("acme", "é"),
        key("acme", "e\u0301"),
        key("acmea", "b"),
        key("acme-a", "b")
      ])
      assert.strictEqual(new Set(keys).size, keys.length)
    })

    it("Stores: two credentials never share a key", () =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.array(
            FastCheck.oneof(FastCheck.fullUnicodeString(), FastCheck.constantFrom("", '"', ",", "]", "\\"))
          ),
          FastCheck.array(
            FastCheck.oneof(FastCheck.fullUnicodeString(), FastCheck.constantFrom("", '"', ",", "]", "\\"))
          ),
          async (a, b) => {
            const same = a.length === b.length && a.every((part, index) => part === b[index])
            assert.strictEqual((await key("acme", ...a)) === (await key("acme", ...b)), same)
          }
        ),
        { numRuns: 1_000 }
      ))
  })

  describe("fingerprint", () => {
    const secret = "hunter2-hunter2-hunter2"

    it.effect("R15: tells secrets apart, and does not show them", () =>
      Effect.gen(function* () {
        const print = (value: string) => AuthFlow.fingerprint("acme", "refreshToken", Redacted.make(value))
        const made = yield* print(secret)
        assert.match(made, /^[0-9a-f]{64}$/)
        assert.strictEqual(yield* print(secret), made)
        assert.notStrictEqual(yield* print(`${secret} `), made)
        const effect = AuthFlow.fingerprint("acme", "refreshToken", Effect.succeed(Redacted.make(secret)))
        assert.strictEqual(yield* effect, made)
      })
    )

    it.effect("R15: a secret manager that is away is Unavailable, not a wrong option, its cause hidden", () =>
      Effect.gen(function* () {
        for (const away of [Effect.fail(secret), Effect.die(secret)]) {
          const error = yield* Effect.flip(AuthFlow.fingerprint("acme", "refreshToken", away))
          assert.strictEqual(error._tag, "Unavailable")
          assert.strictEqual(error.provider, "acme")
          assert.include(error.message, '"refreshToken"')
          assert.notInclude(`${String(error)} ${JSON.stringify(error)} ${inspect(error)}`, secret)
        }
      })
    )

    it.effect("Options: one that is missing is an option that cannot be used", () =>
      Effect.gen(function* () {
        for (const missing of [Redacted.make(""), Effect.succeed(Redacted.make(" ")), Config.redacted("X")]) {
          const error = yield* AuthFlow.fingerprint("acme", "refreshToken", missing).pipe(
            Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
            Effect.flip
          )
          assert.deepInclude(error, { _tag: "InvalidOptions", provider: "acme", option: "refreshToken" })
        }
      })
    )
  })

  it("R5: a configured refresh token is a grant without an expiry", () => {
    const refreshToken = Redacted.make("refresh")
    const accessToken = Redacted.make("access")
    const grant = AuthFlow.refreshGrant(refreshToken, accessToken)
    assert.strictEqual(Redacted.value(grant.refreshToken.value), "refresh")
    assert.isTrue(Option.isNone(grant.refreshToken.expiresAt))
    assert.strictEqual(Option.getOrUndefined(grant.accessToken), accessToken)
    assert.isTrue(Option.isNone(AuthFlow.refreshGrant(refreshToken).accessToken))
  })

  describe("isTokenRejected", () => {
    const response = (status: number, challenge?: string) =>
      HttpClientResponse.fromWeb(
        HttpClientRequest.get("https://acme.example"),
        new Response(null, {
          status,
          headers: challenge === undefined ? {} : { "WWW-Authenticate": challenge }
        })
      )

    it("R9: a 401 is a rejection, unless its challenge says that only the scope was not enough", () => {
      for (const [status, challenge, rejected] of [
        [401, undefined, true],
        [401, "", true],
        [401, "Bearer", true],
        [401, 'Bearer realm="acme"', true],
        [401, 'Bearer error="invalid_token"', true],
        [401, 'Bearer error="invalid_token", error_description="not insufficient_scope"', true],
        [401, 'Bearer error="insufficient_scopes"', true],
        [401, 'Bearer error="insufficient_scope"', false],
        [401, "Bearer error=insufficient_scope", false],
        [401, 'Bearer realm="acme", error="insufficient_scope", scope="write"', false],
        [401, 'bearer ERROR = "INSUFFICIENT_SCOPE"', false],
        [401, 'Basic realm="x", Bearer error="insufficient_scope"', false]
      ] as const) {
        assert.strictEqual(AuthFlow.isTokenRejected(response(status, challenge)), rejected, challenge)
      }
    })

    it.prop(
      "R9: no other status is a rejection, a 403 neither",
      {
        status: FastCheck.oneof(
          FastCheck.constantFrom(403, 400, 402, 407, 419, 498, 500),
          FastCheck.integer({ min: 200, max: 599 })
        ).filter((status) => status !== 401),
        challenge: FastCheck.constantFrom(undefined, "Bearer", 'Bearer error="invalid_token"')
      },
      ({ challenge, status }) => assert.isFalse(AuthFlow.isTokenRejected(response(status, challenge))),
      runs
    )
  })

  describe("credential", () => {
    const secret = "hunter2-hunter2-hunter2"

    it.effect("R16: a secret is itself, an effect is run each time", () =>
      Effect.gen(function* () {
        const redacted = Redacted.make(secret)
        assert.strictEqual(yield* AuthFlow.credential("acme", "clientSecret", redacted), redacted)
        let read = 0
        const rotating = AuthFlow.credential(
          "acme",
          "clientSecret",
          Effect.sync(() => Redacted.make(`secret-${(read += 1)}`))
        )
        assert.strictEqual(Redacted.value(yield* rotating), "secret-1")
        assert.strictEqual(Redacted.value(yield* rotating), "secret-2")
      })
    )

    it.effect("R15: where it cannot be read, what the secret manager said stays hidden", () =>
      Effect.gen(function* () {
        const untyped: unknown = new Error(secret, { cause: secret })
        const failures: ReadonlyArray<Effect.Effect<never, unknown>> = [
          Effect.fail(secret),
          Effect.fail(untyped),
          Effect.fail({ secret }),
          Effect.die(new Error(secret)),
          Effect.dieMessage(secret),
          Effect.sync(() => {
            throw new Error(secret)
          })
        ]
        for (const failure of failures) {
          const exit = yield* Effect.exit(AuthFlow.credential("acme", "clientSecret", failure))
          assert.isTrue(Exit.isFailure(exit))
          const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
          const error = Option.getOrThrow(Cause.failureOption(cause))
          assert.isTrue(AuthError.isAuthError(error))
          assert.strictEqual(error._tag, "Unavailable")
          assert.strictEqual(error.provider, "acme")
          assert.include(error.message, '"clientSecret"')
          for (const surface of [
            Cause.pretty(cause),
            Cause.pretty(cause, { renderErrorCause: true }),
            inspect(exit, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
            JSON.stringify(exit),
            String(exit),
            String(error.stack)
          ]) {
            assert.notInclude(surface, secret)
          }
        }
      })
    )

    it.effect("Options: a secret that is no string, or blank, is missing: Unauthorized that names it", () =>
      Effect.gen(function* () {
        // As `Redacted.make(process.env.X!)` is, and what a program without types hands on.
        const values: ReadonlyArray<unknown> = ["", " ", "\n", undefined, null, 7, {}, ["secret"]]
        const missing: ReadonlyArray<unknown> = [
          ...values.map((value) => Redacted.make(value)),
          ...values.map((value) => Effect.succeed(Redacted.make(value))),
          undefined,
          null,
          "",
          7,
          Effect.succeed(undefined),
          Config.redacted("ACME_SECRET")
        ]
        for (const secret of missing) {
          const error = yield* untypedCredential("acme", "clientSecret", secret).pipe(
            Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
            Effect.flip
          )
          assert.strictEqual(error._tag, "Unauthorized", inspect(secret))
          assert.strictEqual(error.operation, "login")
          assert.strictEqual(error.message, 'acme: the secret "clientSecret" is missing or empty: set it.')
        }
      })
    )

    it.effect("R15: a secret that is not redacted is Unauthorized, and is not shown", () =>
      Effect.gen(function* () {
        for (const plain of [secret, Effect.succeed(secret)]) {
          const error = yield* Effect.flip(untypedCredential("acme", "clientSecret", plain))
          assert.strictEqual(error._tag, "Unauthorized")
          assert.include(error.message, "Redacted.make")
          assert.notInclude(inspect(error), secret)
        }
      })
    )

    it.effect(
      "R14: a secret that cannot stand in its header is Unauthorized that names it, and is not shown",
      () =>
        Effect.gen(function* () {
          for (const [part, inHeader, inAuthorization] of [
            ["\u200b", false, false],
            ["\u2019", false, false],
            ["\ufeff", false, false],
            ["\n", false, false],
            ["\r\nx-evil: 1", false, false],
            ["\u0000", false, false],
            ["\u007f", false, false],
            ["\u0100", false, false],
            [" ", true, false],
            ["\t", true, false],
            ["é", true, false],
            ["\u00ff", true, false],
            ['"', true, false],
            ["~", true, true],
            ["", true, true]
          ] as const) {
            const given = Redacted.make(`${secret}${part}${secret}`)
            for (const [carrier, canStand] of [
              ["header", inHeader],
              ["Authorization", inAuthorization],
              [undefined, true]
            ] as const) {
              const read = yield* Effect.either(AuthFlow.credential("acme", "clientSecret", given, carrier))
              assert.strictEqual(Either.isRight(read), canStand, `${JSON.stringify(part)} in ${carrier}`)
              if (Either.isLeft(read)) {
                assert.strictEqual(read.left._tag, "Unauthorized")
                assert.include(read.left.message, '"clientSecret" has characters that no header can carry')
                assert.notInclude(inspect(read.left), secret)
              }
            }
          }
        })
    )

    it.effect("R4: to be interrupted is not to fail", () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(AuthFlow.credential("acme", "clientSecret", Effect.never))
        yield* Effect.yieldNow()
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      })
    )
  })

  describe("secretConfig", () => {
    it.effect("R16: is read afresh, from the provider of the layer", () =>
      Effect.gen(function* () {
        const values = new Map([["SECRET", "first"]])
        const current = (): ConfigProvider.ConfigProvider => ConfigProvider.fromMap(values)
        const provider = ConfigProvider.make({
          load: (config) => Effect.suspend(() => current().load(config)),
          flattened: current().flattened
        })
        const secret = yield* AuthFlow.secretConfig(Config.redacted("SECRET")).pipe(
          Effect.withConfigProvider(provider)
        )
        const credential = AuthFlow.credential("acme", "clientSecret", secret)
        assert.strictEqual(Redacted.value(yield* credential), "first")
        values.set("SECRET", "second")
        assert.strictEqual(Redacted.value(yield* credential), "second")
        values.delete("SECRET")
        // Missing and empty are one thing, when it is read again as when the layer is built.
        const missing = yield* Effect.flip(credential)
        assert.strictEqual(missing._tag, "Unauthorized")
        values.set("SECRET", " ")
        assert.strictEqual((yield* Effect.flip(credential)).message, missing.message)
      })
    )

    it.effect("R16: one that is missing fails at once", () =>
      Effect.gen(function* () {
        const exit = yield* AuthFlow.secretConfig(Config.redacted("SECRET")).pipe(
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
          Effect.exit
        )
        assert.isTrue(Exit.isFailure(exit))
      })
    )
  })

  describe("make", () => {
    const options: AuthFlow.Options = {
      provider: "acme",
      key: "acme-1",
      apiUrl: "https://API.acme.example:443/v1/",
      credential: Effect.succeed(Redacted.make("secret"))
    }

    for (const [option, over] of [
      ["origins", { origins: [] }],
      ["key", { key: "" }],
      ["key", { key: " " }],
      ["provider", { provider: "" }]
    ] as const) {
      it.effect(
        `Options: ${JSON.stringify(over)} is refused: no call would carry a token, or not its own`,
        () =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(AuthFlow.make({ ...options, ...over }))
            assert.deepInclude(error, { _tag: "InvalidOptions", option })
          })
      )
    }

    it.effect("R14: the origin of apiUrl is the only one, in its canonical form", () =>
      Effect.gen(function* () {
        const flow = yield* AuthFlow.make(options)
        assert.strictEqual(flow.apiUrl, "https://api.acme.example/v1")
        assert.deepStrictEqual(flow.origins, ["https://api.acme.example"])
      })
    )

    it.effect("R14: other origins replace it, each checked and canonical", () =>
      Effect.gen(function* () {
        const flow = yield* AuthFlow.make({
          ...options,
          origins: ["https://A.example:443/path", "https://b.example:8443", "https://bücher.example"]
        })
        assert.deepStrictEqual(flow.origins, [
          "https://a.example",
          "https://b.example:8443",
          "https://xn--bcher-kva.example"
        ])
      })
    )

    it.effect("R14: a URL or an origin that is not HTTPS fails, and names its option", () =>
      Effect.gen(function* () {
        const refused = (over: Partial<AuthFlow.Options>) =>
          Effect.map(Effect.flip(AuthFlow.make({ ...options, ...over })), (error) => error.option)
        assert.strictEqual(yield* refused({ apiUrl: "http://acme.example" }), "apiUrl")
        assert.strictEqual(yield* refused({ apiUrl: "nonsense" }), "apiUrl")
        assert.strictEqual(yield* refused({ origins: ["https://a.example", "http://b.example"] }), "origins")
        const insecure = yield* AuthFlow.make({
          ...options,
          apiUrl: "http://acme.example",
          dangerouslyAllowInsecureHttp: true
        })
        assert.deepStrictEqual(insecure.origins, ["http://acme.example"])
        const loopback = yield* AuthFlow.make({ ...options, apiUrl: "http://localhost:8080/v1" })
        assert.deepStrictEqual(loopback.origins, ["http://localhost:8080"])
      })
    )

    it.effect("R5: what an option leaves out is none; rotates is false; every token set is admitted", () =>
      Effect.gen(function* () {
        const flow = yield* AuthFlow.make(options)
        assert.isTrue(Option.isNone(flow.login))
        assert.isTrue(Option.isNone(flow.refresh))
        assert.isTrue(Option.isNone(flow.initialGrant))
        assert.isTrue(Option.isNone(flow.revoke))
        assert.isTrue(Option.isNone(flow.retry))
        assert.isFalse(flow.rotates)
        assert.strictEqual(flow.isTokenRejected, AuthFlow.isTokenRejected)
      })
    )

    it.effect("R5: what an option gives is kept", () =>
      Effect.gen(function* () {
        const login = () => Effect.never
        const refresh = () => Effect.never
        const retry = Schedule.recurs(1)
        const isTokenRejected = () => false
        const flow = yield* AuthFlow.make({
          ...options,
          login,
          refresh,
          retry,
          rotates: true,
          isTokenRejected
        })
        assert.strictEqual(Option.getOrUndefined(flow.login), login)
        assert.strictEqual(Option.getOrUndefined(flow.refresh), refresh)
        assert.strictEqual(Option.getOrUndefined(flow.retry), retry)
        assert.isTrue(flow.rotates)
        assert.strictEqual(flow.isTokenRejected, isTokenRejected)
      })
    )

    it.effect("R15: a flow prints no secret", () =>
      Effect.gen(function* () {
        const flow = yield* AuthFlow.make({
          ...options,
          credential: AuthFlow.credential("acme", "clientSecret", Redacted.make("hunter2-hunter2"))
        })
        for (const surface of [
          JSON.stringify(flow),
          inspect(flow, { depth: Number.POSITIVE_INFINITY, showHidden: true })
        ]) {
          assert.notInclude(surface, "hunter2")
        }
      })
    )
  })
})
