import type { AuthError } from "@latchkey/core/AuthError"
import type * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import { isToken68 } from "@latchkey/core/TokenSet"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as Wire from "../src/internal/wire.ts"

/** The sample credentials of seed 004. */
const options: Wire.LoginOptions = {
  tokenUrl: Wire.defaultTokenUrl,
  clientId: "kWmliLIrb79QfsF9r3vJE4xrKMcdcrrA",
  clientSecret: Redacted.make("7xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxg"),
  audience: Wire.defaultAudience
}

/** The sample answers of seed 004. */
const granted = {
  access_token: "exxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxQ",
  scope: "customer_club",
  expires_in: 86400,
  token_type: "Bearer"
}
const refused = { error: "access_denied", error_description: "Unauthorized" }

const call = Wire.login(options)
const sentAt = Date.UTC(2024, 8, 23, 18, 3, 10, 49)

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

const sentBody = ({ body }: HttpClientRequest.HttpClientRequest): unknown =>
  body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : body._tag

const left = <A>(result: Either.Either<A, AuthError>): AuthError => {
  if (Either.isRight(result)) {
    assert.fail("expected an error, got a token set")
  }
  return result.left
}

describe("the login's request", () => {
  it("seed 004: POST https://api-auth.autopay.io/oauth/token, JSON both ways", () => {
    assert.strictEqual(call.request.method, "POST")
    assert.strictEqual(call.request.url, "https://api-auth.autopay.io/oauth/token")
    assert.strictEqual(call.request.headers["content-type"], "application/json")
    assert.strictEqual(call.request.headers["accept"], "application/json")
  })

  it("seed 004: the body has the four mandatory parameters, and nothing else", () => {
    assert.deepStrictEqual(sentBody(call.request), {
      client_id: "kWmliLIrb79QfsF9r3vJE4xrKMcdcrrA",
      client_secret: "7xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxg",
      audience: "https://api.autopay.io",
      grant_type: "client_credentials"
    })
  })

  it("says what it is, and which secret no error may repeat", () => {
    assert.strictEqual(call.provider, "autopay")
    assert.strictEqual(call.operation, "login")
    assert.strictEqual(call.credential, "client")
    assert.deepStrictEqual(call.secrets, [options.clientSecret])
  })
})

describe("the login's answer", () => {
  it("seed 004: the example success response is a token set of 86400 seconds", () => {
    const tokens = Either.getOrThrow(login(granted))
    assert.strictEqual(Redacted.value(tokens.accessToken), "exxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxQ")
    assert.strictEqual(tokens.tokenType, "Bearer")
    assert.strictEqual(Option.getOrUndefined(tokens.scope), "customer_club")
    assert.strictEqual(tokens.issuedAt, sentAt)
    assert.strictEqual(tokens.expiresAt, sentAt + 86_400_000)
    assert.isTrue(Option.isNone(tokens.refreshToken))
  })

  it("R1: the lifetime is measured from the moment the request was sent", () => {
    const late = { ...answer(200, granted), receivedAt: sentAt + 15_000 }
    assert.strictEqual(Either.getOrThrow(Wire.readLogin(call, late)).expiresAt, sentAt + 86_400_000)
  })

  it("R1: a lifetime may be a numeric string", () => {
    assert.strictEqual(
      Either.getOrThrow(login({ ...granted, expires_in: "3600" })).expiresAt,
      sentAt + 3_600_000
    )
  })

  it("R1: a missing lifetime is the shortest that the seed names, 10 hours, and not forever", () => {
    const { expires_in: _, ...rest } = granted
    for (const body of [rest, { ...rest, expires_in: null }]) {
      assert.strictEqual(Either.getOrThrow(login(body)).expiresAt, sentAt + 36_000_000)
    }
  })

  for (const lifetime of [
    0,
    -1,
    Number.NaN,
    "NaN",
    "-3600",
    "",
    "soon",
    1e18,
    "1e18",
    Infinity,
    true,
    [3600],
    {}
  ]) {
    it(`R1: a lifetime of ${inspect(lifetime)} is InvalidResponse`, () => {
      assert.strictEqual(left(login({ ...granted, expires_in: lifetime }))._tag, "InvalidResponse")
    })
  }

  it("is read tolerantly: unknown fields, no scope, no token_type, a token_type in lower case", () => {
    for (const body of [
      { ...granted, expries_in: 1, id_token: {} },
      { access_token: granted.access_token, expires_in: 86400 },
      { ...granted, scope: null, token_type: null },
      { ...granted, token_type: "bearer" }
    ]) {
      const tokens = Either.getOrThrow(login(body))
      assert.strictEqual(tokens.tokenType, "Bearer")
      assert.strictEqual(tokens.expiresAt, sentAt + 86_400_000)
    }
  })

  const unusable: ReadonlyArray<readonly [name: string, body: unknown]> = [
    ["no JSON", undefined],
    ["null", null],
    ["a string", "exxx"],
    ["an array", [granted]],
    ["an empty object", {}],
    ["no access_token", { ...granted, access_token: undefined }],
    ["an access_token that is null", { ...granted, access_token: null }],
    ["an access_token that is a number", { ...granted, access_token: 7 }],
    ["an empty access_token", { ...granted, access_token: "" }],
    ["an access_token with a line break (R14)", { ...granted, access_token: "e\r\nx-evil: 1" }],
    ["an access_token with a blank (R14)", { ...granted, access_token: "e x" }],
    ["an access_token beyond ASCII (R14)", { ...granted, access_token: "e\u00e9" }],
    ["a token_type that is no scheme", { ...granted, token_type: "Bearer x:" }],
    ["a token_type of DPoP (RFC 6749, 7.1)", { ...granted, token_type: "DPoP" }],
    ["a token_type of mac (RFC 6749, 7.1)", { ...granted, token_type: "mac" }],
    ["a token_type of Basic (RFC 6749, 7.1)", { ...granted, token_type: "Basic" }],
    ["a token_type of no length (RFC 6749, 7.1)", { ...granted, token_type: "" }],
    ["a lifetime in milliseconds", { ...granted, expires_in: 36_000_000 }],
    ["a token_type that is a number", { ...granted, token_type: 1 }]
  ]
  for (const [name, body] of unusable) {
    it(`200 with ${name} is InvalidResponse, which repeats none of it`, () => {
      const error = left(login(body))
      assert.strictEqual(error._tag, "InvalidResponse")
      assert.strictEqual(error.status, 200)
      assert.notInclude(inspect(error), "exxx")
    })
  }
})

