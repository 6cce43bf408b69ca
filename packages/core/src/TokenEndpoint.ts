/**
 * One exchange with a provider's token endpoint, and the one table from its answer to a typed
 * error. What a provider package builds its login and its refresh from.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AuthError from "./AuthError.ts"
import * as Expiry from "./Expiry.ts"
import * as TokenSet from "./TokenSet.ts"
import { instant } from "./internal/instant.ts"
import { mentions } from "./internal/mentions.ts"
import { parseUrl } from "./internal/parseUrl.ts"
import { rescue } from "./internal/rescued.ts"
import { httpDate, retryAfter } from "./internal/retryAfter.ts"
import { scrubCause } from "./internal/scrub.ts"
import * as Sending from "./internal/sending.ts"
import { advice as whyAdvice, reasonOf } from "./internal/unreachable.ts"

/**
 * One call of a token endpoint: what it is, for errors, and what it presents.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  /** The provider's name. */
  readonly provider: string
  /** Which operation the call belongs to. */
  readonly operation: "login" | "refresh" | "validate" | "revoke"
  /** The request, secrets and all. It never appears in an error. */
  readonly request: HttpClientRequest.HttpClientRequest
  /**
   * What the request authenticates with: decides whether a plain 401 rejects the client
   * (`Unauthorized`) or the refresh token (`Expired`).
   */
  readonly credential: "client" | "refresh_token" | "access_token"
  /** The secrets in the request: no field of an error may repeat one, even if the provider does. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
}

/**
 * An answer of a token endpoint, read to its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Expiry.Exchange {
  readonly status: number
  readonly headers: Headers.Headers
  /** The body as JSON; none if it is empty, HTML, truncated, or otherwise no JSON. */
  readonly body: Option.Option<unknown>
}

/** No token answer comes near it; what does is not read to its end. */
const maxBodyBytes = 1024 * 1024

const requestIdHeaders = ["x-request-id", "request-id", "x-correlation-id", "x-trace-id", "traceid"]

/** Codes and ids are short and plain; anything else may be a body in disguise. */
const plain = /^[\w.:/-]{1,128}$/

/** A code is made of words and numbers, such as `AADSTS7000215` or `auth/invalid-token`. */
const word = /^\d{0,8}(?:[A-Za-z]+\d{0,8})?$/

const printable = (call: Call, value: unknown): string | undefined =>
  typeof value === "string" &&
  plain.test(value) &&
  // A secret that was read from a file may end in a line break that nobody repeats.
  !call.secrets.some((secret) => mentions(value, Redacted.value(secret).trim()))
    ? value
    : undefined

/** A token that a provider puts where its code should be is no code, even if the request did not have it. */
const printableCode = (call: Call, value: unknown): string | undefined => {
  const code = printable(call, value)
  return code?.split(/[_.:/-]/).every((part) => word.test(part)) === true ? code : undefined
}

/** Method, origin and path: no userinfo, no query (R15). */
const endpoint = (request: HttpClientRequest.HttpClientRequest): string => {
  const url = parseUrl(request.url)
  if (url === undefined) {
    return request.method
  }
  return `${request.method} ${url.origin}${url.pathname}`
}

const context = (call: Call) => ({
  provider: call.provider,
  operation: call.operation,
  endpoint: endpoint(call.request)
})

const unreachable = (call: Call, error: HttpClientError.HttpClientError): AuthError.AuthError => {
  const reason = reasonOf(error.cause)
  const what = reason === undefined ? "check the network and the URL" : whyAdvice[reason.why]
  return new AuthError.Unavailable({
    ...context(call),
    code: reason?.why,
    message: `${call.provider} could not be reached (${endpoint(call.request)}): ${what}.`,
    neverSent: error._tag === "RequestError" && (error.reason !== "Transport" || reason?.neverSent === true)
  })
}

