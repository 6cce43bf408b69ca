// PaymentsGate alone: the snippet of its README.
import { Console } from "effect"
import { environment } from "./support/paymentsgate.ts"
// #region paymentsgate
import { PaymentsGate } from "@latchkey/paymentsgate"
import { Effect, Layer } from "effect"

const deals = Effect.gen(function* () {
  const client = yield* PaymentsGate.Client
  const response = yield* client.get("/deals") // relative to the base URL
  return yield* response.json
}).pipe(
  Effect.catchTag("Unauthorized", () => Effect.succeed("PaymentsGate does not take this account or key"))
)

// Reads PAYMENTSGATE_ACCOUNT_ID and PAYMENTSGATE_PUBLIC_KEY. Needs an HttpClient below: FetchHttpClient.layer.
const Live = PaymentsGate.Client.layer.pipe(Layer.provide(PaymentsGate.layerConfig()))

const program = Effect.provide(deals, Live)
// #endregion

await Effect.runPromise(
  Effect.flatMap(environment, (layer) => Effect.flatMap(Effect.provide(program, layer), Console.log))
)
