import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenEndpoint from "@latchkey/core/TokenEndpoint"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent, interceptors } from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Http from "node:http"

interface Server {
  readonly url: string
  readonly seen: Array<{
    readonly path: string
    readonly authorization: string | undefined
    readonly secret: unknown
  }>
}

const serve = (answer: (request: Http.IncomingMessage, response: Http.ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.async<Server & { readonly close: () => void }>((resume) => {
      const seen: Array<Server["seen"][number]> = []
      const server = Http.createServer((request, response) => {
        seen.push({
          path: request.url ?? "",
          authorization: request.headers.authorization,
          secret: request.headers["client-secret"]
        })
        request.resume()
        request.on("end", () => answer(request, response))
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(
          Effect.succeed({
            url: `http://127.0.0.1:${port}`,
            seen,
            close: () => {
              server.closeAllConnections()
              server.close()
            }
          })
        )
      })
    }),
    (server) => Effect.sync(server.close)
  )

let issued = 0

/** A flow whose token endpoint is on the origin of its API. */
const makeFlow = (url: string) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const read = TokenEndpoint.read({
      schema: Schema.Struct({ access_token: Schema.String }),
      found: ({ access_token }) => ({ accessToken: access_token, lifetime: Either.right(3_600_000) }),
      refusal: () => ({})
    })
    return yield* AuthFlow.make({
      provider: "loopback",
      key: "loopback",
      apiUrl: url,
      credential: Effect.succeed(Redacted.make("loopback-secret")),
      login: (secret) =>
        TokenEndpoint.exchange(
          client,
          {
            provider: "loopback",
            operation: "login",
            credential: "client",
            secrets: [secret],
            request: HttpClientRequest.post(`${url}/token`, {
              headers: { "client-secret": Redacted.value(secret) }
            })
          },
          read
        )
    })
  })

const json = (
  response: Http.ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {}
) => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

const oneConnection = NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
  Layer.provide(
    Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.acquireRelease(
        Effect.sync(() => new Agent({ connections: 1, pipelining: 1 })),
        (agent) => Effect.promise(() => agent.destroy())
      )
    )
  )
)

const bases: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["undici with one connection", oneConnection]
]

