import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import type { RefreshPolicy } from "@latchkey/core/RefreshPolicy"
import * as Autopay from "@latchkey/autopay/Autopay"
import * as VaultIst from "@latchkey/vault-ist/VaultIst"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Contender, Target } from "../Contender.ts"
import { effectContender } from "../bases/effect.ts"

const flow = (target: Target) =>
  target.refreshToken === undefined
    ? Autopay.make({
        clientId: target.clientId,
        clientSecret: Redacted.make(target.clientSecret),
        tokenUrl: target.tokenUrl,
        apiUrl: target.apiUrl
      })
    : VaultIst.make({
        refreshToken: Redacted.make(target.refreshToken),
        tokenUrl: target.tokenUrl,
        apiUrl: target.apiUrl
      })

const client = (target: Target, policy: RefreshPolicy | undefined) =>
  Effect.gen(function* () {
    const manager = yield* TokenManager.make(yield* flow(target), { policy })
    return yield* AuthHttpClient.make(manager)
  })

const contender = (name: string, policy: RefreshPolicy | undefined): Contender => ({
  name,
  base: "static-effect",
  rotates: true,
  cancels: true,
  ...effectContender((target) => client(target, policy))
})

/**
 * Jitter spreads the mints of a fleet; this is one process, and no peer has jitter. Everything else
 * is the default.
 */
export const latchkey = contender("latchkey", { jitter: 0 })

/** Nothing but the defaults, jitter included. */
export const latchkeyDefaults = contender("latchkey-defaults", undefined)
