// A provider that Latchkey does not ship (own-provider/Parcels.ts), and a sandbox to test it against.
import { HttpClient } from "@effect/platform"
import { Autopay } from "@latchkey/autopay"
import { AuthHttpClient } from "@latchkey/core"
import { AutopaySandbox, Ledger, MemoryClient } from "@latchkey/testing"
import { Console, Effect, Layer } from "effect"
import * as Parcels from "./own-provider/Parcels.ts"
import * as ParcelsSandbox from "./own-provider/ParcelsSandbox.ts"

const main = Effect.gen(function* () {
  const autopay = yield* AutopaySandbox.make()
  const parcels = yield* ParcelsSandbox.make()
  const { clientId, clientSecret } = parcels.credentials

  const Both = AuthHttpClient.layer([Autopay.Autopay, Parcels.Parcels]).pipe(
    Layer.provide([
      Autopay.layer(autopay.credentials),
      Parcels.layer({ baseUrl: parcels.apiOrigin, account: clientId, key: clientSecret })
    ]),
    Layer.provide(MemoryClient.layer([autopay, parcels]))
  )

  yield* Effect.gen(function* () {
    const http = yield* HttpClient.HttpClient
    const permits = yield* http.get("https://api.autopay.io/v1/permits")
    const labels = yield* http.get("https://parcels.example/labels")
    yield* Console.log(`autopay: ${permits.status}, parcels: ${labels.status}`)
  }).pipe(Effect.provide(Both))

  const { mints, requests } = Ledger.count(yield* parcels.ledger)
  yield* Console.log(`parcels saw ${mints} login, ${requests} request`)
})

await Effect.runPromise(main)
