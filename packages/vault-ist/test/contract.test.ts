import { VaultIstSandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as VaultIst from "../src/VaultIst.ts"

const common = {
  tag: VaultIst.VaultIst,
  client: { tag: VaultIst.Client, layer: VaultIst.Client.layer },
  refresh: "rotates",
  defaultLifetime: "24 hours",
  lifetime: (json: unknown, seconds: unknown) => Object.assign({}, json, { expires_in: seconds })
} as const

const urls = ({ apiOrigin, tokenOrigin }: AuthFlowSuite.Target) => ({
  tokenUrl: `${tokenOrigin}/v2.0/reference/gettoken`,
  apiUrl: apiOrigin
})

const login = ({ clientId, clientSecret }: AuthFlowSuite.Target) =>
  ({ grantType: "client_credentials", clientId, clientSecret }) as const

AuthFlowSuite.describe("vault.ist", {
  ...common,
  sandbox: VaultIstSandbox.make,
  layer: (target) =>
    VaultIst.layer({ ...urls(target), refreshToken: target.refreshToken, policy: target.policy }),
  layerConfig: (target) =>
    Layer.unwrapEffect(
      Effect.map(target.refreshToken, (refreshToken) =>
        VaultIst.layerConfig({
          refreshToken: Config.succeed(refreshToken),
          tokenUrl: Config.succeed(urls(target).tokenUrl),
          apiUrl: Config.succeed(target.apiOrigin),
          policy: target.policy
        })
      )
    ),
  login: false
})

// The wire is the same: only what the two begin with is another.
AuthFlowSuite.describe("vault.ist with a login", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: (options) => VaultIstSandbox.make({ ...options, login: true }),
  layer: (target) => VaultIst.layer({ ...urls(target), login: login(target), policy: target.policy }),
  login: true
})

AuthFlowSuite.describe("vault.ist with a login as the application behind a person's refresh token", {
  ...common,
  worlds: ["in memory"],
  weeks: 1,
  sandbox: (options) => VaultIstSandbox.make({ ...options, login: true }),
  layer: (target) =>
    VaultIst.layer({
      ...urls(target),
      refreshToken: target.refreshToken,
      login: login(target),
      policy: target.policy
    }),
  login: true,
  start: "issued"
})
