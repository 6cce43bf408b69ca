// An SDK that takes a fetch gets one that carries valid tokens.
import { Autopay } from "@latchkey/autopay"
import { AuthError, AuthHttpClient } from "@latchkey/core"
import { Ledger } from "@latchkey/testing"
import { Console, Data, Effect, Layer, Redacted } from "effect"
import { sandboxes } from "./support/sandboxes.ts"

/** Somebody else's SDK: promises, and a fetch that can be replaced. */
const makeParkingSdk = (options: { readonly baseUrl: string; readonly fetch: typeof globalThis.fetch }) => ({
  createPermit: async (plate: string): Promise<number> => {
    const response = await options.fetch(`${options.baseUrl}/v1/permits`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plate })
    })
    return response.status
  }
})

// #region fetch
class SdkError extends Data.TaggedError("SdkError")<{ readonly cause: unknown }> {}

const program = Effect.gen(function* () {
  const fetch = yield* Effect.flatMap(Autopay.Client, AuthHttpClient.toFetch)
  const parking = makeParkingSdk({ baseUrl: "https://api.autopay.io", fetch })
  return yield* Effect.tryPromise({
    try: () => parking.createPermit("EC 12345"),
    catch: (error) => (AuthError.isAuthError(error) ? error : new SdkError({ cause: error }))
  })
})
// #endregion

const Live = Autopay.Client.layer.pipe(Layer.provide(Autopay.layerConfig()))

const main = Effect.gen(function* () {
  const { autopay, layer } = yield* sandboxes

  yield* Effect.gen(function* () {
    yield* Console.log(`the SDK got ${yield* program}`)
    yield* autopay.revokeAccessTokens
    yield* Console.log(`after its token was revoked, it got ${yield* program}`)
  }).pipe(Effect.provide(Layer.provide(Live, layer)))

  yield* autopay.changeSecret(Redacted.make("rotated"))
  const error = yield* Effect.flip(program.pipe(Effect.provide(Layer.provide(Live, layer))))
  yield* Console.log(`with a wrong secret its promise is rejected with ${error._tag}`)

  const { mints, requests } = Ledger.count(yield* autopay.ledger)
  yield* Console.log(`${requests} requests arrived, ${mints} logins`)
})

await Effect.runPromise(main)
