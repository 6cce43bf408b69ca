import { assert, describe } from "@effect/vitest"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { AutopaySandbox, Fault, Ledger, Sandbox, Wire } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { autopay, getWith, logInToAutopay, memory, postJson } from "./support/world.ts"

/** A sixth provider, as small as one gets: rotating refresh tokens, a validation, no login. */
const acme = Sandbox.make(
  {
    provider: "acme",
    tokenOrigin: "https://acme.example",
    apiOrigin: "https://acme.example",
    accessLifetime: "1 hour",
    refreshLifetime: "1 day",
    rotates: true,
    tokenName: (kind, number, nonce) => `${kind === "access" ? "live_" : ""}acme-${kind}-${number}-${nonce}`,
    rejected: ({ endedAt, why }) => Wire.json(401, { why, endedAt: Option.getOrNull(endedAt) }),
    routes: [
      {
        endpoint: "refresh",
        method: "POST",
        path: "/token",
        matches: (request) => request.headers["x-grant"] !== "none",
        decide: (request) =>
          Either.match(Wire.jsonFields(request), {
            onLeft: (why) => Wire.Decision.Refuse({ why, response: Wire.json(400, { why }) }),
            onRight: (fields) =>
              Wire.Decision.Refresh({
                refreshToken: String(fields["refresh_token"]),
                accessToken: Wire.bearer(request),
                granted: ({ accessToken, refreshToken }) =>
                  Wire.json(200, {
                    access: accessToken.value,
                    refresh: Option.getOrNull(refreshToken)?.value
                  }),
                refused: (rejection) => Wire.json(401, rejection)
              })
          })
      },
      {
        endpoint: "validate",
        method: "GET",
        path: "/validate",
        decide: () => Wire.Decision.Validate({ valid: Wire.json(200, { valid: true }) })
      }
    ]
  },
  { nonce: "n0nce" }
)

const acmeRefresh = (sandbox: Sandbox.Sandbox, refreshToken: string, accessToken: string) =>
  Effect.gen(function* () {
    const { client } = yield* memory.connect(sandbox)
    return yield* HttpClientRequest.post("https://acme.example/token").pipe(
      HttpClientRequest.bodyUnsafeJson({ refresh_token: refreshToken }),
      HttpClientRequest.bearerToken(accessToken),
      client.execute
    )
  })

