// A client that @effect/platform derives from an HttpApi, over the composed HttpClient: it needs no word about tokens.
import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import { Autopay } from "@latchkey/autopay"
import { AuthError, AuthHttpClient } from "@latchkey/core"
import { VaultsPay } from "@latchkey/vaultspay"
import { Console, Effect, Layer, Schema } from "effect"
import { sandboxes } from "./support/sandboxes.ts"

const Answer = Schema.Struct({ ok: Schema.Boolean, method: Schema.String, path: Schema.String })

// #region api
const Permits = HttpApiGroup.make("permits")
  .add(HttpApiEndpoint.get("list", "/v1/permits").addSuccess(Answer))
  .add(
    HttpApiEndpoint.post("create", "/v1/permits")
      .setPayload(Schema.Struct({ plate: Schema.String }))
      .addSuccess(Answer)
  )

const Parking = HttpApi.make("parking").add(Permits)

const program = Effect.gen(function* () {
  const parking = yield* HttpApiClient.make(Parking, { baseUrl: "https://api.autopay.io" })
  const created = yield* parking.permits.create({ payload: { plate: "EC 12345" } })
  const listed = yield* parking.permits.list()
  return [created, listed]
}).pipe(AuthError.surface)
// #endregion

const Payments = AuthHttpClient.layer([Autopay.Autopay, VaultsPay.VaultsPay]).pipe(
  Layer.provide([Autopay.layerConfig(), VaultsPay.layerConfig()])
)

const main = Effect.gen(function* () {
  const { layer } = yield* sandboxes
  for (const { method, ok, path } of yield* Effect.provide(program, Layer.provide(Payments, layer))) {
    yield* Console.log(`${method} ${path}: ${ok ? "accepted" : "refused"}`)
  }
})

await Effect.runPromise(main)
