import { Ledger, MemoryClient, PaymentsGateSandbox, type Sandbox, type Wire } from "@latchkey/testing"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as PaymentsGate from "../../src/PaymentsGate.ts"

/** Stands in every token and credential of the sandbox: search for it where no secret may be. */
export const nonce = "n0nce"

/** How long an access token of the sandbox lives, in milliseconds: the seed's 3600 seconds. */
export const lifetime = 3_600_000

/** The service account of a sandbox. */
export const accountOf = ({ credentials }: Sandbox.Sandbox): PaymentsGate.ServiceAccount => ({
  accountId: credentials.clientId,
  publicKey: credentials.clientSecret
})

/** A token pair that was issued. */
export const pairOf = ({ accessToken, refreshToken }: Wire.Minted): PaymentsGate.TokenPair => ({
  accessToken: Redacted.make(accessToken.value),
  refreshToken: Redacted.make(Option.getOrThrow(refreshToken).value)
})

/** A sandbox, and what arrived at it: method and path, and the token it was sent with. */
export const makeSandbox = Effect.map(
  PaymentsGateSandbox.make({ nonce, accessLifetime: lifetime }),
  (sandbox) => {
    const arrived: Array<readonly [request: string, authorization: string | undefined]> = []
    const watched: Sandbox.Sandbox = {
      ...sandbox,
      handle: (request) =>
        Effect.suspend(() => {
          arrived.push([`${request.method} ${request.url.pathname}`, request.headers["authorization"]])
          return sandbox.handle(request)
        })
    }
    return { sandbox: watched, arrived }
  }
)

/** The manager and the typed client over a sandbox in memory, in the scope of the test. */
export const connect = Effect.fnUntraced(function* (
  sandbox: Sandbox.Sandbox,
  options: PaymentsGate.LayerOptions,
  store?: TokenStore.Service
) {
  const paymentsGate = PaymentsGate.layer(options)
  const context = yield* Layer.build(
    PaymentsGate.Client.layer.pipe(
      Layer.provideMerge(
        store === undefined
          ? paymentsGate
          : Layer.provide(paymentsGate, Layer.succeed(TokenStore.TokenStore, store))
      ),
      Layer.provide(MemoryClient.layer([sandbox]))
    )
  )
  return {
    manager: Context.get(context, PaymentsGate.PaymentsGate),
    client: Context.get(context, PaymentsGate.Client)
  }
})

/** What became of an effect, in one word. */
export const outcome = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.either(effect), Either.match({ onLeft: (error) => error._tag, onRight: () => "success" }))

/** What the sandbox counted. */
export const counts = (sandbox: Sandbox.Sandbox) => Effect.map(sandbox.ledger, Ledger.count)
