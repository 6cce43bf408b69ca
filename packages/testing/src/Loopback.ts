/**
 * A sandbox on a real socket of 127.0.0.1, for real HTTP clients. The only module here that needs
 * Node; it loads it when a server is started.
 *
 * @since 0.1.0
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { Sandbox } from "./Sandbox.ts"
import type * as Wire from "./Wire.ts"
import { concat } from "./internal/body.ts"

/**
 * A sandbox that listens.
 *
 * @since 0.1.0
 * @category models
 */
export interface Served {
  /** Its only origin, without a slash at the end: `http://127.0.0.1:43123`. */
  readonly url: string
}

const readBody = (incoming: IncomingMessage): Effect.Effect<Uint8Array> =>
  Effect.async((resume) => {
    const chunks: Array<Uint8Array> = []
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk))
    incoming.once("end", () => resume(Effect.succeed(concat(chunks))))
    // A request that never ends is none: the sandbox must not handle half of it.
    incoming.once("error", () => resume(Effect.never))
  })

const headersOf = (incoming: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(incoming.headersDistinct).map(([name, values]) => [name, values?.join(", ") ?? ""])
  )

const write = (outgoing: ServerResponse, { body, headers, status }: Wire.SandboxResponse): void => {
  const hasBody = status !== 204 && status !== 304
  outgoing.writeHead(status, hasBody ? { ...headers, "content-length": body.length } : headers)
  outgoing.end(hasBody ? body : undefined)
}

const respond = (
  sandbox: Sandbox,
  url: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const response = yield* sandbox.handle({
      method: incoming.method ?? "GET",
      url: new URL(`${url}${incoming.url ?? "/"}`),
      headers: headersOf(incoming),
      body: yield* readBody(incoming)
    })
    write(outgoing, response)
  }).pipe(
    Effect.tapDefect((cause) => Effect.logError(`The sandbox of ${sandbox.provider} broke`, cause)),
    Effect.catchAllCause(() => Effect.sync(() => incoming.socket.resetAndDestroy()))
  )

const listen = (server: Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.once("error", (error) => resume(Effect.die(error)))
    server.listen(0, "127.0.0.1", () => resume(Effect.void))
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/**
 * Serves a sandbox on a free port of 127.0.0.1 until the scope closes, which destroys every socket
 * under way.
 *
 * All its endpoints share the one origin, by path: give the flow `{ tokenUrl: url + "/oauth/token",
 * apiUrl: url }` or the provider's `baseUrl`. The sandbox runs with the caller's services: under
 * `TestClock` the test's time is the provider's.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = (sandbox: Sandbox): Effect.Effect<Served, never, Scope.Scope> =>
  Effect.gen(function* () {
    const http = yield* Effect.promise(() => import("node:http"))
    const run = yield* FiberSet.makeRuntime<never, void>()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => http.createServer()),
      close
    )
    yield* listen(server)
    const address = server.address()
    if (address === null || typeof address === "string") {
      return yield* Effect.dieMessage("The sandbox has no port")
    }
    const url = `http://127.0.0.1:${address.port}`
    server.on("request", (incoming, outgoing) => {
      const fiber = run(respond(sandbox, url, incoming, outgoing))
      // A caller that gave up ends what it waited for; after a full answer there is nothing to end.
      outgoing.once("close", () => fiber.unsafeInterruptAsFork(FiberId.none))
    })
    return { url }
  })