describe.each(bases)("over loopback with %s", (_name, base) => {
  it.scopedLive(
    "R9, R10: a revoked token is replaced, and the rejected answer holds no connection meanwhile",
    () =>
      Effect.gen(function* () {
        const api = yield* serve((request, response) => {
          if (request.url === "/token") {
            return json(response, 200, { access_token: `access-${++issued}` })
          }
          return request.headers.authorization === `Bearer access-${issued}` &&
            request.headers["x-again"] === undefined
            ? json(response, 200, { ok: true })
            : json(response, 401, { error: "revoked", filler: "x".repeat(100_000) })
        })
        const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
        const client = yield* AuthHttpClient.make(manager)
        assert.strictEqual((yield* client.get("/one")).status, 200)
        issued += 1
        const responses = yield* Effect.forEach(Array.from({ length: 20 }), () => client.post("/two"), {
          concurrency: "unbounded"
        })
        for (const response of responses) {
          assert.deepStrictEqual(yield* response.json, { ok: true })
        }
        assert.strictEqual(api.seen.filter(({ path }) => path === "/token").length, 2)
        const refused = yield* client.get("/three", { headers: { "x-again": "1" } })
        assert.strictEqual(refused.status, 401)
        assert.include(yield* refused.text, '"error":"revoked"')
      }).pipe(Effect.provide(base))
  )

  it.scopedLive("R10: a 401 whose body never ends, or trickles, is given up, and its connection closed", () =>
    Effect.gen(function* () {
      const closed: Array<string | undefined> = []
      const api = yield* serve((request, response) => {
        if (request.url === "/token") {
          return json(response, 200, { access_token: `access-${++issued}` })
        }
        if (request.headers.authorization === `Bearer access-${issued}` && request.url !== "/first") {
          return json(response, 200, { ok: true })
        }
        response.writeHead(request.url === "/first" ? 200 : 401)
        if (request.url === "/first") {
          return response.end()
        }
        response.write("no")
        const drops = request.url === "/trickles" ? setInterval(() => response.write("no"), 50) : undefined
        response.on("close", () => {
          closed.push(request.url)
          clearInterval(drops)
        })
        return undefined
      })
      const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
      const client = yield* AuthHttpClient.make(manager)
      yield* Effect.flatMap(client.get("/first"), (response) => response.text)
      issued += 1
      const responses = yield* Effect.forEach(["/never-ends", "/trickles"], (path) => client.get(path), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        responses.map(({ status }) => status),
        [200, 200]
      )
      yield* Effect.promise(async () => {
        while (closed.length < 2) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    }).pipe(Effect.provide(base))
  )

  it.scopedLive("R14: a redirect of the API to another origin carries no token there", () =>
    Effect.gen(function* () {
      const elsewhere = yield* serve((_request, response) => json(response, 200, {}))
      const api = yield* serve((request, response) =>
        request.url === "/token"
          ? json(response, 200, { access_token: "access" })
          : json(response, 302, {}, { location: `${elsewhere.url}/caught` })
      )
      const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
      const client = yield* AuthHttpClient.make(manager)
      yield* client.get("/away")
      yield* HttpClient.followRedirects(client).get("/away")
      assert.strictEqual(api.seen.filter(({ authorization }) => authorization === "Bearer access").length, 2)
      assert.isAtLeast(elsewhere.seen.length, 1)
      assert.isTrue(elsewhere.seen.every(({ authorization }) => authorization === undefined))
    }).pipe(Effect.provide(base))
  )

  it.scopedLive("R14: a token endpoint's redirect is not followed, and no secret goes where it points", () =>
    Effect.gen(function* () {
      const elsewhere = yield* serve((_request, response) => json(response, 200, { access_token: "stolen" }))
      const api = yield* serve((_request, response) =>
        json(response, 307, {}, { location: `${elsewhere.url}/caught` })
      )
      const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
      const result = yield* Effect.either(manager.get)
      assert.isTrue(Either.isLeft(result) && result.left._tag === "InvalidResponse")
      assert.strictEqual(elsewhere.seen.length, 0)
      assert.strictEqual(api.seen[0]?.secret, "loopback-secret")
    }).pipe(Effect.provide(base))
  )
})

/** undici with its own interceptor, which follows redirects as `fetch` does. */
const redirecting = NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
  Layer.provide(
    Layer.scoped(
      NodeHttpClient.Dispatcher,
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => new Agent()),
          (agent) => Effect.promise(() => agent.destroy())
        ),
        (agent) => agent.compose(interceptors.redirect({ maxRedirections: 5 }))
      )
    )
  )
)

const followOutside = HttpClient.followRedirects(5)

/** Each way in which a redirect of the API may be followed. */
const following: ReadonlyArray<
  readonly [
    string,
    Layer.Layer<HttpClient.HttpClient>,
    outside: <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E, R>
  ]
> = [
  ["fetch", FetchHttpClient.layer, identity],
  ["undici with its interceptor", redirecting, identity],
  ...bases.map(([name, base]) => [`${name} and followRedirects outside`, base, followOutside] as const),
  ...bases.map(
    ([name, base]) =>
      [
        `${name} and followRedirects inside`,
        Layer.map(base, (context) =>
          Context.make(HttpClient.HttpClient, followOutside(Context.get(context, HttpClient.HttpClient)))
        ),
        identity
      ] as const
  )
]

describe.each(following)("redirects over loopback with %s", (_name, base, outside) => {
  it.scopedLive("R9: a 401 from another origin is no rejection of the token; one from the API's own is", () =>
    Effect.gen(function* () {
      const elsewhere = yield* serve((_request, response) => json(response, 401, { from: "elsewhere" }))
      let mints = 0
      const api = yield* serve((request, response) => {
        switch (request.url) {
          case "/token":
            mints += 1
            return json(response, 200, { access_token: `access-${mints}` })
          case "/away":
            return json(response, 302, {}, { location: `${elsewhere.url}/caught` })
          case "/within":
            return json(response, 302, {}, { location: "/closed" })
          default:
            return request.headers.authorization === "Bearer access-1"
              ? json(response, 401, { from: "api" })
              : json(response, 200, { from: "api" })
        }
      })
      const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
      const client = outside(yield* AuthHttpClient.make(manager))
      for (let call = 0; call < 3; call++) {
        const response = yield* client.get("/away")
        assert.strictEqual(response.status, 401)
        assert.deepStrictEqual(yield* response.json, { from: "elsewhere" })
      }
      assert.strictEqual(mints, 1)
      assert.strictEqual(elsewhere.seen.length, 3)
      const response = yield* client.get("/within")
      assert.strictEqual(response.status, 200)
      assert.strictEqual(mints, 2)
    }).pipe(Effect.provide(base))
  )
})

