// What can go wrong with a token, told apart by tag: with a typed client, and under the standard tag.
import { HttpClient } from "@effect/platform"
import { Autopay } from "@latchkey/autopay"
import { AuthError, AuthHttpClient } from "@latchkey/core"
import { Fault, Ledger } from "@latchkey/testing"
import { Console, DateTime, Effect, Layer, Redacted, Schedule } from "effect"
import { sandboxes } from "./support/sandboxes.ts"

// #region typed
const permits = Effect.gen(function* () {
  const autopay = yield* Autopay.Client
  const response = yield* autopay.get("/v1/permits")
  return `answered ${response.status}`
}).pipe(
  Effect.catchTags({
    // Terminal: somebody has to change something.
    Expired: ({ credential }) => Effect.succeed(`the ${credential} is past its time: log in again`),
    Unauthorized: () => Effect.succeed("wrong credentials: fix them"),
    // Not allowed, or what Autopay says of a wrong secret: the message tells which, and what to do.
    AccessDenied: ({ message }) => Effect.succeed(message),
    InvalidResponse: ({ endpoint }) => Effect.succeed(`that is no token: check ${endpoint}`),
    // Transient: try again later.
    RateLimited: ({ retryAfter }) =>
      Effect.succeed(`not before ${retryAfter === undefined ? "a while" : DateTime.formatIso(retryAfter)}`),
    Unavailable: ({ status }) => Effect.succeed(`down (${status}): try again`)
  })
)
// #endregion

// #region surface
const permitsOfStandardClient = Effect.gen(function* () {
  const http = yield* HttpClient.HttpClient
  // Outside of ours: repeats what is transient. A wrong secret is not, and is not asked twice.
  const robust = http.pipe(
    HttpClient.filterStatusOk,
    HttpClient.retryTransient({ times: 3, schedule: Schedule.exponential("50 millis") })
  )
  const response = yield* robust.get("https://api.autopay.io/v1/permits")
  return `answered ${response.status}`
}).pipe(
  AuthError.surface, // from the cause of a RequestError into the error channel
  Effect.catchTag("AccessDenied", ({ message }) => Effect.succeed(message))
)
// #endregion

const Clients = Layer.merge(Autopay.Client.layer, AuthHttpClient.layer([Autopay.Autopay])).pipe(
  Layer.provide(Autopay.layerConfig())
)

const main = Effect.gen(function* () {
  const { autopay, layer } = yield* sandboxes
  /** Each with clients of its own, which know nothing of the failures before. */
  const show = <E>(
    title: string,
    program: Effect.Effect<string, E, Autopay.Client | HttpClient.HttpClient>
  ) =>
    Effect.flatMap(Effect.provide(program, Layer.provideMerge(Clients, layer)), (text) =>
      Console.log(`${title}: ${text}`)
    )

  yield* show("all is well", permits)

  yield* autopay.fault("login", Fault.Status({ status: 429, headers: { "retry-after": "3600" } }))
  yield* show("too many logins", permits)

  yield* autopay.fault("login", Fault.Status({ status: 503 }), { times: 4 })
  yield* show("login is down", permits)

  yield* autopay.fault("login", Fault.Status({ status: 404 }))
  yield* show("wrong URL", permits)

  yield* autopay.fault("api", Fault.Status({ status: 503 }), { times: 2 })
  yield* show("API is down for a moment, standard client", permitsOfStandardClient)

  yield* autopay.changeSecret(Redacted.make("rotated"))
  yield* autopay.clearLedger
  yield* show("wrong secret", permits)
  yield* show("wrong secret, standard client", permitsOfStandardClient)
  const { refusals } = Ledger.count(yield* autopay.ledger)
  yield* Console.log(`the wrong secret was presented ${refusals} times, once by each`)
})

await Effect.runPromise(main)
