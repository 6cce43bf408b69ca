import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as AuthError from "../src/AuthError.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const fields = {
  provider: "acme",
  operation: "login",
  message: "acme login failed: check the secret."
} as const

/** One of each tag, and whether it is worth another try. */
const errors: ReadonlyArray<readonly [AuthError.AuthError, boolean]> = [
  [new AuthError.Expired({ ...fields, credential: "refresh_token" }), false],
  [new AuthError.Expired({ ...fields, credential: "access_token" }), false],
  [new AuthError.Unauthorized(fields), false],
  [new AuthError.AccessDenied(fields), false],
  [new AuthError.RateLimited(fields), true],
  [new AuthError.Unavailable(fields), true],
  [new AuthError.InvalidResponse(fields), false]
]

const retryable = errors.flatMap(([error, isRetryable]) => (isRetryable ? [error] : []))
const terminal = errors.flatMap(([error, isRetryable]) => (isRetryable ? [] : [error]))

const request = HttpClientRequest.get("https://api.acme.example/v1/things")

/** JSON has no NaN and no infinity, and no answer has such a status. */
const anyError: FastCheck.Arbitrary<AuthError.AuthError> = Arbitrary.make(AuthError.AuthError).filter(
  (error) => error.status === undefined || Number.isFinite(error.status)
)

