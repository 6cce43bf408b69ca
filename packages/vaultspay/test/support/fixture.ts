import { Ledger, MemoryClient, type Sandbox, VaultsPaySandbox } from "@latchkey/testing"
import type { AuthError } from "@latchkey/core/AuthError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as VaultsPay from "../../src/VaultsPay.ts"

/** Stands in every token and credential of the sandbox: search for it where no secret may be. */
export const nonce = "n0nce"

/** How long an access token of the sandbox lives, in milliseconds: the seed says 5 to 60 minutes. */
export const lifetime = 1_800_000

/** How long a refresh token of the sandbox lives, in milliseconds: 5 days, near the seed's sample. */
export const refreshLifetime = 432_000_000

/** The manager and the typed client over a sandbox in memory, in the scope of the test. */
export const connect = Effect.fnUntraced(function* (
  sandbox: Sandbox.Sandbox,
  options: Partial<VaultsPay.LayerOptions> = {},
  network: MemoryClient.Options = {}
) {
  const context = yield* Layer.build(
    VaultsPay.Client.layer.pipe(
      Layer.provideMerge(VaultsPay.layer({ baseUrl: sandbox.apiOrigin, ...sandbox.credentials, ...options })),
      Layer.provide(MemoryClient.layer([sandbox], network))
    )
  )
  return {
    manager: Context.get(context, VaultsPay.VaultsPay),
    client: Context.get(context, VaultsPay.Client)
  }
})

/** A sandbox, and what {@link connect} makes over it. */
export const setup = Effect.gen(function* () {
  const sandbox = yield* VaultsPaySandbox.make({ nonce, accessLifetime: lifetime, refreshLifetime })
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

/** The error of an effect that must fail with one of ours. */
export const failure = <A, E, R>(effect: Effect.Effect<A, E | AuthError, R>) => Effect.flip(effect)

/** Runs an effect that takes this long, and lets that much time pass. */
export const during = <A, E, R>(duration: Duration.DurationInput, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

/** What the sandbox counted. */
export const counts = (sandbox: Sandbox.Sandbox) => Effect.map(sandbox.ledger, Ledger.count)