describe("toFetch", () => {
  const withFetch = (answer: (request: Http.IncomingMessage, response: Http.ServerResponse) => void) =>
    Effect.gen(function* () {
      const api = yield* serve((request, response) =>
        request.url === "/token"
          ? json(response, 200, { access_token: `fetch-${++issued}` })
          : answer(request, response)
      )
      const manager = yield* Effect.flatMap(makeFlow(api.url), TokenManager.make)
      const fetch = yield* Effect.flatMap(AuthHttpClient.make(manager), AuthHttpClient.toFetch)
      return { api, fetch }
    })

  it.scopedLive("is a standard fetch: method, headers, body, status, JSON", () =>
    Effect.gen(function* () {
      const { api, fetch } = yield* withFetch((request, response) =>
        json(
          response,
          201,
          { method: request.method, type: request.headers["content-type"] },
          { "x-answer": "yes" }
        )
      )
      const response = yield* Effect.promise(() =>
        fetch(`${api.url}/things`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ a: 1 })
        })
      )
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers.get("x-answer"), "yes")
      assert.deepStrictEqual(yield* Effect.promise(() => response.json()), {
        method: "POST",
        type: "application/json"
      })
      assert.match(api.seen.at(-1)?.authorization ?? "", /^Bearer fetch-/)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("R10: replays a body after a rejection", () =>
    Effect.gen(function* () {
      let first = true
      const { api, fetch } = yield* withFetch((_request, response) => {
        const status = first ? 401 : 200
        first = false
        json(response, status, {})
      })
      const response = yield* Effect.promise(() =>
        fetch(new Request(`${api.url}/things`, { method: "POST", body: new URLSearchParams({ a: "1" }) }))
      )
      assert.strictEqual(response.status, 200)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("empty answers have no body", () =>
    Effect.gen(function* () {
      const { api, fetch } = yield* withFetch((_request, response) => {
        response.writeHead(204)
        response.end()
      })
      const response = yield* Effect.promise(() => fetch(`${api.url}/things`, { method: "DELETE" }))
      assert.strictEqual(response.status, 204)
      assert.strictEqual(yield* Effect.promise(() => response.text()), "")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("rejects with the AuthError, with a TypeError, and with the reason of an abort", () =>
    Effect.gen(function* () {
      const refusing = yield* serve((_request, response) => json(response, 403, {}))
      const manager = yield* Effect.flatMap(makeFlow(refusing.url), TokenManager.make)
      const fetch = yield* Effect.flatMap(AuthHttpClient.make(manager), AuthHttpClient.toFetch)
      const reject = (run: () => Promise<unknown>) =>
        Effect.flip(
          Effect.tryPromise({
            try: run,
            // `_tag` of ours, `name` of the platform's.
            catch: (error) =>
              Predicate.hasProperty(error, "_tag")
                ? error._tag
                : error instanceof Error
                  ? error.name
                  : undefined
          })
        )
      assert.strictEqual(yield* reject(() => fetch(`${refusing.url}/things`)), "AccessDenied")
      assert.strictEqual(yield* reject(() => fetch("http://127.0.0.1:1/")), "TypeError")

      const { api, fetch: hanging } = yield* withFetch(() => {})
      const controller = new AbortController()
      const pending = yield* Effect.fork(
        reject(() => hanging(`${api.url}/hangs`, { signal: controller.signal }))
      )
      yield* Effect.promise(async () => {
        while (api.seen.every(({ path }) => path !== "/hangs")) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      controller.abort(new RangeError("enough"))
      assert.strictEqual(yield* pending, "RangeError")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
