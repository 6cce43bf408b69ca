import { SuSandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Su from "../src/Su.ts"

AuthFlowSuite.describe("Su", {
  sandbox: (options) => SuSandbox.make({ ...options, domain: `${options.nonce}.example` }),
  tag: Su.Su,
  layer: ({ apiOrigin, clientId, clientSecret, policy }) =>
    Su.layer({ environment: "sandbox", domain: clientId, clientSecret, baseUrl: apiOrigin, policy }),
  layerConfig: ({ apiOrigin, clientId, clientSecret, policy }) =>
    Layer.unwrapEffect(
      Effect.map(clientSecret, (secret) =>
        Su.layerConfig({
          environment: Config.succeed("sandbox" as const),
          domain: Config.succeed(clientId),
          clientSecret: Config.succeed(secret),
          baseUrl: Config.succeed(apiOrigin),
          policy
        })
      )
    ),
  client: { tag: Su.Client, layer: Su.Client.layer },
  login: true,
  refresh: "none",
  defaultLifetime: "1 hour",
  lifetime: (json, seconds) =>
    Predicate.hasProperty(json, "data")
      ? { ...json, data: Object.assign({}, json.data, { expire_in: seconds }) }
      : json
})
