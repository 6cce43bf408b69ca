// Autopay alone: the snippet of its README.
import { Console, Redacted } from "effect"
import { sandboxes } from "./support/sandboxes.ts"
// #region autopay
import { Autopay } from "@latchkey/autopay"
import { Effect, Layer } from "effect"

const permits = Effect.gen(function* () {
  const autopay = yield* Autopay.Client
  const response = yield* autopay.get("/v1/permits") // relative to https://api.autopay.io
  return yield* response.json
}).pipe(
  Effect.catchTag("AccessDenied", () => Effect.succeed("Autopay does not take this client id or secret"))
)

// Reads AUTOPAY_CLIENT_ID and AUTOPAY_CLIENT_SECRET. Needs an HttpClient below: FetchHttpClient.layer.
const Live = Autopay.Client.layer.pipe(Layer.provide(Autopay.layerConfig()))

const program = Effect.provide(permits, Live)
// #endregion

const main = Effect.gen(function* () {
  const { autopay, layer } = yield* sandboxes
  yield* Console.log(yield* Effect.provide(program, layer))
  yield* autopay.changeSecret(Redacted.make("another"))
  yield* Console.log(yield* Effect.provide(program, layer))
})

await Effect.runPromise(main)
