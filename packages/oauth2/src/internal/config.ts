import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { LayerConfig } from "../OAuth2.ts"

type Secret = Config.Config<Redacted.Redacted<string>>

/** Reads the options of a layer from the environment. */
export const readOptions = (provider: string, { prefix = "OAUTH2", ...config }: LayerConfig) => {
  const variable = (suffix: string) => Config.string(`${prefix}_${suffix}`)
  const text = (given: Config.Config<string> | undefined, suffix: string) =>
    AuthFlow.optionalConfig(given, variable(suffix))
  const secret = (given: Secret | undefined, suffix: string) =>
    AuthFlow.optionalSecretConfig(given, Config.redacted(`${prefix}_${suffix}`))
  return Effect.map(
    AuthFlow.fromConfig(
      provider,
      Effect.all(
        {
          issuer: text(config.issuer, "ISSUER"),
          tokenUrl: text(config.tokenUrl, "TOKEN_URL"),
          apiUrl: AuthFlow.requiredConfig(config.apiUrl ?? variable("API_URL")),
          clientId: AuthFlow.requiredConfig(config.clientId ?? variable("CLIENT_ID")),
          clientSecret: secret(config.clientSecret, "CLIENT_SECRET"),
          privateKey: secret(config.privateKey, "PRIVATE_KEY"),
          refreshToken: secret(config.refreshToken, "REFRESH_TOKEN"),
          scope: text(config.scope, "SCOPE"),
          audience: text(config.audience, "AUDIENCE")
        },
        { mode: "validate" }
      )
    ),
    (options) => ({ ...config, ...options })
  )
}
