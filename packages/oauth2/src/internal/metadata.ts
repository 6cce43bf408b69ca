import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { endpoint } from "./endpoint.ts"

/** What must be known of an authorization server. */
export interface Server {
  readonly tokenUrl: string
  readonly revocationUrl: string | undefined
  /** Why there is no revocation URL, where the metadata has one that cannot be used. */
  readonly revocationProblem?: string | undefined
  /** How clients may authenticate, where the server says so. */
  readonly authMethods: ReadonlyArray<string> | undefined
}

/** Whose metadata it is, and what is configured of it. */
export interface Options {
  readonly provider: string
  /** As the server writes it: compared character by character (RFC 8414, section 3.3). */
  readonly issuer: string
  readonly revocationUrl: string | undefined
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/** RFC 8414, section 2: what we need of it. What is optional may be anything: a mint does without it. */
const Metadata = Schema.Struct({
  issuer: Schema.String,
  token_endpoint: Schema.String,
  revocation_endpoint: Schema.optional(Schema.Unknown),
  token_endpoint_auth_methods_supported: Schema.optional(Schema.Unknown)
})

/** Whether the issuer is on loopback: only there is a clear-text URL accepted without the option. */
const isLocal = ({ issuer, provider }: Options): Effect.Effect<boolean> =>
  Effect.isSuccess(
    Effect.suspend(() => {
      const clear = new URL(issuer)
      clear.protocol = "http:"
      return AuthFlow.url(provider, "issuer", clear.href)
    })
  )

/** An endpoint that the metadata names. Left: why it cannot be used. */
const named = Effect.fnUntraced(function* (options: Options, name: string, value: unknown) {
  if (!Predicate.isString(value)) {
    return yield* Effect.fail(`"${name}" is not a string`)
  }
  const href = yield* Effect.mapError(
    endpoint(options.provider, name, value, options),
    ({ message }) => message
  )
  const isClear = href.startsWith("http:") && options.dangerouslyAllowInsecureHttp !== true
  // R14: on loopback of this machine it would be a program that the issuer knows nothing of.
  return isClear && !(yield* isLocal(options))
    ? yield* Effect.fail(`"${name}" is a loopback URL, and the issuer is on another machine`)
    : href
})

/** Left: why there is none. */
const revocation = (options: Options, value: unknown): Effect.Effect<string | undefined, string> =>
  options.revocationUrl !== undefined || Predicate.isNullable(value)
    ? Effect.succeed(options.revocationUrl)
    : named(options, "revocation_endpoint", value)

/** The names in a list of methods; where it is no list, the server does not say. */
const methods = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value) ? value.filter(Predicate.isString) : undefined

/** What a document says of its server. Left: why it cannot be used. */
export const read = Effect.fnUntraced(function* (
  options: Options,
  body: unknown
): Effect.fn.Return<Server, string> {
  const decoded = Schema.decodeUnknownOption(Metadata)(body)
  if (Option.isNone(decoded)) {
    return yield* Effect.fail("the metadata has no issuer or no token endpoint")
  }
  const metadata = decoded.value
  if (metadata.issuer !== options.issuer) {
    // RFC 8414, section 3.3: such metadata must not be used.
    return yield* Effect.fail(
      'the issuer in the metadata is not the configured one to the letter, where a "/" at the end counts'
    )
  }
  const tokenUrl = yield* named(options, "token_endpoint", metadata.token_endpoint)
  const authMethods = methods(metadata.token_endpoint_auth_methods_supported)
  return yield* Effect.match(revocation(options, metadata.revocation_endpoint), {
    onFailure: (revocationProblem) => ({
      tokenUrl,
      revocationUrl: undefined,
      revocationProblem,
      authMethods
    }),
    onSuccess: (revocationUrl) => ({ tokenUrl, revocationUrl, authMethods })
  })
})
