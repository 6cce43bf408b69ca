import { AutopaySandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
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
  login: true,
  refresh: "none",
  wrongCredentials: "AccessDenied",
  defaultLifetime: "10 hours",
  lifetime: (json, seconds) => Object.assign({}, json, { expires_in: seconds })
})
