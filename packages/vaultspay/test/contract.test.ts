import { VaultsPaySandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as VaultsPay from "../src/VaultsPay.ts"

/** A lifetime as a timestamp, where there is one: ISO 8601, or epoch seconds for what a date cannot say. */
const expiry = (seconds: number | string | undefined, now: number): unknown =>
  typeof seconds === "number" && seconds < 1e12
    ? new Date(now + seconds * 1000).toISOString()
    : Number(seconds) > 0
      ? String(now / 1000 + Number(seconds))
      : seconds

AuthFlowSuite.describe("VaultsPay", {
  sandbox: VaultsPaySandbox.make,
  tag: VaultsPay.VaultsPay,
  layer: ({ apiOrigin, clientId, clientSecret, policy }) =>
    VaultsPay.layer({ baseUrl: apiOrigin, clientId, clientSecret, policy }),
  layerConfig: ({ apiOrigin, clientId, clientSecret, policy }) =>
    Layer.unwrapEffect(
      Effect.map(clientSecret, (secret) =>
        VaultsPay.layerConfig({
          baseUrl: Config.succeed(apiOrigin),
          clientId: Config.succeed(clientId),
          clientSecret: Config.succeed(secret),
          policy
        })
      )
    ),
  client: { tag: VaultsPay.Client, layer: VaultsPay.Client.layer },
  login: true,
  refresh: "kept",
  wrongCredentialsUnder200: "InvalidResponse",
  defaultLifetime: "5 minutes",
  lifetime: (json, seconds, now) => {
    const accessTokenExpiry = expiry(seconds, now)
    return Predicate.hasProperty(json, "data")
      ? { ...json, data: Object.assign({}, json.data, { accessTokenExpiry }) }
      : Object.assign({}, json, { accessTokenExpiry })
  }
})
