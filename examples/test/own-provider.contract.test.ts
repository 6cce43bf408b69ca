// #region contract
import * as AuthFlowSuite from "@latchkey/testing/AuthFlowSuite"
import * as Parcels from "../src/own-provider/Parcels.ts"
import * as ParcelsSandbox from "../src/own-provider/ParcelsSandbox.ts"

AuthFlowSuite.describe("parcels", {
  sandbox: ParcelsSandbox.make,
  tag: Parcels.Parcels,
  layer: ({ apiOrigin, clientId, clientSecret, policy }) =>
    Parcels.layer({ baseUrl: apiOrigin, account: clientId, key: clientSecret, policy }),
  client: { tag: Parcels.Client, layer: Parcels.Client.layer },
  login: true,
  refresh: "none",
  wrongCredentialsUnder200: "InvalidResponse",
  lifetime: (json, seconds) => Object.assign({}, json, { ttl: seconds })
})
// #endregion