describe("a rotating provider", () => {
  it.scoped("starts from issued tokens, rotates, and notes a reuse", () =>
    Effect.gen(function* () {
      const sandbox = yield* acme
      const { accessToken, refreshToken } = yield* sandbox.issue
      assert.strictEqual(accessToken.value, "live_acme-access-1-n0nce")
      assert.strictEqual(Option.getOrThrow(refreshToken).value, "acme-refresh-1-n0nce")

      // The access token may have expired: that is when it is needed.
      yield* TestClock.adjust("2 hours")
      const first = yield* acmeRefresh(sandbox, "acme-refresh-1-n0nce", accessToken.value)
      assert.deepStrictEqual(yield* first.json, {
        access: "live_acme-access-2-n0nce",
        refresh: "acme-refresh-2-n0nce"
      })
      const again = yield* acmeRefresh(sandbox, "acme-refresh-1-n0nce", accessToken.value)
      assert.strictEqual(again.status, 401)
      const stranger = yield* acmeRefresh(sandbox, "acme-refresh-2-n0nce", "live_guess")
      assert.strictEqual(stranger.status, 401)
      const old = yield* acmeRefresh(sandbox, "acme-refresh-2-n0nce", accessToken.value)
      assert.strictEqual(old.status, 401)
      const second = yield* acmeRefresh(sandbox, "acme-refresh-2-n0nce", "live_acme-access-2-n0nce")
      assert.strictEqual(second.status, 200)

      const at = 7_200_000
      const ledger = yield* sandbox.ledger
      assert.deepStrictEqual(ledger, [
        Ledger.Entry.Issued({ at: 0, tokenNumber: 1, refreshTokenNumber: 1 }),
        Ledger.Entry.Refresh({ at, presented: 1, tokenNumber: 2, refreshTokenNumber: 2 }),
        Ledger.Entry.Reuse({ at, refreshTokenNumber: 1 }),
        Ledger.Entry.Refused({ at, endpoint: "refresh", status: 401, why: "spent" }),
        Ledger.Entry.Refused({ at, endpoint: "refresh", status: 401, why: "access token" }),
        Ledger.Entry.Refused({ at, endpoint: "refresh", status: 401, why: "access token" }),
        Ledger.Entry.Refresh({ at, presented: 2, tokenNumber: 3, refreshTokenNumber: 3 })
      ])
      assert.deepStrictEqual(Ledger.count(ledger), {
        logins: 0,
        refreshes: 2,
        mints: 2,
        reuses: 1,
        refusals: 3,
        requests: 0,
        rejections: 0,
        faults: 0
      })
    })
  )

  it.scoped("R8: a refresh whose answer is lost has spent its token", () =>
    Effect.gen(function* () {
      const sandbox = yield* acme
      yield* sandbox.issue
      yield* sandbox.fault("refresh", Fault.ResetAfter())
      const refresh = acmeRefresh(sandbox, "acme-refresh-1-n0nce", "live_acme-access-1-n0nce")
      yield* Effect.flip(refresh)
      assert.strictEqual((yield* refresh).status, 401)
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, reuses: 1 })
    })
  )

  it.scoped("a validation says whether a token is good, in the provider's words", () =>
    Effect.gen(function* () {
      const sandbox = yield* acme
      const { accessToken } = yield* sandbox.issue
      const { client } = yield* memory.connect(sandbox)
      const validate = (token: string) => getWith(client, "https://acme.example/validate", token)
      assert.deepStrictEqual(
        yield* Effect.flatMap(validate(accessToken.value), (response) => response.json),
        {
          valid: true
        }
      )
      yield* TestClock.adjust("1 hour")
      yield* sandbox.skewClock(-1000)
      assert.deepStrictEqual(
        yield* Effect.flatMap(validate(accessToken.value), (response) => response.json),
        {
          why: "expired",
          endedAt: 3_599_000
        }
      )
      assert.strictEqual((yield* validate("guess")).status, 401)
      assert.deepStrictEqual((yield* sandbox.ledger).slice(1), [
        Ledger.Entry.Validated({ at: 0, tokenNumber: 1 }),
        Ledger.Entry.Refused({ at: 3_600_000, endpoint: "validate", status: 401, why: "expired" }),
        Ledger.Entry.Refused({ at: 3_600_000, endpoint: "validate", status: 401, why: "unknown" })
      ])
    })
  )

  it.scoped("a route that does not match is not taken", () =>
    Effect.gen(function* () {
      const sandbox = yield* acme
      const { client } = yield* memory.connect(sandbox)
      yield* client.post("https://acme.example/token", { headers: { "x-grant": "none" } })
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { requests: 1, refusals: 0 })
    })
  )
})

