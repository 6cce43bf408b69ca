/**
 * An `HttpClient` whose network is a set of sandboxes: no socket, no port, and time from Effect's
 * `Clock` only.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { ConnectionReset, Sandbox } from "./Sandbox.ts"
import * as Wire from "./Wire.ts"
import * as Body from "./internal/body.ts"

/**
 * An origin that no sandbox answers to, as Node says it of a host that it does not know.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostNotFound extends Data.TaggedError("HostNotFound")<{ readonly message: string }> {
  readonly code = "ENOTFOUND"
}

/**
 * What answers a request.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler = (request: Wire.SandboxRequest) => Effect.Effect<Wire.SandboxResponse, ConnectionReset>

/**
 * Options of {@link client}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What answers at origins of no sandbox. Default: their hosts are not found. */
  readonly elsewhere?: Handler | undefined
}

const transportError = (request: HttpClientRequest.HttpClientRequest) => (cause: unknown) =>
  new HttpClientError.RequestError({ request, reason: "Transport", cause })

/** The statuses that a `Response` accepts no body with. */
const bodiless = new Set([204, 205, 304])

const toWeb = (method: string, { body, headers, status }: Wire.SandboxResponse): Response =>
  new Response(method === "HEAD" || bodiless.has(status) ? null : new Uint8Array(body), { status, headers })

/**
 * The client whose network these sandboxes are, told apart by origin.
 *
 * It follows no redirect and pools no connections. Reset connections and unknown hosts are
 * `RequestError`s with reason `Transport`, their cause has Node's `code`: `ECONNRESET`, `ENOTFOUND`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const client = (sandboxes: ReadonlyArray<Sandbox>, options: Options = {}): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const sandbox = sandboxes.find(({ origins }) => origins.includes(url.origin))
      const handle = sandbox?.handle ?? options.elsewhere
      if (handle === undefined) {
        return yield* transportError(request)(
          new HostNotFound({ message: `No sandbox answers at ${url.origin}` })
        )
      }
      const sent = yield* Body.read(request)
      const response = yield* Effect.mapError(
        handle({ method: request.method, url, headers: sent.headers, body: sent.bytes }),
        transportError(request)
      )
      return HttpClientResponse.fromWeb(request, toWeb(request.method, response))
    })
  )

/**
 * The standard `HttpClient`, with {@link client} under it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  sandboxes: ReadonlyArray<Sandbox>,
  options?: Options
): Layer.Layer<HttpClient.HttpClient> =>
  HttpClient.layerMergedContext(Effect.succeed(client(sandboxes, options)))

/**
 * A handler for {@link Options.elsewhere} that keeps what it got and answers 200 to all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  readonly handle: Handler
  /** What arrived, oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<Wire.SandboxRequest>>
}

/**
 * Makes a {@link Recorder}: what a test asserts that nothing secret arrived at.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recorder: Effect.Effect<Recorder> = Effect.map(
  Ref.make<ReadonlyArray<Wire.SandboxRequest>>([]),
  (requests) => ({
    handle: (request) =>
      Effect.as(
        Ref.update(requests, (seen) => [...seen, request]),
        Wire.json(200, { ok: true })
      ),
    requests: Ref.get(requests)
  })
)
