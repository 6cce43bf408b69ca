import { AutopaySandbox, Ledger, MemoryClient, type Sandbox } from "@latchkey/testing"
import type { AuthError } from "@latchkey/core/AuthError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Autopay from "../../src/Autopay.ts"

/** Stands in every token and credential of the sandbox: search for it where no secret may be. */
export const nonce = "n0nce"

/** How long an access token of the sandbox lives, in milliseconds: the seed's 24 hours. */
export const lifetime = 86_400_000

/** The manager and the typed client over a sandbox in memory, in the scope of the test. */
export const connect = Effect.fnUntraced(function* (
  sandbox: Sandbox.Sandbox,
  options: Partial<Autopay.LayerOptions> = {},
  network: MemoryClient.Options = {}
) {
  const context = yield* Layer.build(
    Autopay.Client.layer.pipe(
      Layer.provideMerge(Autopay.layer({ ...sandbox.credentials, ...options })),
      Layer.provide(MemoryClient.layer([sandbox], network))
    )
  )
  return { manager: Context.get(context, Autopay.Autopay), client: Context.get(context, Autopay.Client) }
})

/** A sandbox, and what {@link connect} makes over it. */
export const setup = Effect.gen(function* () {
  const sandbox = yield* AutopaySandbox.make({ nonce, accessLifetime: lifetime })
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
