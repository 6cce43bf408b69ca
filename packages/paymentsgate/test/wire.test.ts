import type { AuthError } from "@latchkey/core/AuthError"
import type * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import { isToken68 } from "@latchkey/core/TokenSet"
import { Arbitraries } from "@latchkey/testing"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as Wire from "../src/internal/wire.ts"

/** The samples of seed 003. */
const accessToken = Redacted.make("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")
const refreshToken = Redacted.make("8xLOxBatCN8fDrMHtkX1uDgeHxWxhoJDl")
const granted = {
  access_token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.new",
  refresh_token: "8xLOxBatCN8fDrMHtkX1uDgeHxWxhoJDl.new",
  expires_in: 3600
}

const baseUrl = Wire.defaultBaseUrl
const call = Wire.refresh({ baseUrl, refreshToken, accessToken: Option.some(accessToken) })
const loginCall = Wire.login({ baseUrl, accountId: "acc-1", publicKey: Redacted.make("pub-s3cret") })
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

const refresh = (body: unknown, status = 200) => Wire.readRefresh(call, answer(status, body))
const login = (body: unknown, status = 200) => Wire.readLogin(loginCall, answer(status, body))

const sentBody = ({ body }: HttpClientRequest.HttpClientRequest): unknown =>
  body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : body._tag

const left = <A>(result: Either.Either<A, AuthError>): AuthError => {
  if (Either.isRight(result)) {
    assert.fail("expected an error, got a token set")
  }
  return result.left
}

describe("the refresh's request", () => {
  it("seed 003: POST /auth/token/refresh with the access token as Bearer and the refresh token in the body", () => {
    assert.strictEqual(call.request.method, "POST")
    assert.strictEqual(call.request.url, "https://secure.sandbox.paymentsgate.io/auth/token/refresh")
    assert.strictEqual(call.request.headers["content-type"], "application/json")
    assert.strictEqual(call.request.headers["authorization"], "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")
    assert.deepStrictEqual(sentBody(call.request), { refresh_token: "8xLOxBatCN8fDrMHtkX1uDgeHxWxhoJDl" })
  })

  it("has no Authorization header where no access token is known", () => {
    const { request, secrets } = Wire.refresh({ baseUrl, refreshToken, accessToken: Option.none() })
    assert.isUndefined(request.headers["authorization"])
    assert.deepStrictEqual(secrets.map(Redacted.value), [Redacted.value(refreshToken)])
  })

  it("says what it is, and which secrets no error may repeat", () => {
    assert.deepInclude(call, { provider: "paymentsgate", operation: "refresh", credential: "refresh_token" })
    assert.deepStrictEqual(
      call.secrets.map(Redacted.value),
      [refreshToken, accessToken].map((secret) => Redacted.value(secret))
    )
  })
})

describe("the login's request (unverified)", () => {
  it("POST /auth/token with account_id and public_key", () => {
    assert.strictEqual(loginCall.request.url, "https://secure.sandbox.paymentsgate.io/auth/token")
    assert.deepStrictEqual(sentBody(loginCall.request), { account_id: "acc-1", public_key: "pub-s3cret" })
    assert.isUndefined(loginCall.request.headers["authorization"])
    assert.deepInclude(loginCall, { operation: "login", credential: "client" })
    assert.deepStrictEqual(loginCall.secrets.map(Redacted.value), ["pub-s3cret"])
  })

  it("asks for JSON, as the refresh does", () => {
    for (const { request } of [loginCall, call]) {
      assert.strictEqual(request.headers["accept"], "application/json")
    }
  })
})

