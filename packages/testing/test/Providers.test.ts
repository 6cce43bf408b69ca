import { assert, describe } from "@effect/vitest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { Fault, Ledger, type Sandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { drivers, rotating } from "./support/drivers.ts"
import { codeOf, getWith, seen, worlds } from "./support/world.ts"

/** What a caller sees: a status and a body, or the code of a broken connection. */
type Seen = { readonly status: number; readonly body: string; readonly type: string | undefined } | string

const look = (response: HttpClientResponse.HttpClientResponse) =>
  Effect.map(response.text, (body): Seen => ({
    status: response.status,
    body,
    type: response.headers["content-type"]
  }))

const parses = (body: string) => Either.isRight(Either.try(() => JSON.parse(body)))

interface Case {
  readonly fault: Fault.Fault
  readonly handled: boolean
  readonly sees: (seen: Seen) => boolean
}

const answered =
  (check: (answer: Exclude<Seen, string>) => boolean): Case["sees"] =>
  (seen) =>
    typeof seen !== "string" && check(seen)

const reset: Case["sees"] = (seen) => seen === "ECONNRESET"

const cases: ReadonlyArray<Case> = [
  {
    fault: Fault.Status({ status: 503 }),
    handled: false,
    sees: answered(({ body, status }) => status === 503 && body === "")
  },
  {
    fault: Fault.Status({ status: 429, headers: { "Retry-After": "7" } }),
    handled: false,
    sees: answered(({ status }) => status === 429)
  },
  {
    fault: Fault.Html(),
    handled: false,
    sees: answered(({ status, type }) => status === 200 && type === "text/html")
  },
  {
    fault: Fault.Body({ body: "no", status: 418 }),
    handled: false,
    sees: answered(({ body, status }) => status === 418 && body === "no")
  },
  {
    fault: Fault.HugeBody({ bytes: 100_000 }),
    handled: false,
    sees: answered(({ body }) => body.length === 100_000)
  },
  {
    fault: Fault.Redirect({ location: "https://elsewhere.example/" }),
    handled: false,
    sees: answered(({ status }) => status === 302)
  },
  {
    fault: Fault.Truncated(),
    handled: true,
    sees: answered(({ body, status }) => status === 200 && body !== "" && !parses(body))
  },
  {
    fault: Fault.EmptyBody(),
    handled: true,
    sees: answered(({ body, status }) => status === 200 && body === "")
  },
  {
    fault: Fault.Patch({ f: (json) => Object.assign({}, json, { added: true }) }),
    handled: true,
    sees: answered(({ body, status }) => status === 200 && body.includes("n0nce") && body.includes("added"))
  },
  { fault: Fault.ResetBefore(), handled: false, sees: reset },
  { fault: Fault.ResetAfter(), handled: true, sees: reset }
]

/** Mints, reuses and refusals since the last look, so that each step is counted by itself. */
const since = (sandbox: Sandbox.Sandbox) =>
  Effect.map(Effect.zipLeft(sandbox.ledger, sandbox.clearLedger), (ledger) => {
    const { mints, refusals, reuses } = Ledger.count(ledger)
    return { mints, refusals, reuses }
  })

const one = { mints: 1, refusals: 0, reuses: 0 }
const none = { ...one, mints: 0 }

