import type { AuthError } from "@latchkey/core/AuthError"
import type * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import { isToken68 } from "@latchkey/core/TokenSet"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as Wire from "../src/internal/wire.ts"

/** The shape of seed 000's samples, whose secrets and tokens are dots. */
const options: Wire.LoginOptions = {
  baseUrl: "https://api.vaultspay.example",
  clientId: "<your_client_id>",
  clientSecret: Redacted.make("<your_client_secret>")
}
const granted = {
  accessToken: "...",
  accessTokenExpiry: "2024-09-23T18:33:10.049+00:00",
  refreshToken: "...",
  refreshTokenExpiry: "2024-09-28T08:33:10.047+00:00"
}
const refreshed = { data: { accessToken: "...", accessTokenExpiry: "2024-09-23T18:33:10.049+00:00" } }

const call = Wire.login(options)
const refreshToken = Redacted.make("a-refresh-token")
const refreshCall = Wire.refresh({ baseUrl: options.baseUrl, refreshToken })

/** Half an hour before the samples' access token expires. */
const sentAt = Date.UTC(2024, 8, 23, 18, 3, 10, 49)
const expiresAt = sentAt + 1_800_000

const answer = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
): TokenEndpoint.Answer => ({
  status,
  headers: Headers.fromInput(headers),
  body: Option.fromNullable(body),
  sentAt,
  receivedAt: sentAt + 40,
  serverDate: undefined
})

const login = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Wire.readLogin(call, answer(status, body, headers))

const refresh = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Wire.readRefresh(refreshCall, answer(status, body, headers))

type Read = ReturnType<typeof login>

const sentBody = ({ body }: HttpClientRequest.HttpClientRequest): unknown =>
  body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : body._tag

const left = <A>(result: Either.Either<A, AuthError>): AuthError => {
  if (Either.isRight(result)) {
    assert.fail("expected an error, got a token set")
  }
  return result.left
}

describe("the login's request", () => {
  it("seed 000: POST {baseUrl}/as/api/v1/saas-login, JSON both ways", () => {
    assert.strictEqual(call.request.method, "POST")
    assert.strictEqual(call.request.url, "https://api.vaultspay.example/as/api/v1/saas-login")
    assert.strictEqual(call.request.headers["content-type"], "application/json")
    assert.strictEqual(call.request.headers["accept"], "application/json")
  })

  it("seed 000: the body has clientId and clientSecret, and nothing else", () => {
    assert.deepStrictEqual(sentBody(call.request), {
      clientId: "<your_client_id>",
      clientSecret: "<your_client_secret>"
    })
  })

  it("says what it is, and which secret no error may repeat", () => {
    assert.strictEqual(call.provider, "vaultspay")
    assert.strictEqual(call.operation, "login")
    assert.strictEqual(call.credential, "client")
    assert.deepStrictEqual(call.secrets, [options.clientSecret])
  })
})

describe("the refresh's request", () => {
  it("seed 000: POST {baseUrl}/as/api/v1/saas-refresh-token, JSON both ways", () => {
    assert.strictEqual(refreshCall.request.method, "POST")
    assert.strictEqual(refreshCall.request.url, "https://api.vaultspay.example/as/api/v1/saas-refresh-token")
    assert.strictEqual(refreshCall.request.headers["content-type"], "application/json")
    assert.strictEqual(refreshCall.request.headers["accept"], "application/json")
    assert.isUndefined(refreshCall.request.headers["authorization"])
  })

  it("seed 000: the body has the refreshToken, and nothing else", () => {
    assert.deepStrictEqual(sentBody(refreshCall.request), { refreshToken: "a-refresh-token" })
  })

  it("says what it is, and which secret no error may repeat", () => {
    assert.strictEqual(refreshCall.provider, "vaultspay")
    assert.strictEqual(refreshCall.operation, "refresh")
    assert.strictEqual(refreshCall.credential, "refresh_token")
    assert.deepStrictEqual(refreshCall.secrets, [refreshToken])
  })
})

