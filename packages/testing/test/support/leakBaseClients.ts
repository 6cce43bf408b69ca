import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type { Path, Seed } from "./leakPath.ts"

type Request = HttpClientRequest.HttpClientRequest

const decoder = new TextDecoder()

/** A request as it is sent, in words: what a careless client writes into its errors. */
const described = (request: Request): string =>
  `${request.method} ${request.url} ${JSON.stringify(request.headers)} ${
    request.body._tag === "Uint8Array" ? decoder.decode(request.body.body) : ""
  }`

/** How a base client fails. */
type Failure = (
  request: Request
) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

const transport = (
  request: Request,
  rest: { readonly cause?: unknown; readonly description?: string }
): HttpClientError.RequestError => new HttpClientError.RequestError({ request, reason: "Transport", ...rest })

/** How the errors of a base client may hold the request as it was sent. */
const errors: { readonly [name: string]: Failure } = {
  "an error whose cause mentions the headers": (request) =>
    Effect.fail(transport(request, { cause: new TypeError(`fetch failed: ${described(request)}`) })),
  "an error whose cause has a cause that mentions the headers": (request) =>
    Effect.fail(
      transport(request, {
        cause: new TypeError("fetch failed", { cause: new Error(`socket hang up: ${described(request)}`) })
      })
    ),
  "an error whose cause holds the headers, as that of axios": (request) =>
    Effect.fail(
      transport(request, {
        cause: Object.assign(new Error("Network Error"), {
          config: { url: request.url, headers: { ...request.headers }, data: request.body }
        })
      })
    ),
  "an error whose cause is the error of a client below": (request) =>
    Effect.fail(transport(request, { cause: transport(request, {}) })),
  "an error whose cause is the headers": (request) =>
    Effect.fail(transport(request, { cause: { ...request.headers } })),
  "an error whose cause is a text": (request) =>
    Effect.fail(transport(request, { cause: described(request) })),
  "an error whose description mentions the headers": (request) =>
    Effect.fail(transport(request, { description: described(request) })),
  "an error about an answer": (request) =>
    Effect.fail(
      new HttpClientError.ResponseError({
        request,
        response: HttpClientResponse.fromWeb(request, new Response("no", { status: 502 })),
        reason: "StatusCode",
        description: described(request),
        cause: { request }
      })
    ),
  "an error beside a defect": (request) =>
    Effect.ensuring(
      Effect.fail(transport(request, { cause: { request } })),
      Effect.die(new Error(described(request)))
    )
}

const defects: { readonly [name: string]: Failure } = {
  "a defect that mentions the headers": (request) => Effect.die(new Error(described(request))),
  "a defect that holds the request": (request) => Effect.die({ request }),
  "a defect that is the error of a client below": (request) => Effect.die(transport(request, {}))
}

/** An answer that breaks while it is read. */
const breaking =
  (error: (request: Request) => Error, status = 200): Failure =>
  (request) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(new ReadableStream({ pull: (controller) => controller.error(error(request)) }), {
          status
        })
      )
    )

type Place = "token endpoint" | "API"

const over =
  ({ armed, driver }: Seed, failure: Failure, at: Place) =>
  (base: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.make((request, url) =>
      armed.on && (at === "API") === (driver.tokenPaths[url.pathname] === undefined)
        ? failure(request)
        : base.execute(request)
    )

const path = (at: Place, name: string, failure: Failure, rest: Partial<Path> = {}): Path => ({
  name: `at the ${at}, ${name}`,
  setup: (seed) => ({ base: over(seed, failure, at) }),
  brief: at === "token endpoint",
  ends: "error",
  ...rest
})

/** Connections that break while an answer is read: no fault of the base client. */
export const brokenAnswers: ReadonlyArray<Path> = [
  path(
    "token endpoint",
    "an answer that breaks off",
    breaking(() => new TypeError("terminated"))
  ),
  path(
    "API",
    "an answer that breaks off",
    breaking(() => new TypeError("terminated")),
    { ends: "answer" }
  ),
  path(
    "API",
    "a 401 that breaks off",
    breaking(() => new TypeError("terminated"), 401),
    { ends: "answer" }
  )
]

/** One of each kind is met by every client and by `fetch`; the others by the two clients. */
const throughout = new Set([
  "an error whose cause mentions the headers",
  "an error about an answer",
  "a defect that holds the request"
])

/** Base clients that fail with what they were given to send: a proxy, a logger, a client of another make. */
export const leakyBases: ReadonlyArray<Path> = (["token endpoint", "API"] as const).flatMap((at) =>
  Object.entries({ ...errors, ...defects })
    .map(([name, failure]) =>
      path(at, name, failure, { leakyBase: true, brief: at === "token endpoint" || !throughout.has(name) })
    )
    .concat(
      path(
        at,
        "an answer that breaks off with an error that mentions the headers",
        breaking((request) => new Error(`aborted: ${described(request)}`)),
        { leakyBase: true, ends: at === "API" ? "answer" : "error" }
      )
    )
)
