// Any OAuth 2.0 server, and two of them in one application: the snippets of @latchkey/oauth2's README.
import { Console } from "effect"
import { environment } from "./support/oauth2.ts"
// #region oauth2
import { OAuth2 } from "@latchkey/oauth2"
import { Effect, Layer } from "effect"

const reports = Effect.gen(function* () {
  const client = yield* OAuth2.Client
  const response = yield* client.get("/v1/reports") // relative to OAUTH2_API_URL
  return yield* response.json
}).pipe(Effect.catchTag("Unauthorized", ({ code }) => Effect.succeed(`check the client's secret: ${code}`)))

// Reads OAUTH2_ISSUER, OAUTH2_CLIENT_ID, OAUTH2_CLIENT_SECRET and OAUTH2_API_URL.
// Needs an HttpClient below: FetchHttpClient.layer.
const Live = OAuth2.Client.layer.pipe(Layer.provide(OAuth2.layerConfig()))

const program = Effect.provide(reports, Live)
// #endregion

// #region several
// A server of its own name: its token, its variables (ACME_ISSUER, …), its typed client.
class Acme extends OAuth2.Tag("Acme")<Acme>() {}
class AcmeClient extends OAuth2.ClientTag("AcmeClient")<AcmeClient>() {
  static readonly layer = OAuth2.clientLayer(AcmeClient, Acme)
}

const Servers = Layer.mergeAll(OAuth2.Client.layer, AcmeClient.layer).pipe(
  Layer.provide([
    OAuth2.layerConfig(),
    OAuth2.layerConfig(Acme, { prefix: "ACME", policy: { revokeOnRelease: true } })
  ])
)

const both = Effect.gen(function* () {
  const client = yield* OAuth2.Client
  const acme = yield* AcmeClient
  return yield* Effect.all([client.get("/v1/reports"), acme.get("/v1/reports")], { concurrency: 2 })
})
// #endregion

await Effect.gen(function* () {
  const context = yield* Layer.build(yield* environment)
  yield* Effect.provide(Effect.flatMap(program, Console.log), context)
  const responses = yield* Effect.provide(both, Layer.provide(Servers, Layer.succeedContext(context)))
  yield* Console.log(responses.map(({ status }) => status))
}).pipe(Effect.scoped, Effect.runPromise)