describe("the protected resource", () => {
  const setUp = Effect.gen(function* () {
    const sandbox = yield* autopay
    const connection = yield* memory.connect(sandbox)
    yield* logInToAutopay(connection, sandbox)
    return {
      sandbox,
      connection,
      get: (path: string, token = "autopay-access-1-n0nce") =>
        getWith(connection.client, `https://api.autopay.io${path}`, token)
    }
  })

  it.scoped("keeps every request as it arrived", () =>
    Effect.gen(function* () {
      const { connection, sandbox } = yield* setUp
      yield* sandbox.clearLedger
      yield* HttpClientRequest.put("https://api.autopay.io/v1/permits/7?notify=yes").pipe(
        HttpClientRequest.bodyUnsafeJson({ plate: "AB 123" }),
        HttpClientRequest.setHeaders({
          "Idempotency-Key": "once",
          Authorization: "bearer autopay-access-1-n0nce"
        }),
        connection.client.execute
      )
      const [request] = Ledger.entries(yield* sandbox.ledger, "Request")
      assert.isDefined(request)
      assert.deepInclude(request, {
        at: 0,
        method: "PUT",
        path: "/v1/permits/7?notify=yes",
        accepted: true,
        tokenNumber: 1,
        status: 200
      })
      assert.strictEqual(request.headers["idempotency-key"], "once")
      assert.strictEqual(request.headers["authorization"], "bearer autopay-access-1-n0nce")
      assert.strictEqual(request.headers["content-type"], "application/json")
      assert.strictEqual(new TextDecoder().decode(request.body), '{"plate":"AB 123"}')
    })
  )

  it.scoped("has paths that refuse, and one that redirects, for good tokens only", () =>
    Effect.gen(function* () {
      const { get, sandbox } = yield* setUp
      assert.strictEqual((yield* get("/forbidden")).status, 403)
      const scope = yield* get("/insufficient-scope")
      assert.strictEqual(scope.status, 401)
      assert.strictEqual(scope.headers["www-authenticate"], 'Bearer error="insufficient_scope"')
      const redirect = yield* get("/redirect?to=https%3A%2F%2Felsewhere.example%2Fx%3Fy")
      assert.strictEqual(redirect.status, 302)
      assert.strictEqual(redirect.headers["location"], "https://elsewhere.example/x?y")
      assert.strictEqual((yield* get("/redirect?to=/x", "guess")).status, 401)
      // insufficient_scope is no rejection of the token (R9).
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { requests: 4, rejections: 1 })
    })
  )

  it.scoped("rejects revoked tokens, and takes those minted later", () =>
    Effect.gen(function* () {
      const { connection, get, sandbox } = yield* setUp
      yield* sandbox.revokeAccessTokens
      assert.strictEqual((yield* get("/")).status, 401)
      yield* logInToAutopay(connection, sandbox)
      assert.strictEqual((yield* get("/", "autopay-access-2-n0nce")).status, 200)
      assert.strictEqual((yield* get("/")).status, 401)
    })
  )

  it.scoped("rejects all tokens while told to", () =>
    Effect.gen(function* () {
      const { get, sandbox } = yield* setUp
      yield* sandbox.rejectAllTokens(true)
      assert.strictEqual((yield* get("/")).status, 401)
      yield* sandbox.rejectAllTokens(false)
      assert.strictEqual((yield* get("/")).status, 200)
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { requests: 2, rejections: 1 })
    })
  )
})

describe("a sandbox", () => {
  it.scoped("changes its secret at once", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      const { client } = yield* memory.connect(sandbox)
      yield* sandbox.changeSecret(Redacted.make("autopay-secret-2"))
      const login = (client_secret: string) =>
        postJson(client, "https://api-auth.autopay.io/oauth/token", {
          client_id: sandbox.credentials.clientId,
          client_secret,
          audience: "https://api.autopay.io",
          grant_type: "client_credentials"
        })
      assert.strictEqual((yield* login("autopay-secret-n0nce")).status, 401)
      assert.strictEqual((yield* login("autopay-secret-2")).status, 200)
    })
  )

  it.scoped("changes lifetimes from the next mint on, and gives no refresh tokens where there are none", () =>
    Effect.gen(function* () {
      const sandbox = yield* autopay
      yield* sandbox.setLifetimes({ access: "20 seconds", refresh: "1 day" })
      const { accessToken, refreshToken } = yield* sandbox.issue
      assert.strictEqual(accessToken.lifetime, 20_000)
      assert.isTrue(Option.isNone(refreshToken))

      const rotating = yield* acme
      yield* rotating.setLifetimes({ refresh: "2 days" })
      const issued = yield* rotating.issue
      assert.strictEqual(issued.accessToken.lifetime, 3_600_000)
      assert.strictEqual(Option.getOrThrow(issued.refreshToken).lifetime, 172_800_000)
    })
  )

  it.effect("draws a nonce that can stand in a header, and shows no secret of its own accord", () =>
    Effect.gen(function* () {
      const one = yield* AutopaySandbox.make()
      const other = yield* AutopaySandbox.make()
      assert.match(one.credentials.clientId, /^autopay-client-[a-z0-9]{8}$/)
      assert.notStrictEqual(one.credentials.clientId, other.credentials.clientId)
      assert.notInclude(JSON.stringify(one.credentials), Redacted.value(one.credentials.clientSecret))
    })
  )

  it.effect("does not take a nonce that no header can carry", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(AutopaySandbox.make({ nonce: "two words" }))
      assert.isTrue(Exit.isFailure(exit))
    })
  )
})