describe.each(worlds)("$name,", (world) => {
  describe.each(drivers)("$name", (driver) => {
    const spends = rotating.some(({ name }) => driver.name === `a refresh at ${name}`)
    const again = spends ? { mints: 0, refusals: 1, reuses: 1 } : one

    const setUp = Effect.gen(function* () {
      const sandbox = yield* driver.make
      const connection = yield* world.connect(sandbox)
      const issue = Effect.zipLeft(sandbox.issue, sandbox.clearLedger)
      const call = (issued: Effect.Effect.Success<typeof issue>, secret?: string) =>
        driver.mint(connection, sandbox, issued, secret).pipe(
          Effect.flatMap(look),
          Effect.catchAll((error) => Effect.succeed<Seen>(String(codeOf(error))))
        )
      return { sandbox, connection, issue, call }
    })

    it.scoped("mints, and can do it again only where nothing is spent", () =>
      Effect.gen(function* () {
        const { call, issue, sandbox } = yield* setUp
        const issued = yield* issue
        yield* call(issued)
        assert.deepStrictEqual(yield* since(sandbox), one)
        yield* call(issued)
        assert.deepStrictEqual(yield* since(sandbox), again)
      })
    )

    it.scoped("goes wrong in every way: what was handled is minted or spent, what was not is not", () =>
      Effect.gen(function* () {
        const { call, issue, sandbox } = yield* setUp
        for (const { fault, handled, sees } of cases) {
          const issued = yield* issue
          yield* sandbox.fault(driver.endpoint, fault)
          const seen = yield* call(issued)
          assert.isTrue(sees(seen), `${fault._tag}: ${JSON.stringify(seen)}`)
          assert.deepStrictEqual(yield* since(sandbox), handled ? one : none, fault._tag)
          yield* call(issued)
          assert.deepStrictEqual(yield* since(sandbox), handled ? again : one, `after ${fault._tag}`)
        }
      })
    )

    it.scoped("is slow: handled on arrival, for callers that leave as well", () =>
      Effect.gen(function* () {
        const { call, issue, sandbox } = yield* setUp
        const issued = yield* issue
        const latency = Duration.seconds(3)
        yield* sandbox.fault(driver.endpoint, Fault.Latency({ duration: latency }))
        const fiber = yield* Effect.fork(call(issued))
        yield* seen(sandbox, 2)
        yield* TestClock.adjust(latency)
        const answer = yield* Fiber.join(fiber)
        assert.propertyVal(answer, "status", 200)
        assert.deepStrictEqual(yield* since(sandbox), one)

        const other = yield* issue
        yield* sandbox.fault(driver.endpoint, Fault.Latency({ duration: latency }))
        const leaving = yield* Effect.fork(call(other))
        yield* seen(sandbox, 2)
        yield* Fiber.interrupt(leaving)
        assert.deepStrictEqual(yield* since(sandbox), one)
        yield* call(other)
        assert.deepStrictEqual(yield* since(sandbox), again)
      })
    )

    it.scoped("is never answered, and nothing is minted or spent", () =>
      Effect.gen(function* () {
        const { call, issue, sandbox } = yield* setUp
        const issued = yield* issue
        yield* sandbox.fault(driver.endpoint, Fault.Hang())
        const fiber = yield* Effect.fork(call(issued))
        yield* seen(sandbox, 1)
        yield* TestClock.adjust("1 minute")
        assert.isNull(fiber.unsafePoll())
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* since(sandbox), none)
        yield* call(issued)
        assert.deepStrictEqual(yield* since(sandbox), one)
      })
    )

    it.scoped("is told the time by a clock that may be wrong", () =>
      Effect.gen(function* () {
        const { connection, issue, sandbox } = yield* setUp
        yield* sandbox.skewClock("1 hour")
        const issued = yield* issue
        const ahead = yield* driver.mint(connection, sandbox, issued)
        assert.strictEqual(ahead.headers["date"], "Thu, 01 Jan 1970 01:00:00 GMT")
        assert.strictEqual((yield* sandbox.ledger)[0]?.at, 0)
      })
    )

    it.scoped("no longer does with a secret that was changed, or a refresh token that was revoked", () =>
      Effect.gen(function* () {
        const { call, issue, sandbox } = yield* setUp
        const issued = yield* issue
        yield* driver.endpoint === "login"
          ? sandbox.changeSecret(Redacted.make("changed"))
          : sandbox.revokeRefreshTokens
        yield* call(issued)
        assert.deepStrictEqual(yield* since(sandbox), { mints: 0, refusals: 1, reuses: 0 })
        yield* call(yield* issue, "changed")
        assert.deepStrictEqual(yield* since(sandbox), one)
      })
    )

    it.scoped("brings a token that the API takes, until it is revoked", () =>
      Effect.gen(function* () {
        const { call, connection, issue, sandbox } = yield* setUp
        const { accessToken, ...rest } = yield* issue
        yield* call({ accessToken, ...rest })
        const minted = accessToken.value.replace("-1-", "-2-")
        const get = Effect.map(
          getWith(connection.client, `${connection.apiUrl}/v1/x`, minted),
          ({ status }) => status
        )
        assert.strictEqual(yield* get, 200)
        yield* sandbox.fault("api", Fault.Html())
        yield* sandbox.fault("api", Fault.ResetAfter())
        assert.strictEqual(yield* get, 200)
        assert.strictEqual(codeOf(yield* Effect.flip(get)), "ECONNRESET")
        yield* sandbox.rejectAllTokens(true)
        assert.strictEqual(yield* get, 401)
        yield* sandbox.rejectAllTokens(false)
        yield* sandbox.revokeAccessTokens
        assert.strictEqual(yield* get, 401)
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { requests: 5, rejections: 2, faults: 2 })
      })
    )
  })
})
