import { Ledger, MemoryClient, type Sandbox, SuSandbox } from "@latchkey/testing"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Su from "../../src/Su.ts"

/** Stands in every token and credential of the sandbox: search for it where no secret may be. */
export const nonce = "n0nce"

/** How long an access token of the sandbox lives, in milliseconds. */
export const lifetime = 3_600_000

/** The options that fit a sandbox of the environment `sandbox`. */
export const optionsOf = ({ credentials }: Sandbox.Sandbox): Su.LayerOptions => ({
  environment: "sandbox",
  domain: credentials.clientId,
  clientSecret: credentials.clientSecret
})

/** The manager and the typed client over a sandbox in memory, in the scope of the test. */
export const connect = Effect.fnUntraced(function* (
  sandbox: Sandbox.Sandbox,
  options: Partial<Su.LayerOptions> = {},
  network: MemoryClient.Options = {},
  store?: TokenStore.Service
) {
  const su = Su.layer({ ...optionsOf(sandbox), ...options })
  const context = yield* Layer.build(
    Su.Client.layer.pipe(
      Layer.provideMerge(
        store === undefined ? su : Layer.provide(su, Layer.succeed(TokenStore.TokenStore, store))
      ),
      Layer.provide(MemoryClient.layer([sandbox], network))
    )
  )
  return {
    manager: Context.get(context, Su.Su),
    client: Context.get(context, Su.Client),
    /** `Su.validate` with this manager. */
    validate: Effect.provide(Su.validate, context)
  }
})

/** A sandbox, and what {@link connect} makes over it. */
export const setup = Effect.fnUntraced(function* (options: SuSandbox.Options = {}) {
  const sandbox = yield* SuSandbox.make({ nonce, accessLifetime: lifetime, ...options })
  return { sandbox, ...(yield* connect(sandbox)) }
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
