// Su alone: the snippet of its README.
import { Console } from "effect"
import { environment } from "./support/su.ts"
// #region su
import { Su } from "@latchkey/su"
import { Effect, Layer } from "effect"

const rooms = Effect.gen(function* () {
  const client = yield* Su.Client
  const response = yield* client.get("/rooms") // relative to the base URL
  return yield* response.json
}).pipe(Effect.catchTag("Unauthorized", () => Effect.succeed("Su does not take this client secret")))

// Reads SU_ENVIRONMENT, SU_DOMAIN and SU_CLIENT_SECRET. Needs an HttpClient below: FetchHttpClient.layer.
const Live = Su.Client.layer.pipe(Layer.provide(Su.layerConfig()))

const program = Effect.provide(rooms, Live)
// #endregion

await Effect.runPromise(
  Effect.flatMap(environment, (layer) => Effect.flatMap(Effect.provide(program, layer), Console.log))
)
