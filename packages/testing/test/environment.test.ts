import { Autopay } from "@latchkey/autopay"
import { PaymentsGate } from "@latchkey/paymentsgate"
import { Su } from "@latchkey/su"
import { VaultIst } from "@latchkey/vault-ist"
import { VaultsPay } from "@latchkey/vaultspay"
import { MemoryClient } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Why a layer cannot be built in an environment. */
const failure =
  <Id, E>(layer: Layer.Layer<Id, E, HttpClient.HttpClient>) =>
  (environment: ReadonlyMap<string, string>) =>
    Layer.build(Layer.provide(layer, MemoryClient.layer([]))).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(environment))),
      Effect.flip
    )

/** What each provider's environment must have. */
const providers = [
  ["autopay", failure(Autopay.layerConfig()), ["AUTOPAY_CLIENT_ID", "AUTOPAY_CLIENT_SECRET"]],
  [
    "vaultspay",
    failure(VaultsPay.layerConfig()),
    ["VAULTSPAY_BASE_URL", "VAULTSPAY_CLIENT_ID", "VAULTSPAY_CLIENT_SECRET"]
  ],
  ["vault-ist", failure(VaultIst.layerConfig()), ["VAULT_IST_REFRESH_TOKEN"]],
  ["su", failure(Su.layerConfig()), ["SU_ENVIRONMENT", "SU_DOMAIN", "SU_CLIENT_SECRET"]],
  [
    "paymentsgate",
    failure(PaymentsGate.layerConfig()),
    ["PAYMENTSGATE_ACCOUNT_ID", "PAYMENTSGATE_PUBLIC_KEY"]
  ]
] as const

describe("the environment of a provider", () => {
  for (const [provider, fail, variables] of providers) {
    for (const [kind, value] of [
      ["missing", undefined],
      ["empty", ""],
      ["blank", " "]
    ] as const) {
      it.scoped(`options: all variables of ${provider} that are ${kind} are named at once`, () =>
        Effect.gen(function* () {
          const environment = value === undefined ? [] : variables.map((name) => [name, value] as const)
          const error = yield* fail(new Map(environment))
          if (error._tag !== "InvalidOptions") {
            return assert.fail(error._tag)
          }
          assert.isTrue(error.message.startsWith(`${provider}: `), error.message)
          for (const name of variables) {
            assert.include(error.message, name)
          }
          assert.strictEqual(error.variable, variables[0])
        })
      )
    }
  }
})