describe("an answer", () => {
  it("seed 003: the example response is a pair, without token_type, of 3600 seconds", () => {
    for (const read of [refresh, login]) {
      const tokens = Either.getOrThrow(read(granted))
      assert.strictEqual(Redacted.value(tokens.accessToken), granted.access_token)
      assert.strictEqual(tokens.tokenType, "Bearer")
      assert.strictEqual(tokens.issuedAt, sentAt)
      assert.strictEqual(tokens.expiresAt, sentAt + 3_600_000)
      const brought = Option.getOrThrow(tokens.refreshToken)
      assert.strictEqual(Redacted.value(brought.value), granted.refresh_token)
      assert.isTrue(Option.isNone(brought.expiresAt))
    }
  })

  it('seed 003: a refresh brings "a new pair": an access token alone is InvalidResponse', () => {
    for (const refreshToken of [undefined, null, "", 7]) {
      const error = left(refresh({ ...granted, refresh_token: refreshToken }))
      assert.strictEqual(error._tag, "InvalidResponse")
      assert.notInclude(inspect(error), "eyJ")
    }
  })

  it("a login may bring none", () => {
    for (const refreshToken of [undefined, null]) {
      const tokens = Either.getOrThrow(login({ ...granted, refresh_token: refreshToken }))
      assert.isTrue(Option.isNone(tokens.refreshToken))
    }
  })

  it("R1: a missing lifetime is an hour, and not for ever; a numeric string is one", () => {
    for (const lifetime of [undefined, null, "3600"]) {
      const tokens = Either.getOrThrow(refresh({ ...granted, expires_in: lifetime }))
      assert.strictEqual(tokens.expiresAt, sentAt + 3_600_000)
    }
  })

  for (const lifetime of [0, -1, "NaN", "-3600", "", 1e18, Infinity, true, [3600]]) {
    it(`R1: a lifetime of ${inspect(lifetime)} is InvalidResponse`, () => {
      assert.strictEqual(left(refresh({ ...granted, expires_in: lifetime }))._tag, "InvalidResponse")
    })
  }

  for (const [name, body] of [
    ["no JSON", undefined],
    ["an array", [granted]],
    ["no access_token", { ...granted, access_token: undefined }],
    ["an access_token that is a number", { ...granted, access_token: 7 }],
    ["an access_token with a line break (R14)", { ...granted, access_token: "eyJ\r\nx-evil: 1" }],
    ["a token_type of DPoP (RFC 6749, 7.1)", { ...granted, token_type: "DPoP" }],
    ["a token_type of mac (RFC 6749, 7.1)", { ...granted, token_type: "mac" }],
    ["a token_type of Basic (RFC 6749, 7.1)", { ...granted, token_type: "Basic" }],
    ["a token_type of no length (RFC 6749, 7.1)", { ...granted, token_type: "" }],
    ["a lifetime in milliseconds", { ...granted, expires_in: 3_600_000 }]
  ] as const) {
    it(`200 with ${name} is InvalidResponse, which repeats none of it`, () => {
      const error = left(refresh(body))
      assert.strictEqual(error._tag, "InvalidResponse")
      assert.notInclude(inspect(error), "eyJ")
      assert.notInclude(inspect(error), "8xLO")
    })
  }
})

describe("a refusal", () => {
  for (const [status, body, ofRefresh, ofLogin] of [
    [302, undefined, "InvalidResponse", "InvalidResponse"],
    [200, { error: "invalid_grant" }, "Expired", "Unauthorized"],
    [400, undefined, "InvalidResponse", "InvalidResponse"],
    [401, { statusCode: 401, message: "Unauthorized" }, "Unauthorized", "Unauthorized"],
    [401, { error: "invalid_grant" }, "Expired", "Unauthorized"],
    [403, undefined, "AccessDenied", "AccessDenied"],
    [404, undefined, "InvalidResponse", "InvalidResponse"],
    [422, undefined, "InvalidResponse", "InvalidResponse"],
    [429, undefined, "RateLimited", "RateLimited"],
    [500, undefined, "Unavailable", "Unavailable"],
    [503, undefined, "Unavailable", "Unavailable"]
  ] as const) {
    it(`${status} ${JSON.stringify(body) ?? "without a word"} is ${ofRefresh}, and to a login ${ofLogin}`, () => {
      assert.strictEqual(left(refresh(body, status))._tag, ofRefresh)
      assert.strictEqual(left(login(body, status))._tag, ofLogin)
    })
  }

  it("a code stands in error, and wins over the status", () => {
    for (const read of [refresh, login]) {
      assert.deepInclude(left(read({ error: "access_denied" }, 401)), {
        _tag: "AccessDenied",
        code: "access_denied"
      })
      assert.deepInclude(left(read({ error: "invalid_client" }, 200)), { _tag: "Unauthorized", status: 200 })
    }
  })

  it("R15: an error repeats none of the tokens", () => {
    for (const secret of [accessToken, refreshToken].map((secret) => Redacted.value(secret))) {
      const error = left(refresh({ error: secret, message: secret }, 401))
      assert.notInclude(inspect(error), secret)
      assert.notInclude(JSON.stringify(error), secret)
    }
  })
})

describe("every answer", () => {
  it.prop(
    "R1, R7, R14: is a token set that can be sent, of a refresh with a refresh token, or a typed error",
    {
      body: Arbitraries.json,
      status: FastCheck.oneof(FastCheck.constant(200), FastCheck.integer({ min: 100, max: 599 }))
    },
    ({ body, status }) => {
      for (const read of [refresh, login]) {
        const result = read(body, status)
        if (Either.isRight(result)) {
          const { accessToken, expiresAt, issuedAt, refreshToken } = result.right
          assert.isTrue(isToken68(Redacted.value(accessToken)))
          assert.isTrue(expiresAt > issuedAt && expiresAt <= 8.64e15)
          assert.isTrue(Option.isSome(refreshToken) || read === login)
        } else {
          assert.strictEqual(result.left.provider, "paymentsgate")
          assert.strictEqual(result.left.status, status)
        }
      }
    },
    { fastCheck: { numRuns: 500 } }
  )
})
