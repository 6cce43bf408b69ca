import * as TokenStore from "@latchkey/core/TokenStore"
import { Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import { it } from "@latchkey/testing/SettledTest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import type * as OAuth2 from "../src/OAuth2.ts"
import { connect, failure, formOf, issuer, nonce, options, recorded, tokenUrl } from "./support/fixture.ts"

const { tokenUrl: _, ...withoutUrl } = options
const mine = Redacted.make(`mine-${nonce}`)

/** A person's refresh token, and a login as the application. */
const person = { ...options, refreshToken: mine, login: true } satisfies OAuth2.Options

const issued = (number: number, more: Readonly<Record<string, unknown>> = {}): Wire.SandboxResponse =>
  Wire.json(200, {
    access_token: `access-${number}-${nonce}`,
    token_type: "Bearer",
    expires_in: 3600,
    refresh_token: `refresh-${number}-${nonce}`,
    ...more
  })

const html: Wire.SandboxResponse = {
  status: 200,
  headers: { "content-type": "text/html" },
  body: new TextEncoder().encode("<html>sign in</html>")
}

/** A token endpoint that answers with these one after the other, the last one for good; and what it was asked. */
const serving = (...answers: ReadonlyArray<Effect.Effect<Wire.SandboxResponse>>) =>
  Effect.gen(function* () {
    let asked = 0
    const { network, requests } = yield* recorded(() =>
      Effect.suspend(() => answers[Math.min(asked++, answers.length - 1)] ?? Effect.never)
    )
    return { network, forms: Effect.map(requests, (all) => all.map(formOf)) }
  })

const granted = (forms: ReadonlyArray<URLSearchParams>) =>
  forms.map((form) => [form.get("grant_type"), form.get("refresh_token") ?? ""].join(" ").trim())

const refreshed = `refresh_token mine-${nonce}`

describe("R8: what was never sent leaves a person's refresh token as it was", () => {
  it.scoped("R8: a secret that hangs two flights: no login follows", () =>
    Effect.gen(function* () {
      let hangs = true
      const { forms, network } = yield* serving(Effect.succeed(issued(1)))
      const { manager } = yield* connect(network, {
        ...person,
        clientSecret: Effect.suspend(() =>
          hangs ? Effect.never : Effect.succeed(Redacted.make(`secret-${nonce}`))
        )
      })
      for (let flight = 0; flight < 2; flight++) {
        yield* failure(manager)
      }
      assert.isEmpty(yield* forms)
      hangs = false
      yield* TestClock.adjust("1 minute")
      yield* manager.get
      assert.deepStrictEqual(granted(yield* forms), [refreshed])
    })
  )

  for (const [name, document] of [
    ["hangs", Effect.never],
    ["is HTML", Effect.succeed(html)],
    ["is away", Effect.succeed(Wire.json(503, {}))]
  ] as const) {
    it.scoped(`R8: metadata that ${name} for two flights: no login follows`, () =>
      Effect.gen(function* () {
        let isBroken = true
        const { network, requests } = yield* recorded(({ method }) =>
          method === "POST"
            ? Effect.succeed(issued(1))
            : isBroken
              ? document
              : Effect.succeed(Wire.json(200, { issuer, token_endpoint: tokenUrl }))
        )
        const { manager } = yield* connect(network, {
          ...withoutUrl,
          issuer,
          refreshToken: mine,
          login: true
        })
        const posts = Effect.map(requests, (all) => all.filter(({ method }) => method === "POST").map(formOf))
        for (let flight = 0; flight < 2; flight++) {
          yield* failure(manager)
          yield* TestClock.adjust("1 minute")
        }
        assert.isEmpty(yield* posts)
        isBroken = false
        yield* TestClock.adjust("10 minutes")
        yield* manager.get
        assert.deepStrictEqual(granted(yield* posts), [refreshed])
      })
    )
  }
})

/** However a server spells it. */
const refusals: ReadonlyArray<readonly [name: string, answer: Wire.SandboxResponse]> = [
  ["401 invalid_token", Wire.json(401, { error: "invalid_token" })],
  ["400 invalid_request", Wire.json(400, { error: "invalid_request" })],
  ["400 with an unknown code", Wire.json(400, { error: "refresh_token_not_found" })],
  ["403 access_denied", Wire.json(403, { error: "access_denied" })],
  ["200 with an unknown code", Wire.json(200, { error: "token_is_gone" })]
]

/** And these say that the refresh token has ended. */
const ends: ReadonlyArray<readonly [name: string, answer: Wire.SandboxResponse]> = [
  ["400 invalid_grant", Wire.json(400, { error: "invalid_grant" })],
  ["401 invalid_grant", Wire.json(401, { error: "invalid_grant" })],
  ["403 invalid_grant", Wire.json(403, { error: "invalid_grant" })],
  ["200 invalid_grant", Wire.json(200, { error: "invalid_grant" })]
]

describe("R6: a refused refresh of a flow that can log in", () => {
  for (const [name, answer] of [...refusals, ...ends]) {
    it.scoped(`R6: ${name}: one login of the same account`, () =>
      Effect.gen(function* () {
        const { forms, network } = yield* serving(
          Effect.succeed(issued(1)),
          Effect.succeed(answer),
          Effect.succeed(issued(2))
        )
        const { manager } = yield* connect(network, { ...options, rotates: true })
        yield* manager.get
        yield* TestClock.adjust("1 hour")
        yield* manager.get
        assert.deepStrictEqual(granted(yield* forms), [
          "client_credentials",
          `refresh_token refresh-1-${nonce}`,
          "client_credentials"
        ])
      })
    )
  }

  for (const [name, answer] of ends) {
    it.scoped(`R6: ${name}: a login as the application follows at once`, () =>
      Effect.gen(function* () {
        const { forms, network } = yield* serving(Effect.succeed(answer), Effect.succeed(issued(1)))
        const { manager } = yield* connect(network, person)
        yield* manager.get
        assert.deepStrictEqual(granted(yield* forms), [refreshed, "client_credentials"])
      })
    )
  }

  for (const [name, answer] of refusals) {
    it.scoped(`R6: ${name}: a login as the application follows the second in a row`, () =>
      Effect.gen(function* () {
        const { forms, network } = yield* serving(
          Effect.succeed(answer),
          Effect.succeed(answer),
          Effect.succeed(issued(1))
        )
        const { manager } = yield* connect(network, person)
        yield* failure(manager)
        assert.deepStrictEqual(granted(yield* forms), [refreshed])
        yield* TestClock.adjust("10 minutes")
        yield* manager.get
        assert.deepStrictEqual(granted(yield* forms), [refreshed, refreshed, "client_credentials"])
      })
    )
  }
})

describe("refusals: what the codes of a server mean", () => {
  it.scoped("one that means Expired ends the refresh token, and a login follows", () =>
    Effect.gen(function* () {
      const { forms, network } = yield* serving(
        Effect.succeed(Wire.json(400, { error: "token_expired" })),
        Effect.succeed(issued(1))
      )
      const { manager } = yield* connect(network, { ...person, refusals: { token_expired: "Expired" } })
      yield* manager.get
      assert.deepStrictEqual(granted(yield* forms), [refreshed, "client_credentials"])
    })
  )

  it.scoped("without a login it is Expired, and is never sent again", () =>
    Effect.gen(function* () {
      const { forms, network } = yield* serving(Effect.succeed(Wire.json(418, { error: "token_expired" })))
      const { manager } = yield* connect(network, {
        ...options,
        refreshToken: mine,
        refusals: { token_expired: "Expired" }
      })
      for (let flight = 0; flight < 3; flight++) {
        assert.strictEqual((yield* failure(manager))._tag, "Expired")
        yield* TestClock.adjust("10 minutes")
      }
      assert.lengthOf(yield* forms, 1)
    })
  )

  it.scoped("one that means Unavailable is tried again, though the status says no", () =>
    Effect.gen(function* () {
      const { forms, network } = yield* serving(
        Effect.succeed(Wire.json(400, { error: "busy" })),
        Effect.succeed(issued(1))
      )
      const { manager } = yield* connect(network, {
        ...options,
        refusals: { busy: "Unavailable" },
        policy: { retry: Schedule.recurs(1) }
      })
      yield* manager.get
      assert.lengthOf(yield* forms, 2)
    })
  )

  it.scoped("at a login no code means that a refresh token has ended", () =>
    Effect.gen(function* () {
      const { network } = yield* serving(Effect.succeed(Wire.json(400, { error: "token_expired" })))
      const { manager } = yield* connect(network, { ...options, refusals: { token_expired: "Expired" } })
      assert.strictEqual((yield* failure(manager))._tag, "Unauthorized")
    })
  )
})

describe("R7: a refresh token that came with an answer that is refused", () => {
  for (const [name, flaw] of [
    ["a lifetime that is over", { expires_in: -1 }],
    ["a type that is not Bearer", { token_type: "DPoP" }],
    ["no access token", { access_token: undefined }]
  ] as const) {
    it.scoped(`R7: ${name}: it is sent next, also by another process over the same store`, () =>
      Effect.gen(function* () {
        const store = yield* TokenStore.makeMemory
        const { forms, network } = yield* serving(
          Effect.succeed(issued(1, flaw)),
          Effect.succeed(issued(2, flaw)),
          Effect.succeed(issued(3))
        )
        const rotating = { ...options, refreshToken: mine }
        const first = yield* connect(network, rotating, store)
        assert.strictEqual((yield* failure(first.manager))._tag, "InvalidResponse")
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual((yield* failure(first.manager))._tag, "InvalidResponse")
        const record = Option.getOrThrow(yield* store.load(first.manager.flow.key))
        assert.strictEqual(
          Redacted.value(Option.getOrThrow(record.tokens.refreshToken).value),
          `refresh-2-${nonce}`
        )
        const second = yield* connect(network, rotating, store)
        const token = yield* second.manager.get
        assert.strictEqual(Redacted.value(token.value), `access-3-${nonce}`)
        assert.deepStrictEqual(granted(yield* forms), [
          refreshed,
          `refresh_token refresh-1-${nonce}`,
          `refresh_token refresh-2-${nonce}`
        ])
      })
    )
  }
})