describe("the answers", () => {
  it("seed 000: the login's 200 is an access token and a refresh token, each with its end", () => {
    const tokens = Either.getOrThrow(login(granted))
    assert.strictEqual(Redacted.value(tokens.accessToken), "...")
    assert.strictEqual(tokens.tokenType, "Bearer")
    assert.strictEqual(tokens.issuedAt, sentAt)
    assert.strictEqual(tokens.expiresAt, expiresAt)
    const kept = Option.getOrThrow(tokens.refreshToken)
    assert.strictEqual(Redacted.value(kept.value), "...")
    assert.strictEqual(Option.getOrUndefined(kept.expiresAt), Date.UTC(2024, 8, 28, 8, 33, 10, 47))
  })

  it("seed 000: the refresh's 200 stands inside of data and brings no refresh token", () => {
    const tokens = Either.getOrThrow(refresh(refreshed))
    assert.strictEqual(Redacted.value(tokens.accessToken), "...")
    assert.strictEqual(tokens.expiresAt, expiresAt)
    assert.isTrue(Option.isNone(tokens.refreshToken))
  })

  it("both shapes are read on both endpoints", () => {
    const equal = (one: Read, other: Read) =>
      assert.isTrue(Equal.equals(Either.getOrThrow(one), Either.getOrThrow(other)))
    equal(refresh(refreshed.data), refresh(refreshed))
    equal(login({ data: granted }), login(granted))
  })

  const timestamps: ReadonlyArray<readonly [name: string, expiry: unknown]> = [
    ["+00:00, as in seed 000", "2024-09-23T18:33:10.049+00:00"],
    ["Z", "2024-09-23T18:33:10.049Z"],
    ["another offset", "2024-09-23T22:33:10.049+04:00"],
    ["an offset without a colon", "2024-09-23T18:33:10.049+0000"],
    ["microseconds", "2024-09-23T18:33:10.049000+00:00"],
    ["epoch seconds", expiresAt / 1000],
    ["epoch milliseconds", expiresAt],
    ["epoch milliseconds in a string", String(expiresAt)]
  ]
  for (const [name, accessTokenExpiry] of timestamps) {
    it(`R1: a timestamp with ${name}`, () => {
      assert.strictEqual(Either.getOrThrow(login({ ...granted, accessTokenExpiry })).expiresAt, expiresAt)
    })
  }

  it("R1: a Date header that disagrees by more than 1 s corrects both timestamps", () => {
    const ahead = 600_000
    const skewed = { ...answer(200, granted), serverDate: sentAt + ahead }
    const tokens = Either.getOrThrow(Wire.readLogin(call, skewed))
    assert.strictEqual(tokens.expiresAt, expiresAt - ahead)
    assert.strictEqual(
      Option.getOrUndefined(Option.getOrThrow(tokens.refreshToken).expiresAt),
      Date.UTC(2024, 8, 28, 8, 33, 10, 47) - ahead
    )
  })

  it("R1: a missing expiry is the shortest that the seed names, 5 minutes, and not forever", () => {
    const { accessTokenExpiry: _, ...rest } = granted
    for (const body of [rest, { ...rest, accessTokenExpiry: null }]) {
      assert.strictEqual(Either.getOrThrow(login(body)).expiresAt, sentAt + 300_000)
    }
  })

  for (const expiry of [
    0,
    -1,
    Number.NaN,
    "NaN",
    "-3600",
    "3600",
    "",
    "soon",
    1e18,
    "1e18",
    Infinity,
    true,
    [expiresAt],
    {},
    "2024-09-23T18:03:10.049+00:00",
    "2024-09-23T18:33:10.049",
    "2024-13-45T18:33:10.049Z",
    "2024-09-24"
  ]) {
    it(`R1: an accessTokenExpiry of ${inspect(expiry)} is InvalidResponse`, () => {
      assert.strictEqual(left(login({ ...granted, accessTokenExpiry: expiry }))._tag, "InvalidResponse")
    })
  }

  for (const expiry of [undefined, null, "soon", Number.NaN, {}]) {
    it(`a refreshTokenExpiry of ${inspect(expiry)} is unknown: the refresh token lives until it is refused`, () => {
      const tokens = Either.getOrThrow(login({ ...granted, refreshTokenExpiry: expiry }))
      assert.isTrue(Option.isNone(Option.getOrThrow(tokens.refreshToken).expiresAt))
    })
  }

  it("is read tolerantly: unknown fields, and a login without a refresh token", () => {
    for (const body of [
      { ...granted, status: "SUCCESS", user: {} },
      { status: 200, message: null, data: { ...granted, extra: 1 } }
    ]) {
      assert.isTrue(Option.isSome(Either.getOrThrow(login(body)).refreshToken))
    }
    for (const body of [refreshed.data, { ...granted, refreshToken: null }]) {
      assert.isTrue(Option.isNone(Either.getOrThrow(login(body)).refreshToken))
    }
  })

  const unusable: ReadonlyArray<readonly [name: string, body: unknown]> = [
    ["no JSON", undefined],
    ["null", null],
    ["a string", "exxx"],
    ["an array", [granted]],
    ["an empty object", {}],
    ["an empty data", { data: {} }],
    ["data that is null", { data: null }],
    ["data that is a list", { data: [granted] }],
    ["no accessToken", { ...granted, accessToken: undefined }],
    ["an accessToken that is null", { ...granted, accessToken: null }],
    ["an accessToken that is a number", { ...granted, accessToken: 7 }],
    ["an empty accessToken", { ...granted, accessToken: "" }],
    ["an accessToken with a line break (R14)", { ...granted, accessToken: "exxx\r\nx-evil: 1" }],
    ["an accessToken with a blank (R14)", { ...granted, accessToken: "exxx x" }],
    ["an accessToken beyond ASCII (R14)", { ...granted, accessToken: "exxx\u00e9" }],
    ["a refreshToken that is a number", { ...granted, refreshToken: 7 }]
  ]
  for (const [name, body] of unusable) {
    it(`200 with ${name} is InvalidResponse, which repeats none of it`, () => {
      for (const error of [left(login(body)), left(refresh(body))]) {
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.strictEqual(error.status, 200)
        assert.notInclude(inspect(error), "exxx")
      }
    })
  }
})

