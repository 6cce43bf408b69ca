// A process of its own that wants a token: says when it is ready, and asks when it is told to.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as SqlTokenStore from "../../src/SqlTokenStore.ts"
import { clientOf } from "./clients.ts"

const [storeUrl = "", baseUrl = "", accountId = "", publicKey = ""] = process.argv.slice(2)

const Live = PaymentsGate.layer({
  baseUrl,
  accountId,
  publicKey: Redacted.make(publicKey),
  dangerouslyAllowInsecureHttp: true
}).pipe(
  Layer.provide(Layer.provide(SqlTokenStore.layerMigrated(), clientOf(storeUrl))),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.gen(function* () {
  const manager = yield* PaymentsGate.PaymentsGate
  yield* Console.log("ready")
  yield* Effect.promise(() => once(process.stdin, "data"))
  const token = yield* manager.get
  yield* Console.log(Redacted.value(token.value))
})

await Effect.runPromise(Effect.provide(program, Live))
process.stdin.destroy()
