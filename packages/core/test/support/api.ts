import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** One request as it arrived. */
export interface Arrival {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly headers: Record<string, string>
  readonly body: string
}

export interface Api {
  readonly client: HttpClient.HttpClient
  readonly arrivals: Array<Arrival>
  /** Tokens that are accepted; others get a 401. */
  accepts: (token: string) => boolean
  latency: Duration.DurationInput
  /** Answers before the token is looked at, where it answers at all. */
  intercept: (arrival: Arrival) => Response | undefined
}

const decoder = new TextDecoder()

const readBody = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<string> => {
  const body = request.body
  switch (body._tag) {
    case "Empty":
      return Effect.succeed("")
    case "Uint8Array":
      return Effect.succeed(decoder.decode(body.body))
    case "Raw":
      return Effect.promise(() => new Response(String(body.body)).text())
    case "FormData":
      return Effect.succeed(
        Array.from(
          body.formData,
          ([name, value]) => `${name}=${typeof value === "string" ? value : value.name}`
        ).join("&")
      )
    case "Stream":
      return Effect.map(Effect.orDie(Stream.runCollect(body.stream)), (chunks) =>
        Chunk.toReadonlyArray(chunks)
          .map((chunk) => decoder.decode(chunk))
          .join("")
      )
  }
}

/** An API in memory: a base client that records what arrives. */
export const make = (): Api => {
  const api: Api = {
    arrivals: [],
    accepts: () => true,
    latency: 0,
    intercept: () => undefined,
    client: HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const body = yield* readBody(request)
        const arrival: Arrival = {
          method: request.method,
          url: url.toString(),
          authorization: request.headers["authorization"],
          headers: { ...request.headers },
          body
        }
        api.arrivals.push(arrival)
        yield* Effect.sleep(api.latency)
        const token = arrival.authorization?.replace("Bearer ", "")
        const intercepted = api.intercept(arrival)
        const response =
          intercepted ??
          (token !== undefined && api.accepts(token)
            ? Response.json({ ok: true })
            : Response.json({ error: "rejected" }, { status: 401, headers: { "x-answer": "401" } }))
        return HttpClientResponse.fromWeb(request, response)
      })
    )
  }
  return api
}
