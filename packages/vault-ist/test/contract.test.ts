import { VaultIstSandbox } from "@latchkey/testing"
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as VaultIst from "../src/VaultIst.ts"

AuthFlowSuite.describe("vault.ist", {
  sandbox: VaultIstSandbox.make,
  tag: VaultIst.VaultIst,
  layer: ({ apiOrigin, policy, refreshToken, tokenOrigin }) =>
    VaultIst.layer({
      refreshToken,
      tokenUrl: `${tokenOrigin}/v2.0/reference/gettoken`,
      apiUrl: apiOrigin,
      policy
    }),
  login: false,
  refresh: "rotates",
  defaultLifetime: "24 hours",
  lifetime: (json, seconds) => Object.assign({}, json, { expires_in: seconds })
})
