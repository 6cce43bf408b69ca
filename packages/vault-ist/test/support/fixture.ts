import { Ledger, MemoryClient, type Sandbox, VaultIstSandbox, type Wire } from "@latchkey/testing"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as VaultIst from "../../src/VaultIst.ts"

/** Stands in every token of the sandbox: search for it where no secret may be. */
export const nonce = "n0nce"

/** How long an access token of the sandbox lives, in milliseconds: the seed's 24 hours. */
export const lifetime = 86_400_000

/** The refresh token of a token set that was issued. */
export const refreshTokenOf = ({ refreshToken }: Wire.Minted): Redacted.Redacted<string> =>
  Redacted.make(Option.getOrThrow(refreshToken).value)

/** The manager and the typed client over a sandbox in memory, in the scope of the test. */
export const connect = Effect.fnUntraced(function* (
  sandbox: Sandbox.Sandbox,
  options: VaultIst.LayerOptions,
  store?: TokenStore.Service,
  network: MemoryClient.Options = {}
) {
  const vaultIst = VaultIst.layer(options)
  const context = yield* Layer.build(
    VaultIst.Client.layer.pipe(
      Layer.provideMerge(
        store === undefined ? vaultIst : Layer.provide(vaultIst, Layer.succeed(TokenStore.TokenStore, store))
      ),
      Layer.provide(MemoryClient.layer([sandbox], network))
    )
  )
  return { manager: Context.get(context, VaultIst.VaultIst), client: Context.get(context, VaultIst.Client) }
})

/** A sandbox, a refresh token that a person got in its dashboard, and what {@link connect} makes of them. */
export const setup = Effect.fnUntraced(function* (options: VaultIstSandbox.Options = {}) {
  const sandbox = yield* VaultIstSandbox.make({ nonce, accessLifetime: lifetime, ...options })
  const refreshToken = refreshTokenOf(yield* sandbox.issue)
  return { sandbox, refreshToken, ...(yield* connect(sandbox, { refreshToken })) }
})

/** What became of an effect, in one word. */
export const outcome = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.either(effect), Either.match({ onLeft: (error) => error._tag, onRight: () => "success" }))

/** The outcomes of so many calls, 100 at a time. */
export const outcomes = <A, R>(calls: number, effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.replicateEffect(outcome(effect), calls, { concurrency: 100 }), (all) =>
    Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((other) => other === one).length]))
  )

/** What the sandbox counted. */
export const counts = (sandbox: Sandbox.Sandbox) => Effect.map(sandbox.ledger, Ledger.count)
