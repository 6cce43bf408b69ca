import { AutopaySandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Autopay from "../src/Autopay.ts"

AuthFlowSuite.describe("Autopay", {
  sandbox: AutopaySandbox.make,
  tag: Autopay.Autopay,
  layer: ({ apiOrigin, clientId, clientSecret, policy, tokenOrigin }) =>
    Autopay.layer({
      clientId,
      clientSecret,
      tokenUrl: `${tokenOrigin}/oauth/token`,
      apiUrl: apiOrigin,
      policy
    }),
  layerConfig: ({ apiOrigin, clientId, clientSecret, policy, tokenOrigin }) =>
    Layer.unwrapEffect(
      Effect.map(clientSecret, (secret) =>
        Autopay.layerConfig({
          clientId: Config.succeed(clientId),
          clientSecret: Config.succeed(secret),
          tokenUrl: Config.succeed(`${tokenOrigin}/oauth/token`),
          apiUrl: Config.succeed(apiOrigin),
          policy
        })
      )
    ),
  client: { tag: Autopay.Client, layer: Autopay.Client.layer },
  login: true,
  refresh: "none",
  wrongCredentials: "AccessDenied",
  defaultLifetime: "10 hours",
  lifetime: (json, seconds) => Object.assign({}, json, { expires_in: seconds })
})
