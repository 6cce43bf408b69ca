import { MemoryClient, OAuth2Sandbox, Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { it } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import {
  connect,
  failure,
  formOf,
  nonce,
  options,
  recorded,
  refreshTokenOf,
  setup
} from "./support/fixture.ts"

const token = { access_token: `access-${nonce}`, token_type: "Bearer", expires_in: 3600 }
const answering = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  recorded(() => Effect.succeed(Wire.json(status, body, headers)))

const { clientSecret: _, ...publicOptions } = options
const refreshToken = Redacted.make(`refresh-${nonce}`)

/** Mints against one answer. */
const mint = (answer: ReturnType<typeof answering>, more: Partial<OAuth2.Options> = {}) =>
  Effect.flatMap(answer, ({ network }) => connect(network, { ...options, ...more }))

interface Refusal {
  readonly status: number
  readonly code?: string
  readonly challenge?: string
  readonly login: string
  readonly refresh: string
}

const refusals: ReadonlyArray<Refusal> = [
  { status: 401, code: "invalid_client", login: "Unauthorized", refresh: "Unauthorized" },
  { status: 400, code: "invalid_client", login: "Unauthorized", refresh: "Unauthorized" },
  { status: 400, code: "invalid_grant", login: "Unauthorized", refresh: "Expired" },
  { status: 400, code: "unauthorized_client", login: "AccessDenied", refresh: "AccessDenied" },
  { status: 400, code: "invalid_scope", login: "AccessDenied", refresh: "AccessDenied" },
  { status: 400, code: "invalid_target", login: "AccessDenied", refresh: "AccessDenied" },
  { status: 400, code: "invalid_request", login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 400, code: "unsupported_grant_type", login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 400, code: "unheard_of", login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 400, code: "slow_down", login: "RateLimited", refresh: "RateLimited" },
  { status: 400, code: "temporarily_unavailable", login: "Unavailable", refresh: "Unavailable" },
  { status: 503, code: "invalid_grant", login: "Unavailable", refresh: "Unavailable" },
  { status: 401, code: "invalid_token", login: "Unauthorized", refresh: "Unauthorized" },
  { status: 401, code: "invalid_grant", login: "Unauthorized", refresh: "Expired" },
  { status: 200, code: "invalid_grant", login: "Unauthorized", refresh: "Expired" },
  { status: 200, code: "invalid_client", login: "Unauthorized", refresh: "Unauthorized" },
  { status: 200, code: "access_denied", login: "AccessDenied", refresh: "AccessDenied" },
  { status: 200, code: "unheard_of", login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 401, login: "Unauthorized", refresh: "Unauthorized" },
  { status: 400, login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 422, login: "InvalidResponse", refresh: "InvalidResponse" },
  { status: 403, login: "AccessDenied", refresh: "AccessDenied" },
  { status: 404, login: "InvalidResponse", refresh: "InvalidResponse" },
  {
    status: 401,
    challenge: 'Basic realm="x", error="invalid_client"',
    login: "Unauthorized",
    refresh: "Unauthorized"
  },
  { status: 400, challenge: 'Bearer error="invalid_scope"', login: "AccessDenied", refresh: "AccessDenied" }
]

describe("a refusal", () => {
  for (const { challenge, code, login, refresh, status } of refusals) {
    const answer = answering(
      code === undefined ? {} : { error: code, error_description: nonce },
      status,
      challenge === undefined ? {} : { "www-authenticate": challenge }
    )
    const name = `${status} ${code ?? challenge ?? "without a code"}`

    for (const [kind, expected, more] of [
      ["a login", login, options],
      ["a refresh", refresh, { ...options, refreshToken }],
      ["a refresh of a public client", refresh, { ...publicOptions, refreshToken }]
    ] as const) {
      it.scoped(`R6, R11: ${name} to ${kind} is ${expected}`, () =>
        Effect.gen(function* () {
          const { network } = yield* answer
          const { manager } = yield* connect(network, more)
          const error = yield* failure(manager)
          assert.strictEqual(error._tag, expected)
          assert.strictEqual(error.endpoint, "POST https://login.oauth2.example/oauth2/token")
          assert.strictEqual(error.status, status)
          const said = code ?? /error="(\w+)"/.exec(challenge ?? "")?.[1]
          assert.strictEqual(error.code, said)
        })
      )
    }
  }

  it.scoped("R15: a code that repeats a secret, or the header of client_secret_basic, is left out", () =>
    Effect.gen(function* () {
      const basic = btoa(`me:secret%2D${nonce}`).replaceAll("=", "")
      for (const code of [`secret-${nonce}`, basic, `refresh-${nonce}`]) {
        const { manager } = yield* mint(answering({ error: code }, 400), { refreshToken })
        const error = yield* failure(manager)
        assert.isUndefined(error.code)
        assert.notInclude(JSON.stringify(error), basic)
      }
    })
  )

  it.scoped("R11: Retry-After beyond the deadline is RateLimited with the date", () =>
    Effect.gen(function* () {
      const { manager } = yield* mint(answering({ error: "slow_down" }, 429, { "retry-after": "120" }))
      const error = yield* failure(manager)
      assert.strictEqual(
        error._tag === "RateLimited" && error.retryAfter && DateTime.toEpochMillis(error.retryAfter),
        120_000
      )
    })
  )
})

describe("a token", () => {
  for (const type of ["DPoP", "MAC", "N_A", "Bearer x", ""]) {
    it.scoped(`a token_type ${JSON.stringify(type)} is refused: it could not be sent as such`, () =>
      Effect.gen(function* () {
        const { manager } = yield* mint(answering({ ...token, token_type: type }))
        const error = yield* failure(manager)
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.include(error.message, "Bearer")
      })
    )
  }

  for (const type of ["bearer", "BEARER", undefined, null]) {
    it.scoped(`a token_type ${String(type)} is Bearer`, () =>
      Effect.gen(function* () {
        const { manager } = yield* mint(answering({ ...token, token_type: type }))
        assert.strictEqual(Redacted.value((yield* manager.get).authorization), `Bearer access-${nonce}`)
      })
    )
  }

  for (const expires_in of [undefined, null]) {
    it.scoped(`R1: an expires_in of ${String(expires_in)} is 5 minutes, or what is configured`, () =>
      Effect.gen(function* () {
        const answer = answering({ ...token, expires_in })
        const byDefault = yield* mint(answer)
        assert.strictEqual((yield* byDefault.manager.get).expiresAt, 300_000)
        const configured = yield* mint(answer, { defaultLifetime: "8 hours" })
        assert.strictEqual((yield* configured.manager.get).expiresAt, 8 * 3_600_000)
      })
    )
  }

  it.scoped("a refresh token that a login brings is used, and one that is missing is kept", () =>
    Effect.gen(function* () {
      const { manager, sandbox } = yield* setup({ make: OAuth2Sandbox.make, refreshTokens: "kept" })
      for (let hour = 0; hour < 4; hour++) {
        yield* manager.get
        yield* TestClock.adjust("1 hour")
      }
      assert.deepStrictEqual(
        (yield* sandbox.ledger).map(({ _tag }) => _tag),
        // The metadata is an hour old at each refresh, and is looked at again.
        ["Discovered", "Login", "Discovered", "Refresh", "Discovered", "Refresh", "Discovered", "Refresh"]
      )
    })
  )
})

describe("a request", () => {
  const bodyOf = (more: Partial<OAuth2.Options>) =>
    Effect.gen(function* () {
      const { network, requests } = yield* answering({ ...token, refresh_token: "next" })
      const { manager } = yield* connect(network, { ...options, ...more })
      yield* manager.get
      yield* TestClock.adjust("1 hour")
      yield* manager.get
      return (yield* requests).map((request) => Array.from(formOf(request)))
    })

  it.scoped("RFC 6749, 4.4 and 6: a login asks for the scope, a refresh takes what was granted", () =>
    Effect.gen(function* () {
      const more = {
        scope: ["read", "write"],
        audience: "https://api",
        resource: ["https://a", "https://b"],
        parameters: { organization: "acme & co" }
      }
      const common = [
        ["audience", "https://api"],
        ["resource", "https://a"],
        ["resource", "https://b"],
        ["organization", "acme & co"]
      ]
      assert.deepStrictEqual(yield* bodyOf(more), [
        [["scope", "read write"], ...common, ["grant_type", "client_credentials"]],
        [...common, ["refresh_token", "next"], ["grant_type", "refresh_token"]]
      ])
      const [first] = yield* bodyOf({ ...more, refreshToken: Redacted.make("first") })
      assert.deepStrictEqual(first, [
        ["scope", "read write"],
        ...common,
        ["refresh_token", "first"],
        ["grant_type", "refresh_token"]
      ])
    })
  )

  it.scoped("nothing is asked for that is not configured, and what is set to nothing is not", () =>
    Effect.gen(function* () {
      const [first] = yield* bodyOf({ scope: " ", audience: "", resource: [] })
      assert.deepStrictEqual(first, [["grant_type", "client_credentials"]])
    })
  )

  it.scoped("RFC 6749, 3.2: an endpoint keeps its query, and errors do not show it", () =>
    Effect.gen(function* () {
      const { network, requests } = yield* answering({ error: "invalid_client" }, 401)
      const { manager } = yield* connect(network, { ...options, tokenUrl: `${options.tokenUrl}?p=policy` })
      const error = yield* failure(manager)
      assert.strictEqual((yield* requests)[0]?.url.search, "?p=policy")
      assert.notInclude(JSON.stringify(error), "policy")
    })
  )
})

describe("a configured refresh token", () => {
  it.scoped("has no login behind it: Expired once it is refused", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce, refreshTokens: "rotates" })
      const first = refreshTokenOf(yield* sandbox.issue)
      const { clientId, clientSecret } = sandbox.credentials
      const network = MemoryClient.client([sandbox])
      const base = { ...options, clientId, clientSecret, refreshToken: first }
      const { manager } = yield* connect(network, base)
      yield* manager.get
      yield* sandbox.revokeRefreshTokens
      yield* TestClock.adjust("1 hour")
      assert.deepInclude(yield* failure(manager), { _tag: "Expired", credential: "refresh_token" })
      assert.isTrue(Option.isNone(manager.flow.login))

      const both = yield* connect(network, { ...base, login: true })
      assert.isNotEmpty(Redacted.value((yield* both.manager.get).value))
    })
  )
})
