import type * as AuthError from "@latchkey/core/AuthError"
import * as Expiry from "@latchkey/core/Expiry"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** RFC 6749, section 5.1. */
const Tokens = Schema.Struct({
  access_token: Schema.String,
  expires_in: Schema.optional(Schema.Unknown),
  token_type: Schema.optional(Schema.NullOr(Schema.String)),
  refresh_token: Schema.optional(Schema.NullOr(Schema.String)),
  scope: Schema.optional(Schema.Unknown)
})

const field = (body: unknown, name: string): unknown =>
  Predicate.hasProperty(body, name) ? body[name] : undefined

const challengeError = /\berror\s*=\s*"?([^\s",]+)/i

/** RFC 6749, section 5.2; where the body says nothing, the challenge may (RFC 6750, section 3). */
const codeOf = ({ body, headers }: TokenEndpoint.Answer): unknown =>
  field(Option.getOrUndefined(body), "error") ?? challengeError.exec(headers["www-authenticate"] ?? "")?.[1]

/** Refusals that core's table knows nothing of. */
const known: Refusals = {
  // RFC 8707, section 2.
  invalid_target: "AccessDenied"
}

/** A code that can be one; anything else is a broken answer, and says no more than its status. */
const readable = /^[\w.:/-]{1,128}$/

/** What the codes of a server mean, where it has codes of its own. */
export interface Refusals {
  readonly [code: string]: AuthError.AuthError["_tag"]
}

const own = (refusals: Refusals, code: string | undefined): AuthError.AuthError["_tag"] | undefined =>
  code !== undefined && Object.hasOwn(refusals, code) ? refusals[code] : undefined

/**
 * One classification for every status: what the code says, else what the status says. Only a refresh has a
 * refresh token that can end.
 */
const tagOf = (
  refusals: Refusals,
  { credential, operation }: TokenEndpoint.Call,
  status: number,
  code: string | undefined
): AuthError.AuthError["_tag"] => {
  const isRefresh = operation === "refresh"
  const configured = own(refusals, code)
  if (configured !== undefined) {
    return configured === "Expired" && !isRefresh ? "Unauthorized" : configured
  }
  const tag = TokenEndpoint.classify(status, code, isRefresh ? "refresh_token" : credential)
  return tag === "InvalidResponse" ? (own(known, code) ?? tag) : tag
}

const refusal =
  (refusals: Refusals) =>
  (_body: unknown, answer: TokenEndpoint.Answer, call: TokenEndpoint.Call): TokenEndpoint.Refusal => {
    const said = codeOf(answer)
    const code = typeof said === "string" && readable.test(said) ? said : undefined
    // A 2xx that names no code refuses nothing: it is no token, and that is all.
    if (isSuccess(answer) && code === undefined) {
      return {}
    }
    const tag = tagOf(refusals, call, answer.status, code)
    return { code, tag, hint: tag === "Unauthorized" && sentBasic(call) ? refusedBasic : undefined }
  }

const sentBasic = ({ request }: TokenEndpoint.Call): boolean =>
  request.headers["authorization"]?.startsWith("Basic ") === true

/** RFC 6749, section 2.3.1 makes every server take the header; some take the body only. */
const refusedBasic =
  'the credentials are not accepted: check "clientId" and "clientSecret"; they were sent in a header, as client_secret_basic: if the server takes them in the body only, set "authMethod" to "client_secret_post"'

const isSuccess = ({ status }: TokenEndpoint.Answer): boolean => status >= 200 && status < 300

/** What a token endpoint says. `lifetimeSeconds` is that of a token whose answer has no `expires_in`. */
export const readTokens = (lifetimeSeconds: number, refusals: Refusals) =>
  TokenEndpoint.read({
    schema: Tokens,
    found: (body: typeof Tokens.Type, answer) => ({
      accessToken: body.access_token,
      lifetime: Expiry.lifetimeFromSeconds(body.expires_in ?? lifetimeSeconds, answer.sentAt),
      tokenType: body.token_type ?? undefined,
      refreshToken: body.refresh_token ?? undefined,
      scope: TokenEndpoint.scope(body.scope)
    }),
    refusal: refusal(refusals),
    refreshToken: (body) => field(body, "refresh_token")
  })

/** What no endpoint of a server answers with: it comes from a proxy, or from a page at that URL. */
const isPage = ({ headers }: TokenEndpoint.Answer): boolean =>
  /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(headers["content-type"] ?? "") &&
  // Some servers label their empty answer so.
  headers["content-length"] !== "0"

const notRevoked = {
  tag: "InvalidResponse",
  hint: "a page of HTML is not the answer of a revocation endpoint: check its URL, and a proxy on the way"
} as const

/** RFC 7009, section 2.2: 200, whatever became of the token and whatever stands in the body. */
export const readRevocation = (
  call: TokenEndpoint.Call,
  answer: TokenEndpoint.Answer
): Either.Either<void, AuthError.AuthError> =>
  !isSuccess(answer)
    ? Either.left(
        TokenEndpoint.refused(call, answer, refusal({})(Option.getOrUndefined(answer.body), answer, call))
      )
    : isPage(answer)
      ? Either.left(TokenEndpoint.refused(call, answer, notRevoked))
      : Either.void
