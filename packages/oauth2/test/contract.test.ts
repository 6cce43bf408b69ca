import { OAuth2Sandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as OAuth2 from "../src/OAuth2.ts"

const common = {
  tag: OAuth2.OAuth2,
  client: { tag: OAuth2.Client, layer: OAuth2.Client.layer },
  refresh: "rotates",
  defaultLifetime: "5 minutes",
  lifetime: (json: unknown, seconds: unknown) => Object.assign({}, json, { expires_in: seconds })
} as const

const server = ({ apiOrigin, clientId, policy, tokenOrigin }: AuthFlowSuite.Target) => ({
  issuer: tokenOrigin,
  apiUrl: apiOrigin,
  clientId,
  policy
})

AuthFlowSuite.describe("any OAuth 2.0 server", {
  ...common,
  sandbox: (options) => OAuth2Sandbox.make({ ...options, refreshTokens: "rotates" }),
  layer: (target) => OAuth2.layer({ ...server(target), clientSecret: target.clientSecret, rotates: true }),
  layerConfig: ({ apiOrigin, clientId, clientSecret, policy, tokenOrigin }) =>
    Layer.unwrapEffect(
      Effect.map(clientSecret, (secret) =>
        OAuth2.layerConfig({
          issuer: Config.succeed(tokenOrigin),
          apiUrl: Config.succeed(apiOrigin),
          clientId: Config.succeed(clientId),
          clientSecret: Config.succeed(secret),
          policy
        })
      )
    ),
  login: true
})

// The wire is the same: only what they begin with is another.
AuthFlowSuite.describe("OAuth 2.0 without refresh tokens", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: OAuth2Sandbox.make,
  layer: (target) => OAuth2.layer({ ...server(target), clientSecret: target.clientSecret }),
  login: true,
  refresh: "none"
})

AuthFlowSuite.describe("OAuth 2.0 with a public client", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: (options) => OAuth2Sandbox.make({ ...options, refreshTokens: "rotates", publicClient: true }),
  layer: (target) => OAuth2.layer({ ...server(target), refreshToken: target.refreshToken }),
  login: false
})

AuthFlowSuite.describe("OAuth 2.0 with a person's refresh token", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: (options) => OAuth2Sandbox.make({ ...options, refreshTokens: "rotates" }),
  layer: (target) =>
    OAuth2.layer({
      ...server(target),
      clientSecret: target.clientSecret,
      refreshToken: target.refreshToken
    }),
  login: false
})

AuthFlowSuite.describe("OAuth 2.0 with a login as the application behind a person's refresh token", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: (options) => OAuth2Sandbox.make({ ...options, refreshTokens: "rotates" }),
  layer: (target) =>
    OAuth2.layer({
      ...server(target),
      clientSecret: target.clientSecret,
      refreshToken: target.refreshToken,
      login: true
    }),
  login: true,
  start: "issued",
  authenticatesRefresh: true
})