/** R15: a base client's defect may hold the request that it died of. */
const presentable = (
  call: Call,
  cause: Cause.Cause<HttpClientError.HttpClientError>
): Cause.Cause<AuthError.AuthError> =>
  scrubCause(
    cause,
    call.secrets.map((secret) => Redacted.value(secret)),
    (error) => unreachable(call, error)
  )

const invalid = (
  call: Call,
  what: string,
  status: number,
  options: { readonly unreadable?: boolean; readonly suspect?: string } = {}
): AuthError.AuthError =>
  new AuthError.InvalidResponse({
    ...context(call),
    status,
    ...(options.unreadable === true ? { unreadable: true } : {}),
    message: `${call.provider} answered without a usable token: ${what}. Check ${options.suspect ?? `the URL (${endpoint(call.request)})`}, and ask the provider if it is right.`
  })

const decoder = new TextDecoder()

const join = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** The body as text, or none where it is larger than any token answer. */
const readBody = (
  call: Call,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Option.Option<string>, AuthError.AuthError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.catchAllCause((cause) =>
        Option.exists(Cause.failureOption(cause), ({ reason }) => reason === "EmptyBody")
          ? Stream.empty
          : // R15: here and not below, for a stream is run by a fiber of its own, whose failure Effect logs.
            Stream.failCause(presentable(call, cause))
      ),
      Stream.takeWhile((chunk) => {
        size += chunk.length
        chunks.push(chunk)
        return size <= maxBodyBytes
      }),
      Stream.runDrain,
      Effect.map(() =>
        size > maxBodyBytes ? Option.none() : Option.some(decoder.decode(join(chunks, size)))
      )
    )
  })

const parseJson = (text: string): Option.Option<unknown> =>
  Either.getRight(Either.try((): unknown => JSON.parse(text)))

/**
 * Sends one call and reads its answer. Any answer is a success here, whatever its status; to tell
 * what it means is the reader's work. Only a provider that cannot be reached, or a body larger
 * than 1 MiB, fails.
 *
 * No redirect is followed (R14): a base client that follows them by itself, as `fetch` does, is
 * told not to. The platform's span is left out, for it would record secret headers and the full
 * URL (R15); the token manager has one span per mint.
 *
 * @since 0.1.0
 * @category constructors
 */
export const send = (client: HttpClient.HttpClient, call: Call): Effect.Effect<Answer, AuthError.AuthError> =>
  Effect.gen(function* () {
    const sentAt = yield* Clock.currentTimeMillis
    const init = yield* Effect.serviceOption(FetchHttpClient.RequestInit)
    yield* Sending.sent
    const response = yield* quiet(client)
      .execute(call.request)
      .pipe(
        Effect.provideService(FetchHttpClient.RequestInit, {
          ...Option.getOrUndefined(init),
          redirect: "manual"
        }),
        // A base client that fails on a status (`filterStatusOk`) hides no answer from us.
        Effect.catchAllCause((cause) => {
          const error = Option.getOrUndefined(Cause.failureOption(cause))
          return error?._tag === "ResponseError" && error.reason === "StatusCode"
            ? Effect.succeed(error.response)
            : Effect.failCause(presentable(call, cause))
        })
      )
    const isGranted = response.status >= 200 && response.status < 300
    const body = readBody(call, response)
    // A refusal says what it means by its status, however long it goes on, and where it is cut off.
    const text = yield* isGranted ? body : Effect.catchAll(body, () => Effect.succeedNone)
    const receivedAt = yield* Clock.currentTimeMillis
    if (Option.isNone(text) && isGranted) {
      return yield* Effect.fail(
        invalid(call, "the body is larger than 1 MiB", response.status, { unreadable: true })
      )
    }
    return {
      status: response.status,
      headers: response.headers,
      body: Option.flatMap(text, parseJson),
      sentAt,
      receivedAt,
      serverDate: httpDate(response.headers["date"])
    }
  })

const quiet = HttpClient.withTracerDisabledWhen(constTrue)

