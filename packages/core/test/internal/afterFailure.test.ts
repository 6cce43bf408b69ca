import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as AuthError from "../../src/AuthError.ts"
import { mayHaveIssued, mayHaveSpent, verdict, type Verdict } from "../../src/internal/afterFailure.ts"

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

  it("R6: a malformed answer is transient, a refusal in a shape we do not know is not", () => {
    for (const [status, expected] of [
      [undefined, "transient"],
      [200, "transient"],
      [201, "transient"],
      [299, "transient"],
      [199, "terminal"],
      [300, "terminal"],
      [302, "terminal"],
      [400, "terminal"],
      [404, "terminal"],
      [0, "terminal"]
    ] as const) {
      assert.strictEqual(
        verdict(new AuthError.InvalidResponse(fields("refresh", status))),
        expected,
        String(status)
      )
    }
  })

  it("R6: a refresh token that is refused asks for another grant, and only in a refresh", () => {
    for (const operation of operations) {
      for (const credential of ["refresh_token", "access_token"] as const) {
        assert.strictEqual(
          verdict(new AuthError.Expired({ ...fields(operation, 400), credential })),
          operation === "refresh" ? "refresh token refused" : "terminal"
        )
      }
    }
  })

  it("R6: client credentials that are refused are terminal: no login", () => {
    for (const operation of operations) {
      assert.strictEqual(verdict(new AuthError.Unauthorized(fields(operation, 401))), "terminal")
      assert.strictEqual(verdict(new AuthError.AccessDenied(fields(operation, 403))), "terminal")
    }
  })

  const anyError = FastCheck.record({
    make: FastCheck.constantFrom<(of: ReturnType<typeof fields>) => AuthError.AuthError>(
      (of) => new AuthError.Expired({ ...of, credential: "refresh_token" }),
      (of) => new AuthError.Unauthorized(of),
      (of) => new AuthError.AccessDenied(of),
      (of) => new AuthError.RateLimited(of),
      (of) => new AuthError.Unavailable(of),
      (of) => new AuthError.InvalidResponse(of)
    ),
    operation: FastCheck.constantFrom(...operations),
    status: FastCheck.option(FastCheck.integer({ min: 0, max: 599 }), { nil: undefined })
  }).map(({ make, operation, status }) => make(fields(operation, status)))

  it.prop(
    "R6: an error that is retryable is transient, and never costs the refresh token",
    { error: anyError },
    ({ error }) => {
      const judged: Verdict = verdict(error)
      if (error.isRetryable) {
        assert.strictEqual(judged, "transient")
      }
      assert.strictEqual(
        judged === "refresh token refused",
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
    assert.isFalse(mayHaveIssued(new AuthError.InvalidResponse({ ...fields("login", 200), neverSent: true })))
  })

  it.prop(
    "R12: only an answer that was to be a token may have issued one",
    { error: anyError },
    ({ error }) =>
      assert.strictEqual(
        mayHaveIssued(error),
        error._tag === "InvalidResponse" &&
          (error.status === undefined || (error.status >= 200 && error.status <= 299))
      ),
    runs
  )
})
