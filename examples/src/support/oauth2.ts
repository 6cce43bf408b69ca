import { FetchHttpClient } from "@effect/platform"
import { Loopback, OAuth2Sandbox, type Sandbox } from "@latchkey/testing"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

const variablesOf = (prefix: string, url: string, { credentials }: Sandbox.Sandbox) => [
  [`${prefix}_ISSUER`, url] as const,
  [`${prefix}_API_URL`, url] as const,
  [`${prefix}_CLIENT_ID`, credentials.clientId] as const,
  [`${prefix}_CLIENT_SECRET`, Redacted.value(credentials.clientSecret)] as const
]

/** Two servers on loopback, and an environment that has their credentials. */
export const environment = Effect.gen(function* () {
  const one = yield* OAuth2Sandbox.make()
  const other = yield* OAuth2Sandbox.make({ refreshTokens: "rotates" })
  const variables = new Map([
    ...variablesOf("OAUTH2", (yield* Loopback.serve(one)).url, one),
    ...variablesOf("ACME", (yield* Loopback.serve(other)).url, other)
  ])
  return Layer.merge(FetchHttpClient.layer, Layer.setConfigProvider(ConfigProvider.fromMap(variables)))
})
