import { PaymentsGateSandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as PaymentsGate from "../src/PaymentsGate.ts"

const common = {
  sandbox: PaymentsGateSandbox.make,
  tag: PaymentsGate.PaymentsGate,
  refresh: "rotates",
  defaultLifetime: "1 hour",
  lifetime: (json: unknown, seconds: unknown) => Object.assign({}, json, { expires_in: seconds })
} as const

AuthFlowSuite.describe("PaymentsGate with a service account", {
  ...common,
  layer: ({ apiOrigin, clientId, clientSecret, policy }) =>
    PaymentsGate.layer({ baseUrl: apiOrigin, accountId: clientId, publicKey: clientSecret, policy }),
  login: true
})

AuthFlowSuite.describe("PaymentsGate with a token pair", {
  ...common,
  layer: ({ accessToken, apiOrigin, policy, refreshToken }) =>
    PaymentsGate.layer({ baseUrl: apiOrigin, accessToken, refreshToken, policy }),
  login: false
})

AuthFlowSuite.describe("PaymentsGate with both", {
  ...common,
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
  start: "issued"
})