describe("AuthError", () => {
  it("Errors: every tag of the table is here, and no other", () => {
    assert.deepStrictEqual([...new Set(errors.map(([error]) => error._tag))].sort(), [
      "AccessDenied",
      "Expired",
      "InvalidResponse",
      "RateLimited",
      "Unauthorized",
      "Unavailable"
    ])
    assert.lengthOf(AuthError.AuthError.members, 6)
  })

  it("Errors: RateLimited and Unavailable are retryable, all others are terminal", () => {
    for (const [error, isRetryable] of errors) {
      assert.strictEqual(error.isRetryable, isRetryable, error._tag)
    }
  })

  it("Errors: the message is the one that was given, also where an error is printed", () => {
    for (const [error] of errors) {
      assert.strictEqual(error.message, fields.message)
      assert.instanceOf(error, Error)
      assert.include(String(error), fields.message)
      assert.include(Cause.pretty(Cause.fail(error)), fields.message)
      assert.include(inspect(error), fields.message)
      assert.strictEqual(error.name, error._tag)
    }
  })

  it("Errors: what is known of an answer is carried", () => {
    const known = {
      ...fields,
      endpoint: "POST https://acme.example/token",
      status: 400,
      code: "c",
      requestId: "r"
    }
    const at = DateTime.unsafeMake(1_000)
    const made = [
      new AuthError.Expired({ ...known, credential: "refresh_token", expiredAt: at }),
      new AuthError.Unauthorized(known),
      new AuthError.AccessDenied(known),
      new AuthError.RateLimited({ ...known, retryAfter: at }),
      new AuthError.Unavailable({ ...known, retryAfter: at, neverSent: true }),
      new AuthError.InvalidResponse(known)
    ]
    for (const error of made) {
      assert.deepInclude(error, { ...known })
    }
  })

  it.effect("Errors: they fail an Effect by themselves, and are caught by their tag", () =>
    Effect.gen(function* () {
      const failing: Effect.Effect<never, AuthError.AuthError> = new AuthError.Unauthorized(fields)
      const caught = yield* failing.pipe(
        Effect.catchTags({
          Expired: () => Effect.succeed("expired"),
          Unauthorized: (error) => Effect.succeed(error.message)
        })
      )
      assert.strictEqual(caught, fields.message)
    })
  )

  describe("isAuthError", () => {
    it("Errors: the shared mark tells them from everything else", () => {
      for (const [error] of errors) {
        assert.isTrue(AuthError.isAuthError(error))
      }
      for (const other of [
        undefined,
        null,
        "Expired",
        {},
        { _tag: "Expired" },
        new Error("Expired"),
        new HttpClientError.RequestError({ request, reason: "Transport" }),
        JSON.parse(JSON.stringify(errors[0]?.[0]))
      ]) {
        assert.isFalse(AuthError.isAuthError(other))
      }
    })
  })

  describe("schema", () => {
    it.prop(
      "Errors: every error travels as JSON and comes back as itself",
      { error: anyError },
      ({ error }) => {
        const wire: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(AuthError.AuthError)(error)))
        const decoded = Schema.decodeUnknownSync(AuthError.AuthError)(wire)
        assert.deepStrictEqual(
          JSON.parse(JSON.stringify(Schema.encodeSync(AuthError.AuthError)(decoded))),
          wire
        )
        assert.isTrue(AuthError.isAuthError(decoded))
        assert.strictEqual(decoded._tag, error._tag)
        assert.strictEqual(decoded.isRetryable, error.isRetryable)
        assert.strictEqual(decoded.message, error.message)
        assert.strictEqual(decoded.constructor, error.constructor)
      },
      runs
    )

    it("R15: nothing travels but the fields of the schema", () => {
      const wire = Schema.encodeSync(AuthError.AuthError)(
        new AuthError.Unauthorized({ ...fields, status: 401 })
      )
      assert.deepStrictEqual(JSON.parse(JSON.stringify(wire)), {
        _tag: "Unauthorized",
        ...fields,
        status: 401
      })
    })
  })

  describe("toHttpClientError", () => {
    it("Errors: only a retryable error has the reason Transport", () => {
      for (const error of retryable) {
        assert.strictEqual(AuthError.toHttpClientError(error, request).reason, "Transport", error._tag)
      }
      for (const error of terminal) {
        assert.notStrictEqual(AuthError.toHttpClientError(error, request).reason, "Transport", error._tag)
      }
    })

    it.prop(
      "Errors: fromHttpClientError gets back the very error",
      { error: anyError },
      ({ error }) => {
        const wrapped = AuthError.toHttpClientError(error, request)
        assert.isTrue(HttpClientError.isHttpClientError(wrapped))
        assert.strictEqual(wrapped._tag, "RequestError")
        assert.strictEqual(wrapped.request, request)
        assert.strictEqual(wrapped.description, error.message)
        assert.strictEqual(wrapped.reason === "Transport", error.isRetryable)
        assert.strictEqual(Option.getOrThrow(AuthError.fromHttpClientError(wrapped)), error)
      },
      runs
    )

    for (const [error, isRetryable] of errors.slice(1)) {
      it.effect(
        `Errors: HttpClient.retryTransient ${isRetryable ? "repeats" : "leaves alone"} ${error._tag}`,
        () =>
          Effect.gen(function* () {
            let sent = 0
            const client = HttpClient.make((request) =>
              Effect.suspend(() => {
                sent += 1
                return Effect.fail(AuthError.toHttpClientError(error, request))
              })
            ).pipe(HttpClient.retryTransient({ times: 3 }))
            const failure = yield* Effect.flip(AuthError.surface(client.execute(request)))
            assert.strictEqual(failure, error)
            assert.strictEqual(sent, isRetryable ? 4 : 1)
          })
      )
    }
  })

  describe("fromHttpClientError", () => {
    it("Errors: none, where the failure was another", () => {
      for (const other of [
        undefined,
        new Error("boom"),
        terminal[0],
        { _tag: "RequestError", cause: terminal[0] },
        new Error("wrapped", { cause: terminal[0] }),
        new HttpClientError.RequestError({ request, reason: "Transport" }),
        new HttpClientError.RequestError({ request, reason: "Transport", cause: new Error("ECONNRESET") }),
        new HttpClientError.ResponseError({
          request,
          response: HttpClientResponse.fromWeb(request, new Response("")),
          reason: "Decode"
        })
      ]) {
        assert.isTrue(Option.isNone(AuthError.fromHttpClientError(other)))
      }
    })
  })

  describe("surface", () => {
    it.effect("Errors: lifts the AuthError into the typed channel, where catchTags sees it", () =>
      Effect.gen(function* () {
        for (const [error] of errors) {
          const wrapped = Effect.fail(AuthError.toHttpClientError(error, request))
          assert.strictEqual(yield* Effect.flip(AuthError.surface(wrapped)), error)
        }
        const caught = yield* AuthError.surface(
          Effect.fail(AuthError.toHttpClientError(new AuthError.AccessDenied(fields), request))
        ).pipe(Effect.catchTag("AccessDenied", (error) => Effect.succeed(error.provider)))
        assert.strictEqual(caught, "acme")
      })
    )

    it.effect("Errors: leaves other failures, defects, interruption and success as they are", () =>
      Effect.gen(function* () {
        const other = new HttpClientError.RequestError({ request, reason: "Transport" })
        assert.strictEqual(yield* Effect.flip(AuthError.surface(Effect.fail(other))), other)
        assert.strictEqual(yield* Effect.flip(AuthError.surface(Effect.fail("own"))), "own")
        assert.strictEqual(yield* AuthError.surface(Effect.succeed(1)), 1)
        const defect = new Error("defect")
        const died = yield* Effect.exit(AuthError.surface(Effect.die(defect)))
        assert.strictEqual(
          Option.getOrUndefined(Cause.dieOption(Exit.isFailure(died) ? died.cause : Cause.empty)),
          defect
        )
        assert.isTrue(Exit.isInterrupted(yield* Effect.exit(AuthError.surface(Effect.interrupt))))
      })
    )
  })
})
