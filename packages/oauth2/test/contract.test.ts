import { OAuth2Sandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as OAuth2 from "../src/OAuth2.ts"

AuthFlowSuite.describe("any OAuth 2.0 server", {
  sandbox: (options) => OAuth2Sandbox.make({ ...options, refreshTokens: "rotates" }),
  tag: OAuth2.OAuth2,
  layer: ({ apiOrigin, clientId, clientSecret, policy, tokenOrigin }) =>
    OAuth2.layer({ issuer: tokenOrigin, apiUrl: apiOrigin, clientId, clientSecret, rotates: true, policy }),
  login: true,
  refresh: "rotates",
  defaultLifetime: "5 minutes",
  lifetime: (json, seconds) => Object.assign({}, json, { expires_in: seconds })
})
