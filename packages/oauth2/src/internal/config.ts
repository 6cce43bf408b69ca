import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { LayerConfig } from "../OAuth2.ts"

type Secret = Config.Config<Redacted.Redacted<string>>

/** A variable that may be missing, or set to nothing. */
const optional = (config: Config.Config<string>): Config.Config<string | undefined> =>
  Config.map(Config.option(config), (value) =>
    Option.getOrUndefined(Option.filter(value, (text) => text.trim() !== ""))
  )

/** A secret that may be missing; what is there is read again at each login (R16). */
const optionalSecret = (config: Secret) =>
  Effect.flatMap(Config.option(config), (value) =>
    Option.isNone(value) ? Effect.succeed(undefined) : AuthFlow.secretConfig(config)
  )

/** Reads the options of a layer from the environment. */
export const readOptions = Effect.fnUntraced(function* ({ prefix = "OAUTH2", ...config }: LayerConfig) {
  const name = (suffix: string) => `${prefix}_${suffix}`
  const text = (given: Config.Config<string> | undefined, suffix: string) =>
    given ?? optional(Config.string(name(suffix)))
  const secret = (given: Secret | undefined, suffix: string) =>
    given === undefined ? optionalSecret(Config.redacted(name(suffix))) : AuthFlow.secretConfig(given)
  return {
    ...config,
    issuer: yield* text(config.issuer, "ISSUER"),
    tokenUrl: yield* text(config.tokenUrl, "TOKEN_URL"),
    apiUrl: yield* config.apiUrl ?? Config.string(name("API_URL")),
    clientId: yield* config.clientId ?? Config.string(name("CLIENT_ID")),
    clientSecret: yield* secret(config.clientSecret, "CLIENT_SECRET"),
    privateKey: yield* secret(config.privateKey, "PRIVATE_KEY"),
    refreshToken: yield* secret(config.refreshToken, "REFRESH_TOKEN"),
    scope: yield* text(config.scope, "SCOPE"),
    audience: yield* text(config.audience, "AUDIENCE")
  }
})
