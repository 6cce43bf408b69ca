import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { it } from "../../testing/src/SettledTest.ts"
import * as TestFlow from "./support/testFlow.ts"

const hour = 3_600_000

const tokens = (over: Partial<ConstructorParameters<typeof TokenSet.TokenSet>[0]> = {}) =>
  new TokenSet.TokenSet({
    accessToken: Redacted.make("access"),
    tokenType: "Bearer",
    issuedAt: 0,
    expiresAt: hour,
    refreshToken: Option.none(),
    scope: Option.none(),
    origin: Option.none(),
    ...over
  })

/** What a flow may build by hand, or find in a store that somebody else writes to. */
const flaws: ReadonlyArray<readonly [name: string, tokens: TokenSet.TokenSet, says: string]> = [
  ["a token with a line break", tokens({ accessToken: Redacted.make("a\r\nx: y") }), "Authorization header"],
  ["a type with a line break", tokens({ tokenType: "Bearer\r\nx-evil: 1\r\ny:" }), "token type"],
  ["a type with a blank", tokens({ tokenType: "Bearer x" }), "token type"],
  ["a type with a colon", tokens({ tokenType: "Bearer:" }), "token type"],
  ["a type beyond ASCII", tokens({ tokenType: "Béarer" }), "token type"],
  ["an infinite lifetime", tokens({ expiresAt: Number.POSITIVE_INFINITY }), "not finite"],
  ["an end that is no number", tokens({ expiresAt: Number.NaN }), "not finite"],
  ["a beginning that is no number", tokens({ issuedAt: Number.NaN }), "not finite"],
  ["a beginning before all time", tokens({ issuedAt: Number.NEGATIVE_INFINITY }), "not finite"],
  ["an end before its beginning", tokens({ issuedAt: hour, expiresAt: hour - 1 }), "not positive"],
  ["an end at its beginning", tokens({ issuedAt: hour, expiresAt: hour }), "not positive"]
]

const flowOf = (answer: TokenSet.TokenSet, options: Partial<AuthFlow.Options> = {}) =>
  AuthFlow.make({
    provider: "test",
    key: "test-key",
    apiUrl: "https://api.test.example",
    credential: Effect.succeed(Redacted.make("secret")),
    login: () => Effect.succeed(answer),
    ...options
  })

describe("a token set that cannot be used", () => {
  for (const [name, flawed, says] of flaws) {
    it.scoped(`R1, R14: ${name} is refused where a flow hands it on, and is not repeated`, () =>
      Effect.gen(function* () {
        const manager = yield* Effect.flatMap(flowOf(flawed), (flow) =>
          TokenManager.make(flow, { policy: { mintDeadline: "1 second" } })
        )
        const error = yield* Effect.flip(TestFlow.during("1 second", manager.get))
        assert.strictEqual(error._tag, "InvalidResponse")
        assert.include(error.message, says)
        assert.notInclude(error.message, "x-evil")
        assert.isTrue(Option.isNone((yield* manager.status).expiresAt))
      })
    )

    it.scoped(`R1, R14: ${name} is not served from a store, whatever the store`, () =>
      Effect.gen(function* () {
        const store = yield* TokenStore.makeMemory
        yield* store.save("test-key", flawed, 0)
        const flow = yield* flowOf(tokens({ accessToken: Redacted.make("minted") }))
        const manager = yield* Effect.provideService(TokenManager.make(flow), TokenStore.TokenStore, store)
        assert.strictEqual(Redacted.value((yield* manager.get).value), "minted")
      })
    )

    it.effect(`R1, R14: ${name} is no record: it is neither written nor read as text`, () =>
      Effect.gen(function* () {
        const written = yield* Effect.flip(TokenStore.encodeTokens(flawed))
        assert.strictEqual(written.reason, "corrupt")
        const text = (yield* TokenStore.encodeTokens(tokens()))
          .replace('"access"', JSON.stringify(Redacted.value(flawed.accessToken)))
          .replace('"Bearer"', JSON.stringify(flawed.tokenType))
          .replace('"issuedAt":0', `"issuedAt":${number(flawed.issuedAt)}`)
          .replace(`"expiresAt":${hour}`, `"expiresAt":${number(flawed.expiresAt)}`)
        const read = yield* Effect.flip(TokenStore.decodeTokens(text))
        assert.strictEqual(read.reason, "corrupt")
        assert.notInclude(read.message, "x-evil")
        const records = yield* Effect.provide(KeyValueStore.KeyValueStore, KeyValueStore.layerMemory)
        yield* records.set("test-key", `{"version":1,"tokens":${text}}`)
        const store = yield* Effect.provideService(
          TokenStore.makeKeyValueStore,
          KeyValueStore.KeyValueStore,
          records
        )
        assert.strictEqual((yield* Effect.flip(store.load("test-key"))).reason, "corrupt")
      })
    )
  }

  it.scoped("RFC 9110: any scheme that can stand in a header is a flow's own business", () =>
    Effect.gen(function* () {
      for (const tokenType of ["DPoP", "token", "AWS4-HMAC-SHA256", "x_y.z!~"]) {
        const manager = yield* Effect.flatMap(flowOf(tokens({ tokenType })), (flow) =>
          TokenManager.make(flow)
        )
        assert.strictEqual((yield* manager.get).tokenType, tokenType)
      }
    })
  )

  for (const expiresAt of [Number.NaN, Number.POSITIVE_INFINITY]) {
    it.scoped(`R5: a refresh token whose end is ${expiresAt} is kept, and lives until it is refused`, () =>
      Effect.gen(function* () {
        const refreshToken = new TokenSet.RefreshToken({
          value: Redacted.make("refresh"),
          expiresAt: Option.some(expiresAt)
        })
        const text = yield* TokenStore.encodeTokens(tokens({ refreshToken: Option.some(refreshToken) }))
        const read = Option.getOrThrow((yield* TokenStore.decodeTokens(text)).refreshToken)
        assert.isTrue(Option.isNone(read.expiresAt))
        assert.strictEqual(Redacted.value(read.value), "refresh")

        const presented: Array<string> = []
        const flow = yield* flowOf(tokens({ refreshToken: Option.some(refreshToken), expiresAt: 1_000 }), {
          refresh: (grant) =>
            Effect.sync(() => {
              presented.push(Redacted.value(grant.refreshToken.value))
              return tokens({ issuedAt: 1_000, expiresAt: hour })
            })
        })
        const manager = yield* TokenManager.make(flow)
        yield* manager.get
        yield* TestFlow.during("1 second", Effect.void)
        yield* manager.get
        assert.deepStrictEqual(presented, ["refresh"])
      })
    )
  }
})

/** JSON has no word for what is not finite, but for one that is too large. */
const number = (value: number): string =>
  Number.isNaN(value) ? "null" : Number.isFinite(value) ? String(value) : `${value < 0 ? "-" : ""}1e999`