it("an empty refreshToken is none", () => {
  for (const tokens of [login({ ...granted, refreshToken: "" }), refresh({ ...granted, refreshToken: "" })]) {
    assert.isTrue(Option.isNone(Either.getOrThrow(tokens).refreshToken))
  }
})

describe("the refusals", () => {
  it("an error that is an object gives its code and its request id", () => {
    for (const read of [login, refresh]) {
      const error = left(read({ error: { code: "invalid_client", request_id: "req-7" } }, 401))
      assert.deepInclude(error, { _tag: "Unauthorized", code: "invalid_client", requestId: "req-7" })
      const bare = left(read({ error: {} }, 403))
      assert.isUndefined(bare.code)
      assert.isUndefined(bare.requestId)
    }
  })

  it("a code stands in error, or in code", () => {
    assert.strictEqual(left(login({ error: "E1", code: "E2" }, 403)).code, "E1")
    assert.strictEqual(left(login({ code: "E2" }, 403)).code, "E2")
    assert.isUndefined(left(login({ error: null, code: "E2" }, 403)).code)
  })

  const table: ReadonlyArray<
    readonly [status: number, body: unknown, atLogin: AuthError["_tag"], atRefresh: AuthError["_tag"]]
  > = [
    [200, { error: "invalid_grant" }, "Unauthorized", "Expired"],
    [200, { message: "Invalid client credentials" }, "InvalidResponse", "InvalidResponse"],
    [302, undefined, "InvalidResponse", "InvalidResponse"],
    [400, { message: "bad" }, "InvalidResponse", "InvalidResponse"],
    [400, { error: "invalid_request" }, "InvalidResponse", "InvalidResponse"],
    [400, { code: "invalid_client" }, "Unauthorized", "Unauthorized"],
    [401, undefined, "Unauthorized", "Unauthorized"],
    [401, { message: "Refresh token expired" }, "Unauthorized", "Unauthorized"],
    [401, { error: "invalid_grant" }, "Unauthorized", "Expired"],
    [401, { error: 7 }, "Unauthorized", "Unauthorized"],
    [401, { error: "access_denied" }, "AccessDenied", "AccessDenied"],
    [403, undefined, "AccessDenied", "AccessDenied"],
    [404, undefined, "InvalidResponse", "InvalidResponse"],
    [408, undefined, "Unavailable", "Unavailable"],
    [429, granted, "RateLimited", "RateLimited"],
    [500, granted, "Unavailable", "Unavailable"],
    [503, undefined, "Unavailable", "Unavailable"]
  ]
  for (const [status, body, atLogin, atRefresh] of table) {
    it(`${status} ${JSON.stringify(body) ?? "without JSON"} is ${atLogin} at the login, ${atRefresh} at the refresh`, () => {
      for (const [error, tag, operation, path] of [
        [left(login(body, status)), atLogin, "login", "saas-login"],
        [left(refresh(body, status)), atRefresh, "refresh", "saas-refresh-token"]
      ] as const) {
        assert.strictEqual(error._tag, tag)
        assert.deepInclude(error, {
          provider: "vaultspay",
          operation,
          status,
          endpoint: `POST https://api.vaultspay.example/as/api/v1/${path}`
        })
      }
    })
  }

  it("Expired names the refresh token", () => {
    const error = left(refresh({ error: "invalid_grant" }, 400))
    assert.strictEqual(error._tag === "Expired" && error.credential, "refresh_token")
    assert.isFalse(error.isRetryable)
  })

  for (const [name, header] of [
    ["seconds", "120"],
    ["a date", new Date(sentAt + 40 + 120_000 - ((sentAt + 40) % 1000)).toUTCString()]
  ] as const) {
    for (const status of [429, 503]) {
      it(`R11: ${status} carries a Retry-After of ${name}`, () => {
        const error = left(login(undefined, status, { "retry-after": header }))
        if (error._tag !== "RateLimited" && error._tag !== "Unavailable") {
          assert.fail(error._tag)
        }
        const expected = name === "seconds" ? sentAt + 40 + 120_000 : Date.parse(header)
        assert.strictEqual(error.retryAfter && DateTime.toEpochMillis(error.retryAfter), expected)
      })
    }
  }

  it("R15: an error keeps the request id, and a code only if it is short, plain and no secret", () => {
    assert.strictEqual(left(login(undefined, 401, { "x-request-id": "req-1" })).requestId, "req-1")
    assert.strictEqual(left(login({ code: "AUTH-17" }, 401)).code, "AUTH-17")
    const secret = Redacted.value(refreshToken)
    for (const code of [secret, `wrong_${secret}`, "a sentence", "x".repeat(200), { secret }]) {
      const error = left(refresh({ error: code, message: secret }, 401, { "x-request-id": secret }))
      assert.isUndefined(error.code)
      assert.isUndefined(error.requestId)
      assert.notInclude(inspect(error), secret)
      assert.notInclude(JSON.stringify(error), secret)
    }
  })
})

