import type { AuthError } from "@latchkey/core/AuthError"
import type * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import { isToken68 } from "@latchkey/core/TokenSet"
import { Arbitraries } from "@latchkey/testing"
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

/** The samples of seed 001. */
const refreshToken = Redacted.make("eyJraWQiOiJmODAyNjg0OC1mNTJkLTRmY")
const granted = {
  access_token: "eyJraWQiOiJmODAyNjg0OC1mNTJkLTRmY",
  token_type: "Bearer",
  refresh_token: "eyJraWQiOiJmFGGghrwghhnEGFGrehrnjdf7653kFZ_uusa3WYE",
  scope: "accounts:create accounts:read ... withdraw_other_account:show",
  expires_in: 86400,
  user_id: "usr:b06d9aaa-4310-4c0d-9e5343c1b35"
}
const expired = {
  status: "UNAUTHORIZED",
  message: "The Token has expired on 2025-01-01T00:00:00.000Z",
  traceId: "TraceId unavailable",
  errors: []
}

const call = Wire.refresh({ tokenUrl: Wire.defaultTokenUrl, refreshToken })
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

const refresh = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Wire.readRefresh(call, answer(status, body, headers))

const sentBody = ({ body }: HttpClientRequest.HttpClientRequest): unknown =>
  body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : body._tag

const left = <A>(result: Either.Either<A, AuthError>): AuthError => {
  if (Either.isRight(result)) {
    assert.fail("expected an error, got a token set")
  }
  return result.left
}

describe("the refresh's request", () => {
  it("seed 001: POST https://api.vault.ist/v2.0/reference/gettoken, JSON both ways", () => {
    assert.strictEqual(call.request.method, "POST")
    assert.strictEqual(call.request.url, "https://api.vault.ist/v2.0/reference/gettoken")
    assert.strictEqual(call.request.headers["content-type"], "application/json")
    assert.strictEqual(call.request.headers["accept"], "application/json")
    assert.isUndefined(call.request.headers["authorization"])
  })

  it("seed 001: the body is the example request body", () => {
    assert.deepStrictEqual(sentBody(call.request), {
      grant_type: "refresh_token",
      refresh_token: "eyJraWQiOiJmODAyNjg0OC1mNTJkLTRmY"
    })
  })

  it("says what it is, and which secret no error may repeat", () => {
    assert.deepInclude(call, { provider: "vault-ist", operation: "refresh", credential: "refresh_token" })
    assert.deepStrictEqual(call.secrets.map(Redacted.value), [Redacted.value(refreshToken)])
  })
})

describe("the login's request (unverified)", () => {
  it("client_credentials and password, as RFC 6749 names their parameters", () => {
    const login = (grant: Wire.LoginOptions["grant"]) =>
      Wire.login({ tokenUrl: Wire.defaultTokenUrl, grant, secret: Redacted.make("s3cret") })
    assert.deepStrictEqual(sentBody(login({ grantType: "client_credentials", clientId: "me" }).request), {
      grant_type: "client_credentials",
      client_id: "me",
      client_secret: "s3cret"
    })
    const password = login({ grantType: "password", username: "ada" })
    assert.deepStrictEqual(sentBody(password.request), {
      grant_type: "password",
      username: "ada",
      password: "s3cret"
    })
    assert.deepInclude(password, { operation: "login", credential: "client" })
    assert.deepStrictEqual(password.secrets.map(Redacted.value), ["s3cret"])
  })
})

