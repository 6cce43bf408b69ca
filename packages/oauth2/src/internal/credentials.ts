import type * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import type { TokenSet } from "@latchkey/core/TokenSet"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Options } from "../OAuth2.ts"
import type { Authentication } from "./clientAuth.ts"

/** What was read at once: how the client authenticates, and the refresh token to start from. */
interface Presented {
  readonly authentication: Authentication
  readonly refreshToken: Redacted.Redacted<string> | undefined
}

/** Two readings are one credential where nothing in them changed (R11, R16). */
const identity = ({ authentication, refreshToken }: Presented): string => {
  const client =
    authentication._tag === "Secret"
      ? Redacted.value(authentication.secret)
      : authentication._tag === "Key"
        ? authentication.identity
        : ""
  return refreshToken === undefined ? client : JSON.stringify([client, Redacted.value(refreshToken)])
}

/** Two people never share a record: a refresh token stands for whoever granted it, with a login beside it too. */
const accountOf = (provider: string, { account, clientId, refreshToken }: Options) =>
  account !== undefined
    ? AuthFlow.nonEmpty(provider, "account", account)
    : refreshToken !== undefined
      ? AuthFlow.fingerprint(provider, "refreshToken", refreshToken)
      : Effect.succeed(clientId)

/** The credential of the flow: all that its configuration holds of secrets, read at each login (R16). */
export const make = Effect.fnUntraced(function* (
  provider: string,
  options: Options,
  authentication: Effect.Effect<Authentication, AuthError.AuthError>
) {
  const refreshToken =
    options.refreshToken && AuthFlow.credential(provider, "refreshToken", options.refreshToken)
  const isPublic = options.clientSecret === undefined && options.privateKey === undefined
  const canLogin = options.login ?? refreshToken === undefined
  if (canLogin && isPublic) {
    return yield* new AuthFlow.InvalidOptions({
      provider,
      option: "clientSecret",
      // RFC 6749, section 4.4.
      message: `${provider}: a login with client_credentials needs a "clientSecret" or a "privateKey"; a public client needs a "refreshToken".`
    })
  }
  if (!canLogin && refreshToken === undefined) {
    return yield* new AuthFlow.InvalidOptions({
      provider,
      option: "refreshToken",
      message: `${provider}: there is neither a login nor a "refreshToken": the flow needs one to start from.`
    })
  }

  const read: Effect.Effect<Presented, AuthError.AuthError> = Effect.all({
    authentication,
    refreshToken: refreshToken ?? Effect.succeed(undefined)
  })
  // A `CryptoKey` may be not extractable, so a string cannot stand for it: it is found by its credential.
  const presented = new WeakMap<AuthFlow.Credential, Presented>()
  const of = (credential: AuthFlow.Credential) =>
    Option.match(Option.fromNullable(presented.get(credential)), {
      onNone: () => read,
      onSome: Effect.succeed<Presented>
    })

  return {
    canLogin,
    kind: refreshToken === undefined ? "client_credentials" : "refresh_token",
    account: yield* accountOf(provider, options),
    credential: Effect.map(read, (all) => {
      const credential = Redacted.make(identity(all))
      presented.set(credential, all)
      return credential
    }),
    authentication: (credential: AuthFlow.Credential) =>
      Effect.map(of(credential), ({ authentication }) => authentication),
    initialGrant:
      refreshToken &&
      ((credential: AuthFlow.Credential) =>
        Effect.flatMap(of(credential), (all) =>
          Effect.map(
            all.refreshToken === undefined ? refreshToken : Effect.succeed(all.refreshToken),
            (value) => AuthFlow.refreshGrant(value)
          )
        )),
    /** Whether a token set has the configured refresh token: it was not minted here, and is not ours to revoke. */
    isConfigured: (tokens: TokenSet): Effect.Effect<boolean, AuthError.AuthError> =>
      refreshToken === undefined
        ? Effect.succeed(false)
        : Effect.map(refreshToken, (configured) =>
            Option.exists(tokens.refreshToken, ({ value }) => Equal.equals(value, configured))
          )
  }
})