describe("every answer", () => {
  const anyToken = FastCheck.oneof(
    FastCheck.string(),
    FastCheck.base64String({ minLength: 4 }),
    FastCheck.jsonValue()
  )
  const anyExpiry = FastCheck.oneof(
    FastCheck.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    FastCheck.double(),
    FastCheck.jsonValue()
  )
  const anyTokens = FastCheck.record(
    {
      accessToken: anyToken,
      accessTokenExpiry: anyExpiry,
      refreshToken: anyToken,
      refreshTokenExpiry: anyExpiry,
      error: FastCheck.oneof(FastCheck.constantFrom("access_denied", "invalid_grant"), FastCheck.jsonValue())
    },
    { requiredKeys: [] }
  )
  const anyBody = FastCheck.oneof(
    FastCheck.jsonValue(),
    anyTokens,
    anyTokens.map((data) => ({ data }))
  )

  it.prop(
    "R1, R14: is a token set that can be sent and ends after it began, or a typed error",
    {
      body: anyBody,
      status: FastCheck.oneof(FastCheck.constant(200), FastCheck.integer({ min: 100, max: 599 }))
    },
    ({ body, status }) => {
      for (const result of [login(body, status), refresh(body, status)]) {
        if (Either.isRight(result)) {
          const { accessToken, expiresAt, issuedAt } = result.right
          assert.isTrue(isToken68(Redacted.value(accessToken)))
          assert.isTrue(expiresAt > issuedAt && expiresAt <= 8.64e15)
          assert.isTrue(status >= 200 && status < 300)
        } else {
          assert.strictEqual(result.left.provider, "vaultspay")
          assert.strictEqual(result.left.status, status)
        }
      }
    },
    { fastCheck: { numRuns: 500 } }
  )
})