describe("the refresh's answer", () => {
  it("seed 001: the example response is a token set of 86400 seconds with a new refresh token", () => {
    const tokens = Either.getOrThrow(refresh(granted))
    assert.strictEqual(Redacted.value(tokens.accessToken), granted.access_token)
    assert.strictEqual(tokens.tokenType, "Bearer")
    assert.strictEqual(tokens.issuedAt, sentAt)
    assert.strictEqual(tokens.expiresAt, sentAt + 86_400_000)
    const brought = Option.getOrThrow(tokens.refreshToken)
    assert.strictEqual(Redacted.value(brought.value), granted.refresh_token)
    assert.isTrue(Option.isNone(brought.expiresAt))
    assert.strictEqual(Option.getOrUndefined(tokens.scope), granted.scope)
  })

  it("seed 001: user_id is opaque: the sample is no UUID, and anything else is as good", () => {
    for (const userId of [undefined, null, 7, "", { id: 1 }]) {
      assert.isTrue(Either.isRight(refresh({ ...granted, user_id: userId })))
    }
  })

  it("is read tolerantly: unknown fields, no scope, no token_type, no refresh token", () => {
    for (const body of [
      { ...granted, id_token: {} },
      { access_token: granted.access_token, expires_in: "86400" },
      { ...granted, scope: null, token_type: null, refresh_token: null },
      { ...granted, token_type: "bearer" }
    ]) {
      const tokens = Either.getOrThrow(refresh(body))
      assert.strictEqual(tokens.tokenType, "Bearer")
      assert.strictEqual(tokens.expiresAt, sentAt + 86_400_000)
    }
  })

  it("seed 001, R1: a missing lifetime is 24 hours, and not for ever", () => {
    const { expires_in: _, ...rest } = granted
    for (const body of [rest, { ...rest, expires_in: null }]) {
      assert.strictEqual(Either.getOrThrow(refresh(body)).expiresAt, sentAt + 86_400_000)
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
    ["a lifetime in milliseconds", { ...granted, expires_in: 86_400_000 }],
    ["a refresh_token that is a number", { ...granted, refresh_token: 7 }]
  ] as const) {
    it(`200 with ${name} is InvalidResponse, which repeats none of it`, () => {
      const error = left(refresh(body))
      assert.strictEqual(error._tag, "InvalidResponse")
      assert.notInclude(inspect(error), "eyJ")
    })
  }
})

it("an empty refresh_token is none", () => {
  const tokens = Either.getOrThrow(refresh({ ...granted, refresh_token: "" }))
  assert.isTrue(Option.isNone(tokens.refreshToken))
})

describe("the refresh's refusals", () => {
  it("seed 001: the example error response is Expired, expiredAt 2025-01-01T00:00:00.000Z", () => {
    const error = left(refresh(expired, 401))
    if (error._tag !== "Expired") {
      assert.fail(error._tag)
    }
    assert.strictEqual(error.credential, "refresh_token")
    assert.strictEqual(error.expiredAt && DateTime.formatIso(error.expiredAt), "2025-01-01T00:00:00.000Z")
    assert.deepInclude(error, {
      provider: "vault-ist",
      operation: "refresh",
      status: 401,
      code: "UNAUTHORIZED",
      endpoint: "POST https://api.vault.ist/v2.0/reference/gettoken"
    })
    assert.isFalse(error.isRetryable)
  })

  it("seed 001: any other offset of the same moment is read as well", () => {
    for (const message of [
      "The Token has expired on 2025-01-01T01:00:00.000+01:00",
      "The Token has expired on 2024-12-31T19:00:00-0500, log in again",
      "Token expired on 1735689600"
    ]) {
      const error = left(refresh({ ...expired, message }, 401))
      const expiredAt = error._tag === "Expired" ? error.expiredAt : undefined
      assert.strictEqual(
        expiredAt && DateTime.toEpochMillis(expiredAt),
        message.includes(",") ? undefined : Date.UTC(2025, 0, 1),
        message
      )
    }
  })

  for (const message of [
    undefined,
    null,
    7,
    "",
    "The Token has expired",
    "The Token has expired on ",
    "The Token has expired on yesterday",
    "The Token has expired on 2025-13-45T99:99:99.000Z",
    "The Token has expired on 2025-01-01",
    "The Token has expired on 99999999999999999999",
    "Le jeton a expiré le 2025-01-01T00:00:00.000Z",
    "x".repeat(10_000)
  ]) {
    it(`seed 001: an unparseable message is Expired all the same: ${inspect(message).slice(0, 60)}`, () => {
      const error = left(refresh({ ...expired, message }, 401))
      assert.strictEqual(error._tag, "Expired")
      assert.isTrue(error._tag === "Expired" && error.credential === "refresh_token" && !error.expiredAt)
    })
  }

  for (const [status, body, tag] of [
    [200, expired, "Expired"],
    [201, expired, "InvalidResponse"],
    [302, undefined, "InvalidResponse"],
    [400, undefined, "InvalidResponse"],
    [400, expired, "InvalidResponse"],
    [400, { ...expired, status: "BAD_REQUEST", message: "client_id must not be null" }, "InvalidResponse"],
    [400, { error: "invalid_grant" }, "Expired"],
    [400, { error: "invalid_request" }, "InvalidResponse"],
    [400, { error: "unauthorized_client" }, "AccessDenied"],
    [401, undefined, "Unauthorized"],
    [401, { ...expired, status: "BAD_REQUEST" }, "Unauthorized"],
    [401, { ...expired, traceId: undefined }, "Unauthorized"],
    [401, { error: "invalid_client" }, "Unauthorized"],
    [403, { ...expired, status: "FORBIDDEN" }, "AccessDenied"],
    [404, undefined, "InvalidResponse"],
    [408, undefined, "Unavailable"],
    [429, expired, "RateLimited"],
    [500, expired, "Unavailable"],
    [503, undefined, "Unavailable"]
  ] as const) {
    it(`${status} ${JSON.stringify(body) ?? "without JSON"} is ${tag}`, () => {
      const error = left(refresh(body, status))
      assert.strictEqual(error._tag, tag)
      assert.strictEqual(error.status, status)
    })
  }

  it("R15: an error keeps a trace id that is one, and never the token", () => {
    const secret = Redacted.value(refreshToken)
    assert.isUndefined(left(refresh(expired, 401)).requestId, "TraceId unavailable is none")
    assert.strictEqual(left(refresh({ ...expired, traceId: "4bf92f3577b3" }, 401)).requestId, "4bf92f3577b3")
    const error = left(refresh({ status: secret, message: `no ${secret}`, traceId: secret }, 401))
    assert.notInclude(inspect(error), secret)
    assert.notInclude(JSON.stringify(error), secret)
  })
})

describe("every answer", () => {
  it.prop(
    "R1, R14: is a token set that can be sent and ends after it began, or a typed error",
    {
      body: Arbitraries.json,
      status: FastCheck.oneof(FastCheck.constant(200), FastCheck.integer({ min: 100, max: 599 }))
    },
    ({ body, status }) => {
      const result = refresh(body, status)
      if (Either.isRight(result)) {
        const { accessToken, expiresAt, issuedAt } = result.right
        assert.isTrue(isToken68(Redacted.value(accessToken)))
        assert.isTrue(expiresAt > issuedAt && expiresAt <= 8.64e15)
      } else {
        assert.strictEqual(result.left.provider, "vault-ist")
        assert.strictEqual(result.left.status, status)
      }
    },
    { fastCheck: { numRuns: 500 } }
  )
})
