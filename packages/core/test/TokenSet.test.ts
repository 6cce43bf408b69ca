import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as Expiry from "../src/Expiry.ts"
import * as TokenSet from "../src/TokenSet.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"

const text = (characters: string, minLength: number, maxLength: number): FastCheck.Arbitrary<string> =>
  FastCheck.array(FastCheck.constantFrom(...characters), { minLength, maxLength }).map((chars) =>
    chars.join("")
  )

const token68 = FastCheck.tuple(text(alphabet, 1, 64), text("=", 0, 3)).map(
  ([body, padding]) => body + padding
)

/** A character that no token68 has; mostly those that a header, a log or a parser trips over. */
const foreign = FastCheck.oneof(
  FastCheck.constantFrom(
    ..."\0\t\n\v\f\r\x1b\x7f \"\\,;:()<>@[]{}?!#$%&'*^`|é\u00a0\u200b\u2028\ufeffА０😀\ud800"
  ),
  FastCheck.fullUnicode().filter((char) => !alphabet.includes(char) && char !== "=")
)

const answered: TokenSet.Answered = { accessToken: "access.token", lifetime: 3_600_000, sentAt: 1_000 }

/** Long, so that it cannot stand in some text by chance. */
const secret = text(alphabet, 24, 48)

const scope = FastCheck.option(FastCheck.string(), { nil: undefined })

const answer = FastCheck.record({
  accessToken: secret,
  lifetime: FastCheck.integer({ min: 1, max: 3_155_760_000_000 }),
  sentAt: FastCheck.integer({ min: 0, max: 4_102_444_800_000 }),
  tokenType: FastCheck.constantFrom(undefined, "bearer", "Bearer", "DPoP", "token"),
  refreshToken: FastCheck.option(FastCheck.oneof(secret, FastCheck.string({ minLength: 1 })), {
    nil: undefined
  }),
  refreshExpiresAt: FastCheck.option(FastCheck.integer({ min: 0, max: 8_640_000_000_000_000 }), {
    nil: undefined
  }),
  scope
})

const tokens = FastCheck.record({ answer, origin: FastCheck.option(secret) }).map(({ answer, origin }) =>
  TokenSet.startedFrom(
    Either.getOrThrow(TokenSet.fromAnswer(answer)),
    Option.map(Option.fromNullable(origin), Redacted.make)
  )
)

/** In plain: `assert.deepStrictEqual` sees neither what is redacted nor whether an Option is none. */
const plainRefreshToken = (tokens: TokenSet.TokenSet) =>
  Option.getOrUndefined(
    Option.map(tokens.refreshToken, (token) => ({
      value: Redacted.value(token.value),
      expiresAt: Option.getOrUndefined(token.expiresAt)
    }))
  )

const plainOrigin = (tokens: TokenSet.TokenSet) =>
  Option.getOrUndefined(Option.map(tokens.origin, Redacted.value))

const Text = Schema.parseJson(TokenSet.TokenSet)

