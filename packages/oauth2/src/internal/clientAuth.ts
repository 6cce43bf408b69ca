import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthError from "@latchkey/core/AuthError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as oauth from "oauth4webapi"
import type { AuthMethod, Options, PrivateKey } from "../OAuth2.ts"
import type { Server } from "./metadata.ts"
import * as Key from "./privateKey.ts"

/** What a client authenticates with, as it was read last. */
export type Authentication =
  | { readonly _tag: "Secret"; readonly secret: Redacted.Redacted<string> }
  | { readonly _tag: "Key"; readonly key: Key.SigningKey; readonly identity: string }
  | { readonly _tag: "None" }

/** Left: the option that cannot be used, and why. */
const refuse = (provider: string, option: string, message: string) =>
  new AuthFlow.InvalidOptions({ provider, option, message: `${provider}: ${message}` })

const wants = {
  client_secret_basic: "clientSecret",
  client_secret_post: "clientSecret",
  private_key_jwt: "privateKey",
  none: undefined
} as const satisfies { readonly [M in AuthMethod]: keyof Options | undefined }

/** Options that contradict each other must not be resolved by precedence: one of them is a mistake. */
const check = (provider: string, options: Options): Effect.Effect<void, AuthFlow.InvalidOptions> => {
  const { authMethod, clientSecret, privateKey } = options
  const flaw = Key.optionsFlaw(options)
  if (flaw !== undefined) {
    return refuse(provider, flaw.option, flaw.message)
  }
  if (clientSecret !== undefined && privateKey !== undefined) {
    return refuse(provider, "privateKey", `There are a "clientSecret" and a "privateKey": give one of them.`)
  }
  if (authMethod === undefined) {
    return Effect.void
  }
  const wanted = wants[authMethod]
  const given =
    clientSecret !== undefined ? "clientSecret" : privateKey !== undefined ? "privateKey" : undefined
  return wanted === given
    ? Effect.void
    : refuse(
        provider,
        "authMethod",
        wanted === undefined
          ? `"authMethod" is "none", and there is a "${given}": take one of them out.`
          : `"authMethod" is "${authMethod}", which needs a "${wanted}": set it.`
      )
}

/**
 * How the client authenticates, read afresh at each call (R16). A key that is given as a value is tried at
 * once, so that a wrong one fails the layer.
 */
export const make = Effect.fnUntraced(function* (provider: string, options: Options) {
  yield* check(provider, options)
  const { clientSecret, privateKey } = options
  if (clientSecret !== undefined) {
    return Effect.map(
      AuthFlow.credential(provider, "clientSecret", clientSecret),
      (secret): Authentication => ({ _tag: "Secret", secret })
    )
  }
  if (privateKey === undefined) {
    return Effect.succeed<Authentication>({ _tag: "None" })
  }
  const isValue = !Effect.isEffect(privateKey)
  const signing = (key: PrivateKey) => Key.signingKey(key, options)
  if (isValue) {
    const key = yield* Effect.mapError(signing(privateKey), ({ message, option }) =>
      refuse(provider, option, message)
    )
    return Effect.succeed<Authentication>({ _tag: "Key", key, identity: Key.identity(privateKey) })
  }
  return privateKey.pipe(
    Effect.catchAllCause((cause) => Effect.fail(AuthFlow.unreadable(provider, "privateKey", cause))),
    Effect.flatMap((key) =>
      Effect.mapBoth(signing(key), {
        onFailure: ({ message }) =>
          new AuthError.Unauthorized({ provider, operation: "login", message: `${provider}: ${message}` }),
        onSuccess: (signing): Authentication => ({
          _tag: "Key",
          key: signing,
          identity: Key.identity(key)
        })
      })
    )
  )
})

/** `client_secret_basic` is what every server must support (RFC 6749, section 2.3.1); some do not. */
const postsSecret = (authMethod: AuthMethod | undefined, { authMethods }: Server): boolean =>
  authMethod === undefined
    ? authMethods?.includes("client_secret_post") === true && !authMethods.includes("client_secret_basic")
    : authMethod === "client_secret_post"

/** As the URL Standard serializes a form, `-`, `_`, `.` and `*` as they are: who does not decode it takes most secrets. */
const formEncoded = (value: string): string => new URLSearchParams([["", value]]).toString().slice(1)

/** RFC 6749, section 2.3.1: id and secret, form-encoded each, and then in base64. */
const clientSecretBasic =
  (secret: string): oauth.ClientAuth =>
  (_server, client, _body, headers) => {
    headers.set("authorization", `Basic ${btoa(`${formEncoded(client.client_id)}:${formEncoded(secret)}`)}`)
  }

/** RFC 7523, section 3: a minute is enough for a request, and short enough for what leaks. */
const assertionLifetimeSeconds = 60

/** Writes the authentication into a request (RFC 6749, section 2.3; RFC 7523, section 2.2). */
export const clientAuth = (
  authentication: Authentication,
  authMethod: AuthMethod | undefined,
  server: Server
): Effect.Effect<oauth.ClientAuth> =>
  Effect.map(Clock.currentTimeMillis, (millis) => {
    switch (authentication._tag) {
      case "Secret": {
        const secret = Redacted.value(authentication.secret)
        return postsSecret(authMethod, server) ? oauth.ClientSecretPost(secret) : clientSecretBasic(secret)
      }
      case "Key": {
        const { alg, key, kid } = authentication.key
        const now = Math.floor(millis / 1000)
        return oauth.PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
          [oauth.modifyAssertion]: (header, payload) => {
            // R17: the library has a clock of its own.
            Object.assign(payload, { iat: now, nbf: now, exp: now + assertionLifetimeSeconds })
            Object.assign(header, alg === undefined ? {} : { alg })
          }
        })
      }
      case "None":
        return oauth.None()
    }
  })