const isSuccess = (status: number): boolean => status >= 200 && status < 300

/**
 * What comes before the call that a mint is made of: reading a secret, asking for metadata, signing.
 * Where it fails or is interrupted, nothing was presented: a rotating refresh token is not in doubt
 * (R8), and a failure is no refusal of it (R6).
 *
 * @since 0.1.0
 * @category combinators
 */
export const beforeSending: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =
  Sending.prepare

/**
 * What a provider says of a refusal beside its status.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  /** The `error` of RFC 6749, section 5.2, or the provider's own code. */
  readonly code?: unknown
  /** A request id in the body, where the headers have none. */
  readonly requestId?: unknown
  /** When the credential expired, in epoch milliseconds. */
  readonly expiredAt?: number | undefined
  /**
   * What it means, where {@link classify} cannot know: the provider says it in its own way. `Expired` for a
   * refresh means that the refresh token has ended, and is never sent again: only for an answer that
   * the provider documents for it.
   */
  readonly tag?: Tag | undefined
  /** What to do about it, where the provider's words mean something of their own. */
  readonly hint?: string | undefined
}

type Tag = AuthError.AuthError["_tag"]

/** RFC 6749, sections 4.1.2.1 and 5.2; RFC 6750, section 3.1; RFC 8628, section 3.5. */
const byCode = new Map<string, Tag>([
  ["invalid_request", "InvalidResponse"],
  ["unsupported_grant_type", "InvalidResponse"],
  ["invalid_client", "Unauthorized"],
  ["invalid_token", "Unauthorized"],
  ["access_denied", "AccessDenied"],
  ["unauthorized_client", "AccessDenied"],
  ["invalid_scope", "AccessDenied"],
  ["insufficient_scope", "AccessDenied"],
  ["slow_down", "RateLimited"],
  ["temporarily_unavailable", "Unavailable"],
  ["server_error", "Unavailable"]
])

const byStatus = (status: number): Tag =>
  status === 401
    ? "Unauthorized"
    : status === 403
      ? "AccessDenied"
      : status === 429
        ? "RateLimited"
        : status === 408 || status >= 500
          ? "Unavailable"
          : "InvalidResponse"

/**
 * Which error an answer means: the one table from status and OAuth code to error.
 *
 * The code wins over the status, but for 408, 429 and 5xx: a proxy's refusal is not the provider's.
 * A refused refresh token is `Expired` by `invalid_grant` only: a plain 400, 401 or 422 may be anybody's,
 * and `Expired` ends a chain of rotations. A provider that says it in words of its own has them in its
 * {@link Refusal.tag}.
 *
 * @since 0.1.0
 * @category errors
 */
export const classify = (status: number, code: string | undefined, credential: Call["credential"]): Tag => {
  if (status === 429 || status === 408 || status >= 500) {
    return byStatus(status)
  }
  if (code === "invalid_grant") {
    return credential === "client" ? "Unauthorized" : "Expired"
  }
  return (code === undefined ? undefined : byCode.get(code)) ?? byStatus(status)
}

const advice: { readonly [K in Tag]: (call: Call) => string } = {
  Expired: (call) =>
    call.credential === "access_token"
      ? "the access token is past its time: a new one is needed"
      : "the refresh token is no longer accepted: log in again, or configure a new refresh token",
  Unauthorized: (call) =>
    call.credential === "access_token"
      ? "the access token is not accepted: check that it belongs to this environment"
      : call.credential === "refresh_token"
        ? "the refresh token was not accepted, and is kept and sent again: if that stays so, configure a new one"
        : "the credentials are not accepted: check the client id and the secret",
  AccessDenied: () =>
    "the credentials are known but not allowed here: ask the provider to enable this access",
  RateLimited: () => "too many token requests: wait until retryAfter, and share one token between processes",
  Unavailable: () => "the provider is failing: it is safe to try again later",
  InvalidResponse: () =>
    "the answer holds no usable token: check the URL, and ask the provider if it is right"
}