describe("TokenSet", () => {
  describe("isToken68", () => {
    it.prop(
      "R14: every token68 is taken, and stands in a header as it is",
      { token: token68 },
      ({ token }) => {
        assert.isTrue(TokenSet.isToken68(token))
        assert.strictEqual(
          new Headers({ authorization: `Bearer ${token}` }).get("authorization"),
          `Bearer ${token}`
        )
      },
      runs
    )

    it.prop(
      "R14: a token with any other character is refused, wherever it stands",
      { before: text(alphabet, 0, 8), foreign, after: text(`${alphabet}=`, 0, 8) },
      ({ after, before, foreign }) => assert.isFalse(TokenSet.isToken68(before + foreign + after)),
      runs
    )

    it("R14: what no token68 is", () => {
      for (const token of [
        "",
        "=",
        "==",
        "=abc",
        "ab=c",
        "ab==c=",
        " abc",
        "abc ",
        "abc\n",
        "abc\r\nx-evil: 1",
        "Bearer abc",
        '"abc"',
        "abc,def",
        "abc\u0000",
        "аbc",
        "abc\ud800"
      ]) {
        assert.isFalse(TokenSet.isToken68(token), JSON.stringify(token))
      }
    })

    it("R14: what tokens look like", () => {
      for (const token of ["a", "abc==", "eyJhbGciOiJIUzI1NiJ9.e30.x-_", "sandbox_9f/+~", "live_0-.=", "0"]) {
        assert.isTrue(TokenSet.isToken68(token), token)
      }
    })
  })

  describe("fromAnswer", () => {
    it.prop(
      "R1: the expiry is the lifetime after the moment the request was sent",
      { answer },
      ({ answer }) => {
        const made = Either.getOrThrow(TokenSet.fromAnswer(answer))
        assert.strictEqual(Redacted.value(made.accessToken), answer.accessToken)
        assert.strictEqual(made.issuedAt, answer.sentAt)
        assert.strictEqual(made.expiresAt, answer.sentAt + answer.lifetime)
        assert.strictEqual(Option.getOrUndefined(made.scope), answer.scope)
        assert.deepStrictEqual(
          plainRefreshToken(made),
          answer.refreshToken === undefined
            ? undefined
            : { value: answer.refreshToken, expiresAt: answer.refreshExpiresAt }
        )
      },
      runs
    )

    it.prop(
      "R14: an access token that cannot be a header is a reason that does not repeat it",
      { before: text(alphabet, 12, 24), foreign, after: text(alphabet, 12, 24) },
      ({ after, before, foreign }) => {
        const made = TokenSet.fromAnswer({ ...answered, accessToken: before + foreign + after })
        assert.isTrue(Either.isLeft(made))
        const reason = Either.getOrThrow(Either.flip(made))
        assert.notInclude(reason, before)
        assert.notInclude(reason, after)
      },
      runs
    )

    it("R14: an empty access token is refused, and an empty refresh token is none", () => {
      assert.isTrue(Either.isLeft(TokenSet.fromAnswer({ ...answered, accessToken: "" })))
      const tokens = Either.getOrThrow(TokenSet.fromAnswer({ ...answered, refreshToken: "" }))
      assert.isTrue(Option.isNone(tokens.refreshToken))
    })

    it("R14: Bearer is written in one way, other schemes are kept, and what is none is refused", () => {
      const scheme = (tokenType: string | undefined) =>
        Either.map(TokenSet.fromAnswer({ ...answered, tokenType }), (tokens) => tokens.tokenType)
      for (const tokenType of [undefined, "bearer", "Bearer", "BEARER", "bEaReR"]) {
        assert.deepStrictEqual(scheme(tokenType), Either.right("Bearer"))
      }
      assert.deepStrictEqual(scheme("DPoP"), Either.right("DPoP"))
      assert.deepStrictEqual(scheme("N-A2"), Either.right("N-A2"))
      for (const tokenType of [
        "",
        " ",
        "Bearer ",
        " Bearer",
        "Bearer\n",
        "Bearer\r\nx: y",
        "B earer",
        "1a",
        "-a",
        "é",
        "a:b"
      ]) {
        assert.deepStrictEqual(
          scheme(tokenType),
          Either.left("the token type is not an authentication scheme"),
          JSON.stringify(tokenType)
        )
      }
    })
  })

  describe("keepRefreshToken", () => {
    it.prop(
      "R7: a refresh token of the answer wins; where there is none the old one is kept, with its expiry",
      { older: tokens, newer: tokens },
      ({ newer, older }) => {
        const kept = TokenSet.keepRefreshToken(newer, older.refreshToken)
        assert.deepStrictEqual(plainRefreshToken(kept), plainRefreshToken(newer) ?? plainRefreshToken(older))
        assert.isTrue(kept instanceof TokenSet.TokenSet)
        assert.strictEqual(kept.accessToken, newer.accessToken)
        assert.strictEqual(kept.tokenType, newer.tokenType)
        assert.strictEqual(kept.issuedAt, newer.issuedAt)
        assert.strictEqual(kept.expiresAt, newer.expiresAt)
        assert.strictEqual(kept.scope, newer.scope)
        assert.strictEqual(kept.origin, newer.origin)
      },
      runs
    )

    it("R7: the expiry of the old refresh token does not stick to a new one", () => {
      const older = Either.getOrThrow(
        TokenSet.fromAnswer({ ...answered, refreshToken: "old", refreshExpiresAt: 99 })
      )
      const newer = Either.getOrThrow(TokenSet.fromAnswer({ ...answered, refreshToken: "new" }))
      const kept = TokenSet.keepRefreshToken(newer, older.refreshToken)
      assert.deepStrictEqual(plainRefreshToken(kept), { value: "new", expiresAt: undefined })
    })
  })

  describe("startedFrom", () => {
    it.prop(
      "R7: the configured refresh token of the chain is remembered, and not forgotten for none",
      { tokens, origin: FastCheck.option(secret) },
      ({ origin, tokens }) => {
        const given = Option.map(Option.fromNullable(origin), Redacted.make)
        const made = TokenSet.startedFrom(tokens, given)
        assert.isTrue(made instanceof TokenSet.TokenSet)
        assert.strictEqual(plainOrigin(made), origin ?? plainOrigin(tokens))
        assert.isTrue(Equal.equals(new TokenSet.TokenSet({ ...made, origin: tokens.origin }), tokens))
      },
      runs
    )
  })

  describe("redaction", () => {
    /** Every way in which a value ends up in a log. */
    const surfaces = (value: unknown): ReadonlyArray<string> => [
      String(value),
      `${JSON.stringify(value)} ${JSON.stringify({ nested: [value] }, null, 2)}`,
      inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }),
      inspect({ nested: [value] }, { depth: Number.POSITIVE_INFINITY })
    ]

    it.prop(
      "R15: no token stands in toString, JSON or inspect",
      {
        answer: FastCheck.record({ accessToken: secret, refreshToken: secret }),
        origin: secret
      },
      ({ answer, origin }) => {
        const made = Either.getOrThrow(TokenSet.fromAnswer({ ...answered, ...answer, refreshExpiresAt: 5 }))
        const started = TokenSet.startedFrom(made, Option.some(Redacted.make(origin)))
        const kept = TokenSet.keepRefreshToken(
          Either.getOrThrow(TokenSet.fromAnswer({ ...answered, accessToken: answer.accessToken })),
          made.refreshToken
        )
        for (const value of [
          made,
          started,
          kept,
          made.refreshToken,
          made.accessToken,
          Either.right(made),
          Option.some(kept)
        ]) {
          for (const surface of surfaces(value)) {
            assert.notInclude(surface, answer.accessToken)
            assert.notInclude(surface, answer.refreshToken)
            assert.notInclude(surface, origin)
          }
        }
      },
      { fastCheck: { numRuns: 200 } }
    )
  })

  describe("schema", () => {
    it.prop(
      "R7: what is encoded as text decodes to the same token set",
      { tokens },
      ({ tokens }) => {
        const text = Schema.encodeSync(Text)(tokens)
        const decoded = Schema.decodeSync(Text)(text)
        assert.isTrue(decoded instanceof TokenSet.TokenSet)
        assert.isTrue(Equal.equals(decoded, tokens))
        assert.strictEqual(Redacted.value(decoded.accessToken), Redacted.value(tokens.accessToken))
        assert.deepStrictEqual(plainRefreshToken(decoded), plainRefreshToken(tokens))
        assert.strictEqual(plainOrigin(decoded), plainOrigin(tokens))
        assert.strictEqual(Schema.encodeSync(Text)(decoded), text)
      },
      runs
    )

    it.effect("R7: a record without a token, or with an empty one, does not decode", () =>
      Effect.gen(function* () {
        const record = { accessToken: "a", tokenType: "Bearer", issuedAt: 1, expiresAt: 2 }
        assert.isTrue(Either.isRight(yield* Effect.either(Schema.decodeUnknown(TokenSet.TokenSet)(record))))
        for (const broken of [
          { ...record, accessToken: "" },
          { ...record, accessToken: undefined },
          { ...record, tokenType: "" },
          { ...record, issuedAt: "1" },
          { ...record, expiresAt: null },
          { ...record, refreshToken: "r" },
          { ...record, refreshToken: { value: "" } }
        ]) {
          assert.isTrue(Either.isLeft(yield* Effect.either(Schema.decodeUnknown(TokenSet.TokenSet)(broken))))
        }
      })
    )
  })

  it.prop(
    "R2: the timeline of a token set is that of its lifetime, from the moment it was issued",
    { tokens, sample: FastCheck.double({ min: 0, max: 0.5, noNaN: true }) },
    ({ sample, tokens }) =>
      assert.deepStrictEqual(
        TokenSet.timeline(tokens, sample, { staleWindow: 7_000 }),
        Expiry.timeline(tokens.issuedAt, tokens.expiresAt - tokens.issuedAt, sample, { staleWindow: 7_000 })
      ),
    runs
  )
})
