// A client secret that is read at each login: it can be rotated without a restart.
import { Autopay } from "@latchkey/autopay"
import { AutopaySandbox, Ledger, MemoryClient } from "@latchkey/testing"
import { Console, Effect, Layer, Redacted, Ref, Schedule } from "effect"

// #region rotate
/** `clientSecret` takes a value, or an effect: a secret manager, a file, a `Config`. */
const Live = (clientId: string, readSecret: Effect.Effect<Redacted.Redacted<string>>) =>
  Autopay.Client.layer.pipe(Layer.provide(Autopay.layer({ clientId, clientSecret: readSecret })))
// #endregion

const get = Effect.gen(function* () {
  const autopay = yield* Autopay.Client
  const { status } = yield* autopay.get("/v1/permits")
  return status
})

const main = Effect.gen(function* () {
  const sandbox = yield* AutopaySandbox.make()
  const vault = yield* Ref.make(sandbox.credentials.clientSecret)
  const logins = Effect.map(sandbox.ledger, (ledger) => Ledger.count(ledger).logins)

  yield* Effect.gen(function* () {
    yield* Console.log(`first secret: ${yield* get}`)

    const second = Redacted.make("autopay-secret-second")
    yield* Ref.set(vault, second)
    yield* sandbox.changeSecret(second)
    yield* sandbox.revokeAccessTokens
    yield* Console.log(`rotated in the vault first: ${yield* get}, ${yield* logins} logins`)

    const third = Redacted.make("autopay-secret-third")
    yield* sandbox.changeSecret(third)
    yield* sandbox.revokeAccessTokens
    const error = yield* Effect.flip(get)
    yield* Console.log(`rotated at the provider first: ${error._tag}`)

    // The refused secret is remembered, and not presented again. Another one opens the gate, within a second.
    yield* Ref.set(vault, third)
    const status = yield* Effect.retry(get, {
      while: ({ _tag }) => _tag === "AccessDenied",
      schedule: Schedule.spaced("250 millis")
    })
    yield* Console.log(`and in the vault a moment later: ${status}, ${yield* logins} logins`)
  }).pipe(
    Effect.provide(
      Layer.provide(Live(sandbox.credentials.clientId, Ref.get(vault)), MemoryClient.layer([sandbox]))
    )
  )
})

await Effect.runPromise(main)