/** What a secret looks like that was copied with a line break, or read from a file that ends in one. */
const hasOuterSpace = (secret: Redacted.Redacted<string>): boolean =>
  Redacted.value(secret) !== Redacted.value(secret).trim()

/** What to do about a refusal. A secret may have white space at its ends, so only a refused one is told of it. */
const adviceOn = (call: Call, tag: Tag, hint: string | undefined): string => {
  const said = hint ?? advice[tag](call)
  return (tag === "Unauthorized" || tag === "AccessDenied") && call.secrets.some(hasOuterSpace)
    ? `${said}; a secret that was sent begins or ends with white space: check that it belongs there`
    : said
}

/**
 * The typed error of an answer that is no token, by {@link classify}.
 *
 * @since 0.1.0
 * @category errors
 */
export const refused = (call: Call, answer: Answer, refusal: Refusal = {}): AuthError.AuthError => {
  const code = printableCode(call, refusal.code)
  const header = requestIdHeaders.find((name) => answer.headers[name] !== undefined)
  const requestId = printable(call, header === undefined ? refusal.requestId : answer.headers[header])
  const tag = refusal.tag ?? classify(answer.status, code, call.credential)
  const fields = {
    ...context(call),
    status: answer.status,
    code,
    requestId,
    message: `${call.provider} ${call.operation} failed with status ${answer.status}${code === undefined ? "" : ` (${code})`}: ${adviceOn(call, tag, refusal.hint)}.`
  }
  switch (tag) {
    case "Expired":
      return new AuthError.Expired({
        ...fields,
        credential: call.credential === "access_token" ? "access_token" : "refresh_token",
        expiredAt: instant(refusal.expiredAt)
      })
    case "Unauthorized":
      return new AuthError.Unauthorized(fields)
    case "AccessDenied":
      return new AuthError.AccessDenied(fields)
    case "RateLimited":
      return new AuthError.RateLimited({ ...fields, retryAfter: instant(retryAt(answer)) })
    case "Unavailable":
      return new AuthError.Unavailable({ ...fields, retryAfter: instant(retryAt(answer)) })
    case "InvalidResponse":
      return new AuthError.InvalidResponse(fields)
  }
}

const retryAt = (answer: Answer): number | undefined =>
  retryAfter(answer.headers["retry-after"], answer.receivedAt, Expiry.clockSkew(answer))

/**
 * The typed error of an answer that should be a token and is not: `what` says what is missing or
 * wrong, and never repeats a value.
 *
 * @since 0.1.0
 * @category errors
 */
export const unusable = (call: Call, answer: Answer, what: string): AuthError.AuthError =>
  invalid(call, what, answer.status, {
    unreadable: isSuccess(answer.status) && Option.isNone(answer.body)
  })

/**
 * What a reader found in an answer, its lifetime still unresolved.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found extends Omit<TokenSet.Answered, "sentAt" | "lifetime"> {
  /** The lifetime as {@link Expiry} resolved it, or why it was refused. */
  readonly lifetime: Either.Either<number, Expiry.Refused>
}

/**
 * Builds the token set of an answer, or the `InvalidResponse` that says why it cannot be one. A token type
 * other than `Bearer`, in whatever case, is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tokenSet = (
  call: Call,
  answer: Answer,
  found: Found
): Either.Either<TokenSet.TokenSet, AuthError.AuthError> =>
  found.lifetime.pipe(
    Either.mapLeft((refusal) =>
      invalid(
        call,
        `the lifetime is ${refusal}`,
        answer.status,
        refusal === "already past" ? { suspect: "this machine's clock" } : {}
      )
    ),
    Either.filterOrLeft(
      () => isBearer(found.tokenType),
      () => unusable(call, answer, "the token type is not Bearer, which is all that can be sent")
    ),
    Either.flatMap((lifetime) =>
      Either.mapLeft(TokenSet.fromAnswer({ ...found, lifetime, sentAt: answer.sentAt }), (what) =>
        unusable(call, answer, what)
      )
    ),
    Either.mapLeft((error) =>
      keeping(error, answer, found.refreshToken, found.refreshExpiresAt, found.accessToken)
    )
  )

/** RFC 6749, section 7.1: a token of a type that the client does not understand must not be used. */
const isBearer = (tokenType: string | undefined): boolean =>
  tokenType === undefined || tokenType.toLowerCase() === "bearer"

