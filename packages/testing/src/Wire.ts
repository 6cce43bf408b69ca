/**
 * What one provider's sandbox has to say of itself: its routes, and pure functions from a request
 * to a decision and from a minted token set to an answer. All else, tokens, expiry, faults, the
 * ledger, is the machinery of {@link Definition}'s user, `Sandbox.make`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Endpoint } from "./Ledger.ts"

/**
 * A request as it arrived, read to its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxRequest {
  readonly method: string
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * An answer. The sandbox adds `date`, and `content-type: application/json` where there is none.
 *
 * @since 0.1.0
 * @category models
 */
export interface SandboxResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * A token, as the provider knows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Token {
  readonly value: string
  /** The number in its name: the first access token is 1, and so is the first refresh token. */
  readonly number: number
  /** Milliseconds from its minting to its end. */
  readonly lifetime: number
  /** Its end in epoch milliseconds by the provider's clock, which may be skewed. */
  readonly expiresAt: number
}

/**
 * What a mint brings: an access token, and a refresh token if there is a new one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Minted {
  readonly accessToken: Token
  readonly refreshToken: Option.Option<Token>
}

/**
 * Why a token is no good. `missing`: none came, or none that could be read; `unknown`: not one that
 * the sandbox minted, or not the one that is wanted; `spent`: a rotation used it up; `refused`: all
 * are, for now.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rejection {
  readonly why: "missing" | "unknown" | "expired" | "revoked" | "spent" | "refused"
  /** When it was looked at, in epoch milliseconds by the provider's clock, which may be skewed. */
  readonly at: number
  /** When it expired, was revoked or was spent, by the same clock; none if it has not ended. */
  readonly endedAt: Option.Option<number>
}

/**
 * What a client authenticated with at an endpoint that is no login, and the answer if that is wrong.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: string
  readonly refused: SandboxResponse
}

/**
 * What a route makes of a request. The machinery looks the credentials up, mints, writes the ledger
 * and picks the answer.
 *
 * - `Login`: these credentials were presented for a token.
 * - `Refresh`: this refresh token was. `accessToken` is what came along, where the provider wants the
 *   access token as well: only one that was minted with this refresh token, or by it, will do, dead
 *   or alive. Left out: the provider wants none. `client` is what the client authenticated with, where it
 *   must (RFC 6749, section 6); it is looked at first.
 * - `Validate`: the access token in the `Authorization` header is asked about; a bad one is answered
 *   by {@link Definition.rejected}.
 * - `Discover`: the metadata of the server was asked for.
 * - `Revoke`: this token is to be revoked (RFC 7009). A token that was never ours is none any more.
 * - `Refuse`: the request breaks the wire format; `why` goes to the ledger.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision = Data.TaggedEnum<{
  Login: {
    readonly clientId: string
    readonly clientSecret: string
    readonly granted: (minted: Minted) => SandboxResponse
    readonly refused: SandboxResponse
  }
  Refresh: {
    readonly refreshToken: string
    readonly accessToken?: Option.Option<string> | undefined
    readonly client?: ClientCredentials | undefined
    readonly granted: (minted: Minted) => SandboxResponse
    readonly refused: (rejection: Rejection) => SandboxResponse
  }
  Validate: { readonly valid: SandboxResponse }
  Discover: { readonly document: SandboxResponse }
  Revoke: {
    readonly token: string
    readonly client?: ClientCredentials | undefined
    readonly done: SandboxResponse
  }
  Refuse: { readonly why: string; readonly response: SandboxResponse }
}>

/**
 * The constructors of {@link Decision}, by tag.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Decision = Data.taggedEnum<Decision>()

/**
 * One token endpoint.
 *
 * @since 0.1.0
 * @category models
 */
export interface Route {
  readonly endpoint: Exclude<Endpoint, "api">
  /** Another method is answered with 405. */
  readonly method: string
  readonly path: string
  /** Where one path serves two endpoints: whether a request is for this one. Default: it is. */
  readonly matches?: ((request: SandboxRequest) => boolean) | undefined
  readonly decide: (request: SandboxRequest) => Decision
}

/**
 * One provider: its wire, and the defaults of its sandbox.
 *
 * @since 0.1.0
 * @category models
 */
export interface Definition {
  /** In the names of tokens and credentials: `autopay`. */
  readonly provider: string
  /** Where its token endpoints are: `https://api-auth.autopay.io`. */
  readonly tokenOrigin: string
  /** Where its API is; may be the same. */
  readonly apiOrigin: string
  readonly routes: ReadonlyArray<Route>
  readonly accessLifetime: Duration.DurationInput
  /** None: the provider has no refresh tokens. */
  readonly refreshLifetime?: Duration.DurationInput | undefined
  /** Whether a refresh spends its refresh token and brings a new one. Default: false. */
  readonly rotates?: boolean | undefined
  /**
   * Whether the reuse of a spent refresh token revokes its grant: all that descends from the login or
   * the issue that it descends from, refresh and access tokens alike (RFC 9700, section 4.14.2).
   * Default: false.
   */
  readonly revokesOnReuse?: boolean | undefined
  /** How the API, and a validation, answer a bad access token. */
  readonly rejected: (rejection: Rejection) => SandboxResponse
  /** Default: `<provider>-<kind>-<number>-<nonce>`. Must stay within `token68` (RFC 9110, section 11.2). */
  readonly tokenName?: ((kind: "access" | "refresh", number: number, nonce: string) => string) | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * An answer with a JSON body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): SandboxResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  // JSON.stringify answers undefined to what JSON cannot say, whatever its type claims.
  body: encoder.encode(JSON.stringify(body) ?? "")
})

/**
 * An answer with a text body, empty by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (
  status: number,
  body = "",
  headers: Readonly<Record<string, string>> = {}
): SandboxResponse => ({
  status,
  headers,
  body: encoder.encode(body)
})

/**
 * The body of a request or an answer as JSON; none if it is no JSON.
 *
 * @since 0.1.0
 * @category accessors
 */
export const parseJson = (message: { readonly body: Uint8Array }): Option.Option<unknown> =>
  Either.getRight(Either.try((): unknown => JSON.parse(decoder.decode(message.body))))

/**
 * The fields of a JSON object that was sent as `application/json`, or what is wrong with it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const jsonFields = (
  request: SandboxRequest
): Either.Either<{ readonly [field: string]: unknown }, string> =>
  /^application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")
    ? Option.match(Option.filter(parseJson(request), Predicate.isRecord), {
        onNone: () => Either.left("The request body must be a JSON object"),
        onSome: Either.right
      })
    : Either.left("Content-Type must be application/json")

/**
 * The token of an `Authorization: Bearer` header (RFC 6750, section 2.1).
 *
 * @since 0.1.0
 * @category accessors
 */
export const bearer = (request: SandboxRequest): Option.Option<string> =>
  Option.fromNullable(/^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers["authorization"] ?? "")?.[1])
