/**
 * An access token and perhaps a refresh token, with their lifetimes; secrets redacted.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Expiry from "./Expiry.ts"

/**
 * A refresh token and, where the provider says it, the end of its life in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export class RefreshToken extends Schema.Class<RefreshToken>("@latchkey/core/TokenSet/RefreshToken")({
  value: Schema.Redacted(Schema.NonEmptyString),
  // JSON writes an infinite end, and one that is no number, as null: nothing is known of it.
  expiresAt: Schema.optionalWith(Schema.Number, { as: "Option", nullable: true })
}) {}

/**
 * What one mint brought: RFC 6749, section 5.1, with lifetimes resolved to instants.
 *
 * Encoding it (`Schema.encode`) writes the tokens in plain: that form is for a token store and
 * for nothing else.
 *
 * @since 0.1.0
 * @category models
 */
export class TokenSet extends Schema.Class<TokenSet>("@latchkey/core/TokenSet")({
  /** The access token, as the provider sent it. */
  accessToken: Schema.Redacted(Schema.NonEmptyString),
  /** The scheme of the `Authorization` header: `Bearer` for all that RFC 6750 covers. */
  tokenType: Schema.NonEmptyString,
  /** When the request that minted it was sent, in epoch milliseconds. */
  issuedAt: Schema.Number,
  /** When the access token expires, in epoch milliseconds. */
  expiresAt: Schema.Number,
  /** The refresh token, if there is one. */
  refreshToken: Schema.optionalWith(RefreshToken, { as: "Option" }),
  /** The granted scope, if the provider names it (RFC 6749, section 3.3). */
  scope: Schema.optionalWith(Schema.String, { as: "Option" }),
  /**
   * The configured refresh token that the first rotation of this chain spent: whoever is configured
   * with it, now or after a restart, must not send it again (R7).
   */
  origin: Schema.optionalWith(Schema.Redacted(Schema.NonEmptyString), { as: "Option" })
}) {}

/** RFC 9110, section 11.2: the only form of a credential that is safe as one header value. */
const token68 = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Whether a string can stand in an `Authorization` header as it is (R14): `token68` of RFC 9110,
 * section 11.2. Control characters, blanks and quotes cannot.
 *
 * @since 0.1.0
 * @category guards
 */
export const isToken68 = (token: string): boolean => token68.test(token)

/**
 * The access and the refresh token of an answer, before their lifetimes are resolved.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered {
  /** The access token, in plain. */
  readonly accessToken: string
  /** Its lifetime in milliseconds, measured from `sentAt`. */
  readonly lifetime: number
  /** When the request was sent, in epoch milliseconds. */
  readonly sentAt: number
  /** The scheme; default `Bearer`. */
  readonly tokenType?: string | undefined
  /** The refresh token, in plain, if the answer brought one; an empty one is none. */
  readonly refreshToken?: string | undefined
  /** The end of the refresh token's life in epoch milliseconds, if the answer said it. */
  readonly refreshExpiresAt?: number | undefined
  /** The granted scope, if the answer names it. */
  readonly scope?: string | undefined
}

/** `bearer`, `BEARER`: the scheme is case-insensitive (RFC 9110, section 11.1), some APIs are not. */
const scheme = (tokenType: string | undefined): string =>
  tokenType === undefined || tokenType.toLowerCase() === "bearer" ? "Bearer" : tokenType

/**
 * Builds a token set from an answer. A token that cannot be a header, a scheme that is none: a reason,
 * which never repeats the value. An empty refresh token is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromAnswer = (answer: Answered): Either.Either<TokenSet, string> => {
  if (!isToken68(answer.accessToken)) {
    return Either.left("the access token has characters that no Authorization header can carry")
  }
  const tokenType = scheme(answer.tokenType)
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(tokenType)) {
    return Either.left("the token type is not an authentication scheme")
  }
  return Either.right(
    new TokenSet({
      accessToken: Redacted.make(answer.accessToken),
      tokenType,
      issuedAt: answer.sentAt,
      expiresAt: answer.sentAt + answer.lifetime,
      refreshToken: Option.map(
        Option.filter(Option.fromNullable(answer.refreshToken), (value) => value !== ""),
        (value) =>
          new RefreshToken({
            value: Redacted.make(value),
            expiresAt: Option.fromNullable(answer.refreshExpiresAt)
          })
      ),
      scope: Option.fromNullable(answer.scope),
      origin: Option.none()
    })
  )
}

/**
 * The token set with the refresh token of an older one, and that one's expiry, where the newer
 * brought none (RFC 6749, section 6; R7).
 *
 * @since 0.1.0
 * @category combinators
 */
export const keepRefreshToken = (self: TokenSet, refreshToken: Option.Option<RefreshToken>): TokenSet =>
  Option.isSome(self.refreshToken) || Option.isNone(refreshToken)
    ? self
    : new TokenSet({ ...self, refreshToken }, { disableValidation: true })

/**
 * The token set with the configured refresh token that its chain of rotations started from.
 *
 * @since 0.1.0
 * @category combinators
 */
export const startedFrom = (self: TokenSet, origin: Option.Option<Redacted.Redacted<string>>): TokenSet =>
  Option.isNone(origin) ? self : new TokenSet({ ...self, origin }, { disableValidation: true })

/**
 * The timeline of a token set under a policy (R2); `sample` is its jitter, from 0 to 0.5.
 *
 * @since 0.1.0
 * @category accessors
 */
export const timeline = (self: TokenSet, sample: number, overrides?: Expiry.Overrides): Expiry.Timeline =>
  Expiry.timeline(self.issuedAt, self.expiresAt - self.issuedAt, sample, overrides)