/** RFC 6749, appendix A.17: a refresh token is made of printable signs of ASCII. */
const refreshTokenSigns = /^[\x20-\x7e]+$/

/** R7: a refresh token that an answer brings is kept, whatever else is wrong with the answer. */
const keeping = (
  error: AuthError.AuthError,
  { sentAt }: Answer,
  refreshToken: unknown,
  expiresAt?: number,
  accessToken?: string
): AuthError.AuthError =>
  typeof refreshToken === "string" && refreshTokenSigns.test(refreshToken)
    ? rescue(error, {
        refreshToken: new TokenSet.RefreshToken({
          value: Redacted.make(refreshToken),
          expiresAt: Option.fromNullable(expiresAt)
        }),
        accessToken: accessToken === undefined ? undefined : Redacted.make(accessToken),
        sentAt
      })
    : error

/**
 * The scope of an answer: a string (RFC 6749, section 3.3), or a list of them, as some write it. Nothing
 * else is one, and none of it makes a token unusable.
 *
 * @since 0.1.0
 * @category parsers
 */
export const scope = (said: unknown): string | undefined =>
  typeof said === "string"
    ? said
    : Array.isArray(said) && said.every((name) => typeof name === "string")
      ? said.join(" ")
      : undefined

/**
 * How a provider writes its answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Wire<A, I> {
  /** What an answer with a token must have; unknown fields are ignored. */
  readonly schema: Schema.Schema<A, I>
  /** What such an answer holds. */
  readonly found: (decoded: A, answer: Answer) => Found
  /** What the provider says when it refuses; also asked of a 2xx that is no token. */
  readonly refusal: (body: unknown, answer: Answer, call: Call) => Refusal
  /** Where a refresh token stands in an answer that is no token otherwise. Default: it brings none. */
  readonly refreshToken?: ((body: unknown) => unknown) | undefined
}

/**
 * Reads an answer: a token set, or the typed error that it means. A 2xx without a token is the
 * error that its code names, else `InvalidResponse`.
 *
 * @since 0.1.0
 * @category parsers
 */
export const read =
  <A, I>(wire: Wire<A, I>) =>
  (call: Call, answer: Answer): Either.Either<TokenSet.TokenSet, AuthError.AuthError> => {
    const body = Option.getOrUndefined(answer.body)
    if (!isSuccess(answer.status)) {
      return Either.left(refused(call, answer, wire.refusal(body, answer, call)))
    }
    const decoded = Schema.decodeUnknownOption(wire.schema)(body)
    if (Option.isSome(decoded)) {
      return tokenSet(call, answer, wire.found(decoded.value, answer))
    }
    const refusal = wire.refusal(body, answer, call)
    const error =
      refusal.code === undefined && refusal.tag === undefined
        ? unusable(
            call,
            answer,
            body === undefined ? "the body is not JSON" : "a field is missing or has the wrong type"
          )
        : refused(call, answer, refusal)
    return Either.left(keeping(error, answer, wire.refreshToken?.(body)))
  }

/**
 * Sends a call and reads its answer: one mint.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exchange = <A>(
  client: HttpClient.HttpClient,
  call: Call,
  reader: (call: Call, answer: Answer) => Either.Either<A, AuthError.AuthError>
): Effect.Effect<A, AuthError.AuthError> =>
  Effect.flatMap(send(client, call), (answer) => reader(call, answer))
