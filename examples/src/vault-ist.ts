// vault.ist alone: the snippet of its README.
import { Console } from "effect"
import { environment } from "./support/vault-ist.ts"
// #region vault-ist
import { VaultIst } from "@latchkey/vault-ist"
import { Effect, Layer } from "effect"

const accounts = Effect.gen(function* () {
  const client = yield* VaultIst.Client
  const response = yield* client.get("/v2.0/accounts") // relative to https://api.vault.ist
  return yield* response.json
}).pipe(
  Effect.catchTag("Expired", () =>
    Effect.succeed("vault.ist takes no refresh token any more: configure a new one")
  )
)

// Reads VAULT_IST_REFRESH_TOKEN. Needs an HttpClient below: FetchHttpClient.layer.
const Live = VaultIst.Client.layer.pipe(Layer.provide(VaultIst.layerConfig()))

const program = Effect.provide(accounts, Live)
// #endregion

await Effect.runPromise(
  Effect.flatMap(environment, (layer) => Effect.flatMap(Effect.provide(program, layer), Console.log))
)
