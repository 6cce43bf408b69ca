import { Autopay } from "@latchkey/autopay"
import { PaymentsGate } from "@latchkey/paymentsgate"
import { Su } from "@latchkey/su"
import {
  AutopaySandbox,
  PaymentsGateSandbox,
  SuSandbox,
  VaultIstSandbox,
  VaultsPaySandbox
} from "@latchkey/testing"
import { VaultIst } from "@latchkey/vault-ist"
import { VaultsPay } from "@latchkey/vaultspay"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Provider from "./provider.ts"
import { outageAfter, refreshTokenLifetime, revocation } from "./script.ts"

/** Real ones live minutes to hours; nobody would wait that long for a demo. */
export const accessLifetime = 4_000

const refreshLifetime = 6_500

/** The providers of the demo; another one is another entry. */
export const providers: ReadonlyArray<Provider.Provider> = [
  Provider.make({
    name: "Autopay",
    tag: Autopay.Autopay,
    sandbox: AutopaySandbox.make({ accessLifetime }),
    layer: ({ credentials }, url) =>
      Autopay.layer({ ...credentials, tokenUrl: `${url}/oauth/token`, apiUrl: url }),
    script: [outageAfter("1 second"), revocation("5 seconds")]
  }),
  Provider.make({
    name: "VaultsPay",
    tag: VaultsPay.VaultsPay,
    sandbox: VaultsPaySandbox.make({ accessLifetime, refreshLifetime }),
    layer: ({ credentials }, url) => VaultsPay.layer({ ...credentials, baseUrl: url }),
    script: [revocation("1500 millis"), outageAfter("2500 millis"), refreshTokenLifetime(refreshLifetime)]
  }),
  Provider.make({
    name: "vault.ist",
    tag: VaultIst.VaultIst,
    sandbox: VaultIstSandbox.make({ accessLifetime }),
    layer: (sandbox, url) =>
      Layer.unwrapEffect(
        Effect.map(sandbox.issue, ({ refreshToken }) =>
          VaultIst.layer({
            refreshToken: Redacted.make(Option.getOrThrow(refreshToken).value),
            tokenUrl: `${url}/v2.0/reference/gettoken`,
            apiUrl: url
          })
        )
      ),
    script: [revocation("2 seconds"), outageAfter("5 seconds")]
  }),
  Provider.make({
    name: "Su",
    tag: Su.Su,
    sandbox: SuSandbox.make({ accessLifetime }),
    layer: ({ credentials }, url) =>
      Su.layer({
        environment: "sandbox",
        domain: credentials.clientId,
        clientSecret: credentials.clientSecret,
        baseUrl: url
      }),
    script: [outageAfter("1500 millis"), revocation("6 seconds")]
  }),
  Provider.make({
    name: "PaymentsGate",
    tag: PaymentsGate.PaymentsGate,
    sandbox: PaymentsGateSandbox.make({ accessLifetime }),
    layer: ({ credentials }, url) =>
      PaymentsGate.layer({
        accountId: credentials.clientId,
        publicKey: credentials.clientSecret,
        baseUrl: url
      }),
    script: [revocation("3500 millis"), outageAfter("5500 millis")]
  })
]
