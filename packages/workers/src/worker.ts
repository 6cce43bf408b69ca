/**
 * The worker under test: one `ManagedRuntime` for all requests, by a clock that the test sets forward, so that
 * a token expires when the test says so. Runs in workerd, as a bundle.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { Autopay } from "@latchkey/autopay"
import { env, waitUntil } from "cloudflare:workers"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { ShiftedClock } from "./shiftedClock.ts"

const clock = new ShiftedClock()
const { API_URL = "", CLIENT_ID = "", CLIENT_SECRET = "", MINT_DEADLINE = "20000", WAIT_UNTIL } = env

const runtime = ManagedRuntime.make(
  Autopay.Client.layer.pipe(
    Layer.provideMerge(
      Autopay.layer({
        clientId: CLIENT_ID,
        clientSecret: Redacted.make(CLIENT_SECRET),
        tokenUrl: `${API_URL}/oauth/token`,
        apiUrl: API_URL,
        policy: {
          mintDeadline: Number(MINT_DEADLINE),
          waitUntil: WAIT_UNTIL === "true" ? waitUntil : undefined
        }
      })
    ),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.setClock(clock))
  )
)

/** Calls the API; the tag of the error where there is no token. */
const call = Effect.gen(function* () {
  const autopay = yield* Autopay.Client
  const response = yield* autopay.get("/v1/permits")
  yield* response.text
  return String(response.status)
}).pipe(Effect.catchAll((error) => Effect.succeed(error._tag)))

let underWay = 0

const answer = async (url: URL): Promise<Response> => {
  switch (url.pathname) {
    case "/call": {
      underWay += 1
      try {
        return new Response(await runtime.runPromise(call))
      } finally {
        underWay -= 1
      }
    }
    // Begins a call and answers without waiting for it: with the request ends all that it began.
    case "/begin":
      runtime.runFork(call)
      return new Response("begun")
    case "/advance":
      clock.shift += Number(url.searchParams.get("by"))
      return new Response("advanced")
    case "/underWay":
      return new Response(String(underWay))
    default:
      return new Response("no such path", { status: 404 })
  }
}

export default { fetch: (request: Request): Promise<Response> => answer(new URL(request.url)) }
