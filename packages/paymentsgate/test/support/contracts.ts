import { PaymentsGateSandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PaymentsGate from "../../src/PaymentsGate.ts"

const common = {
  sandbox: PaymentsGateSandbox.make,
  tag: PaymentsGate.PaymentsGate,
  client: { tag: PaymentsGate.Client, layer: PaymentsGate.Client.layer },
  refresh: "rotates",
  refusedRefreshToken: "Unauthorized",
  wrongCredentialsUnder200: "InvalidResponse",
  defaultLifetime: "1 hour",
  lifetime: (json: unknown, seconds: unknown) => Object.assign({}, json, { expires_in: seconds })
} as const

type Worlds = AuthFlowSuite.Options<PaymentsGate.PaymentsGate>["worlds"]

/** Logs in, and refreshes what that brought. */
export const serviceAccount = (worlds?: Worlds): void =>
  AuthFlowSuite.describe("PaymentsGate with a service account", {
    ...common,
    worlds,
    layer: ({ apiOrigin, clientId, clientSecret, policy }) =>
      PaymentsGate.layer({ baseUrl: apiOrigin, accountId: clientId, publicKey: clientSecret, policy }),
    layerConfig: ({ apiOrigin, clientId, clientSecret, policy }) =>
      Layer.unwrapEffect(
        Effect.map(clientSecret, (secret) =>
          PaymentsGate.layerConfig({
            baseUrl: Config.succeed(apiOrigin),
            accountId: Config.succeed(clientId),
            publicKey: Config.succeed(secret),
            policy
          })
        )
      ),
    login: true
  })

/** Refreshes a token set that was issued. */
export const tokenPair = (worlds?: Worlds): void =>
  AuthFlowSuite.describe("PaymentsGate with a token pair", {
    ...common,
    worlds,
    layer: ({ accessToken, apiOrigin, policy, refreshToken }) =>
      PaymentsGate.layer({ baseUrl: apiOrigin, accessToken, refreshToken, policy }),
    login: false
  })

/** Refreshes a token set that was issued, and logs in where that is refused. */
export const both = (worlds?: Worlds): void =>
  AuthFlowSuite.describe("PaymentsGate with both", {
    ...common,
    worlds,
    layer: ({ accessToken, apiOrigin, clientId, clientSecret, policy, refreshToken }) =>
      PaymentsGate.layer({
        baseUrl: apiOrigin,
        accountId: clientId,
        publicKey: clientSecret,
        accessToken,
        refreshToken,
        policy
      }),
    login: true,
    start: "issued",
    sameAccount: true
  })