describe("the login's refusals", () => {
  it("seed 004: the example error response, wrong client_id or client_secret, is AccessDenied", () => {
    const error = left(login(refused, 401))
    assert.strictEqual(error._tag, "AccessDenied")
    assert.deepInclude(error, {
      provider: "autopay",
      operation: "login",
      status: 401,
      code: "access_denied",
      endpoint: "POST https://api-auth.autopay.io/oauth/token"
    })
    assert.isFalse(error.isRetryable)
    assert.include(error.message, 'check "clientId" and "clientSecret"')
  })

  it("a 403 with the same code is a missing permission, and says whom to ask", () => {
    assert.include(left(login(refused, 403)).message, "ask the provider to enable this access")
  })

  const table: ReadonlyArray<readonly [status: number, body: unknown, tag: AuthError["_tag"]]> = [
    [200, refused, "AccessDenied"],
    [302, undefined, "InvalidResponse"],
    [400, { error: "invalid_request" }, "InvalidResponse"],
    [400, { error: "invalid_client" }, "Unauthorized"],
    [400, { error: "invalid_grant" }, "Unauthorized"],
    [400, { error: "invalid_scope" }, "AccessDenied"],
    [400, { error: "unauthorized_client" }, "AccessDenied"],
    [401, undefined, "Unauthorized"],
    [401, { error: "invalid_client" }, "Unauthorized"],
    [401, { error: 7 }, "Unauthorized"],
    [403, undefined, "AccessDenied"],
    [404, undefined, "InvalidResponse"],
    [408, undefined, "Unavailable"],
    [429, refused, "RateLimited"],
    [500, refused, "Unavailable"],
    [503, undefined, "Unavailable"]
  ]
  for (const [status, body, tag] of table) {
    it(`${status} ${JSON.stringify(body) ?? "without JSON"} is ${tag}`, () => {
      const error = left(login(body, status))
      assert.strictEqual(error._tag, tag)
      assert.strictEqual(error.status, status)
    })
  }

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
    const secret = Redacted.value(options.clientSecret)
    assert.strictEqual(left(login(refused, 401, { "x-request-id": "req-1" })).requestId, "req-1")
    for (const code of [secret, `wrong_${secret}`, "a sentence", "x".repeat(200), { secret }]) {
      const error = left(login({ error: code, error_description: secret }, 401, { "x-request-id": secret }))
      assert.isUndefined(error.code)
      assert.isUndefined(error.requestId)
      assert.notInclude(inspect(error), secret)
      assert.notInclude(JSON.stringify(error), secret)
    }
  })
})

describe("every answer", () => {
  const anyBody = FastCheck.oneof(
    FastCheck.jsonValue(),
    FastCheck.record(
      {
        access_token: FastCheck.oneof(
          FastCheck.string(),
          FastCheck.base64String({ minLength: 4 }),
          FastCheck.jsonValue()
        ),
        expires_in: FastCheck.oneof(FastCheck.double(), FastCheck.integer(), FastCheck.jsonValue()),
        token_type: FastCheck.oneof(FastCheck.constantFrom("Bearer", "bearer", "mac"), FastCheck.jsonValue()),
        scope: FastCheck.oneof(FastCheck.string(), FastCheck.jsonValue()),
        error: FastCheck.oneof(
          FastCheck.constantFrom("access_denied", "invalid_client"),
          FastCheck.jsonValue()
        )
      },
      { requiredKeys: [] }
    )
  )

  it.prop(
    "R1, R14: is a token set that can be sent and ends after it began, or a typed error",
    {
      body: anyBody,
      status: FastCheck.oneof(FastCheck.constant(200), FastCheck.integer({ min: 100, max: 599 }))
    },
    ({ body, status }) => {
      const result = login(body, status)
      if (Either.isRight(result)) {
        const { accessToken, expiresAt, issuedAt } = result.right
        assert.isTrue(isToken68(Redacted.value(accessToken)))
        assert.isTrue(expiresAt > issuedAt && expiresAt <= 8.64e15)
        assert.isTrue(status >= 200 && status < 300)
      } else {
        assert.strictEqual(result.left.provider, "autopay")
        assert.strictEqual(result.left.status, status)
      }
    },
    { fastCheck: { numRuns: 500 } }
  )
})
