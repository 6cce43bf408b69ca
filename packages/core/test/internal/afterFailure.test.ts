import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as AuthError from "../../src/AuthError.ts"
import {
  loginInstead,
  mayBeOfTheToken,
  mayHaveIssued,
  mayHaveSpent,
  verdict,
  type Verdict
} from "../../src/internal/afterFailure.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const operations = ["login", "refresh", "validate", "revoke", "request", "store"] as const

const fields = (operation: AuthError.Operation, status?: number) => ({
  provider: "acme",
  operation,
  message: "no",
  status
})

describe("afterFailure", () => {
  it("R6: network, 5xx and 429 are transient, in a login as in a refresh", () => {
    for (const operation of operations) {
      assert.strictEqual(verdict(new AuthError.Unavailable(fields(operation, 503))), "transient")
      assert.strictEqual(verdict(new AuthError.Unavailable(fields(operation))), "transient")
      assert.strictEqual(verdict(new AuthError.RateLimited(fields(operation, 429))), "transient")
    }
  })

  it("R11: an answer that did not parse is transient, one that parsed and every refusal is not", () => {
    for (const status of [undefined, 200, 201, 199, 300, 302, 400, 404, 0]) {
      const { message, operation, provider } = fields("refresh")
      const what = { provider, operation, message, status }
      assert.strictEqual(verdict(new AuthError.InvalidResponse(what)), "refused", String(status))
      assert.strictEqual(
        verdict(new AuthError.InvalidResponse({ ...what, unreadable: true })),
        "transient",
        String(status)
      )
      assert.strictEqual(
        verdict(new AuthError.InvalidResponse({ ...what, unreadable: false })),
        "refused",
        String(status)
      )
    }
  })

  it("R6: only Expired says that a refresh token has ended, and only in a refresh", () => {
    for (const operation of operations) {
      for (const credential of ["refresh_token", "access_token"] as const) {
        assert.strictEqual(
          verdict(new AuthError.Expired({ ...fields(operation, 400), credential })),
          operation === "refresh" ? "refresh token ended" : "refused"
        )
      }
      assert.strictEqual(verdict(new AuthError.Unauthorized(fields(operation, 401))), "refused")
      assert.strictEqual(verdict(new AuthError.AccessDenied(fields(operation, 403))), "refused")
    }
  })

  it("R6: a login as somebody else follows only what the provider itself says, by a code", () => {
    for (const [code, ofTheSame, ofAnother] of [
      [undefined, true, false],
      ["invalid_request", true, true],
      ["BAD_REQUEST", true, true],
      ["invalid_client", false, false],
      ["unauthorized_client", false, false]
    ] as const) {
      for (const error of [
        new AuthError.Unauthorized({ ...fields("refresh", 401), code }),
        new AuthError.AccessDenied({ ...fields("refresh", 403), code }),
        new AuthError.InvalidResponse({ ...fields("refresh", 400), code }),
        new AuthError.InvalidResponse({ ...fields("refresh", 200), code })
      ]) {
        assert.strictEqual(mayBeOfTheToken(error, true), ofTheSame, code)
        assert.strictEqual(mayBeOfTheToken(error, false), ofAnother, code)
      }
    }
  })

  it("R6: what is no refusal by the provider is none of its refresh token", () => {
    for (const error of [
      new AuthError.Unauthorized({ ...fields("refresh"), code: "no_status" }),
      new AuthError.Unavailable({ ...fields("refresh", 503), code: "server_error" }),
      new AuthError.RateLimited({ ...fields("refresh", 429), code: "slow_down" }),
      new AuthError.InvalidResponse({ ...fields("refresh", 200), code: "x", unreadable: true })
    ]) {
      assert.isFalse(mayBeOfTheToken(error, true))
      assert.isFalse(mayBeOfTheToken(error, false))
    }
  })

  it("R6: a login takes the place of what stays refused, or of what somebody waits for", () => {
    for (const [times, served, sameAccount, expected] of [
      [1, false, true, true],
      [1, true, true, false],
      [2, true, true, true],
      [1, false, false, false],
      [1, true, false, false],
      [2, false, false, true],
      [2, true, false, true]
    ] as const) {
      assert.strictEqual(loginInstead({ times, served, sameAccount }), expected)
    }
  })

  const anyError = FastCheck.record({
    make: FastCheck.constantFrom<(of: ReturnType<typeof fields>) => AuthError.AuthError>(
      (of) => new AuthError.Expired({ ...of, credential: "refresh_token" }),
      (of) => new AuthError.Unauthorized(of),
      (of) => new AuthError.AccessDenied(of),
      (of) => new AuthError.RateLimited(of),
      (of) => new AuthError.Unavailable(of),
      (of) => new AuthError.InvalidResponse(of),
      (of) => new AuthError.InvalidResponse({ ...of, unreadable: true })
    ),
    operation: FastCheck.constantFrom(...operations),
    status: FastCheck.option(FastCheck.integer({ min: 0, max: 599 }), { nil: undefined })
  }).map(({ make, operation, status }) => make(fields(operation, status)))

  it.prop(
    "R6: an error that is retryable is transient, and never costs the refresh token",
    { error: anyError },
    ({ error }) => {
      const judged: Verdict = verdict(error)
      assert.strictEqual(error.isRetryable, judged === "transient")
      assert.strictEqual(
        judged === "refresh token ended",
        error._tag === "Expired" && error.operation === "refresh"
      )
    },
    runs
  )

  it("R8: no answer, or one that says nothing of what was done, may have spent the refresh token", () => {
    for (const status of [undefined, 408, 500, 502, 504]) {
      assert.isTrue(mayHaveSpent(new AuthError.Unavailable(fields("refresh", status))), String(status))
    }
    for (const status of [undefined, 200, 201]) {
      assert.isTrue(mayHaveSpent(new AuthError.InvalidResponse(fields("refresh", status))), String(status))
    }
  })

  it("R8: gateways have statuses of their own for an answer that did not come", () => {
    // Cloudflare: 520 an unknown answer, 524 a timeout after the request went out. nginx and others: 598, 599.
    for (const status of [520, 524, 598, 599]) {
      assert.isTrue(mayHaveSpent(new AuthError.Unavailable(fields("refresh", status))), String(status))
    }
  })

  it("R8: what was never sent, or clearly refused, has spent nothing", () => {
    for (const error of [
      new AuthError.Unavailable({ ...fields("refresh"), neverSent: true }),
      new AuthError.Unavailable(fields("refresh", 503)),
      new AuthError.InvalidResponse({ ...fields("refresh", 200), neverSent: true }),
      new AuthError.RateLimited(fields("refresh", 429)),
      new AuthError.Unauthorized(fields("refresh", 401)),
      new AuthError.AccessDenied(fields("refresh", 403)),
      new AuthError.Expired({ ...fields("refresh", 400), credential: "refresh_token" }),
      new AuthError.InvalidResponse(fields("refresh", 400)),
      new AuthError.InvalidResponse(fields("refresh", 302))
    ]) {
      assert.isFalse(mayHaveSpent(error), `${error._tag} ${error.status}`)
    }
  })

  it("R12: what was never sent has issued nothing", () => {
    const error = { ...fields("login", 200), unreadable: true }
    assert.isTrue(mayHaveIssued(new AuthError.InvalidResponse(error)))
    assert.isFalse(mayHaveIssued(new AuthError.InvalidResponse({ ...error, neverSent: true })))
  })

  it.prop(
    "R12: only an answer that was to be a token may have issued one",
    { error: anyError },
    ({ error }) =>
      assert.strictEqual(mayHaveIssued(error), error._tag === "InvalidResponse" && error.unreadable === true),
    runs
  )
})
