import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Https from "node:https"
import * as Net from "node:net"
import { inspect } from "node:util"
import { it } from "../../testing/src/SettledTest.ts"
import * as TokenEndpoint from "../src/TokenEndpoint.ts"
import { type Certificate, selfSigned } from "./support/certificate.ts"

const secret = "loopback-secret"

const portOf = (server: Net.Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** A server that listens until the scope closes. */
const listening = <S extends Net.Server>(make: () => S) =>
  Effect.acquireRelease(
    Effect.async<S>((resume) => {
      const server = make()
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

/** Serves a socket in some way. */
const sockets = (onSocket: (socket: Net.Socket) => void) =>
  Effect.map(
    listening(() =>
      Net.createServer((socket) => {
        socket.on("error", () => {})
        onSocket(socket)
      })
    ),
    portOf
  )

/** A port that is taken, so that nobody else can listen on it, and at which nobody listens. */
const refusing = Effect.gen(function* () {
  const port = yield* sockets(() => {})
  const socket = yield* Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect({ host: "127.0.0.1", port }, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )
  return socket.localPort ?? 0
})

const secure = (certificate: Certificate) =>
  Effect.map(
    listening(() => Https.createServer(certificate, (_request, response) => response.end("{}"))),
    portOf
  )

/** The base client that fetches with an agent which trusts these certificates. */
const trusting = (...ca: ReadonlyArray<string>) =>
  NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
    Layer.provide(
      Layer.scoped(
        NodeHttpClient.Dispatcher,
        Effect.acquireRelease(
          Effect.sync(() => new Agent({ connect: { ca: [...ca] } })),
          (agent) => Effect.promise(() => agent.destroy())
        )
      )
    )
  )

/** What it fails with that logs in there. */
const failure = (url: string) =>
  Effect.flatMap(HttpClient.HttpClient, (client) =>
    Effect.flip(
      TokenEndpoint.send(client, {
        provider: "acme",
        operation: "login",
        credential: "client",
        secrets: [Redacted.make(secret)],
        request: HttpClientRequest.post(`${url}/token?key=${secret}`, {
          headers: { "client-secret": secret }
        })
      })
    )
  ).pipe(
    Effect.map((error) => {
      assert.notInclude(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }), secret)
      return [error._tag, error.code, error._tag === "Unavailable" && error.neverSent]
    })
  )

const bases: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici]
]

describe.each(bases)("a provider that is not reached with %s", (_name, base) => {
  it.scoped("Errors, R8: a port at which nobody listens: refused, never sent", () =>
    Effect.gen(function* () {
      const port = yield* refusing
      assert.deepStrictEqual(yield* failure(`http://127.0.0.1:${port}`), [
        "Unavailable",
        "connection_refused",
        true
      ])
    }).pipe(Effect.provide(base))
  )

  it.scoped("Errors, R8: a connection that is reset once the request is there: it may have been sent", () =>
    Effect.gen(function* () {
      const port = yield* sockets((socket) => socket.once("data", () => socket.resetAndDestroy()))
      assert.deepStrictEqual(yield* failure(`http://127.0.0.1:${port}`), [
        "Unavailable",
        "connection_reset",
        false
      ])
    }).pipe(Effect.provide(base))
  )

  it.scoped("Errors: a certificate that signs itself is not trusted", () =>
    Effect.gen(function* () {
      const port = yield* secure(selfSigned("localhost", 2000, 2049))
      assert.deepStrictEqual(yield* failure(`https://localhost:${port}`), [
        "Unavailable",
        "certificate_untrusted",
        false
      ])
    }).pipe(Effect.provide(base))
  )

  it.scoped("Errors: a port that does not speak TLS fails the handshake", () =>
    Effect.gen(function* () {
      const port = yield* sockets((socket) => socket.once("data", () => socket.end("HTTP/1.1 400 \r\n\r\n")))
      assert.deepStrictEqual(yield* failure(`https://localhost:${port}`), [
        "Unavailable",
        "tls_failed",
        false
      ])
    }).pipe(Effect.provide(base))
  )
})

describe("a certificate whose authority is trusted", () => {
  const answered = (certificate: Certificate) =>
    Effect.gen(function* () {
      const port = yield* secure(certificate)
      return yield* Effect.provide(failure(`https://localhost:${port}`), trusting(certificate.cert))
    })

  it.scoped("Errors: expired, not valid yet and for another name are told apart", () =>
    Effect.gen(function* () {
      for (const [certificate, code] of [
        [selfSigned("localhost", 2000, 2001), "certificate_expired"],
        [selfSigned("localhost", 2048, 2049), "certificate_not_yet_valid"],
        [selfSigned("acme.example", 2000, 2049), "certificate_name_mismatch"]
      ] as const) {
        assert.deepStrictEqual(yield* answered(certificate), ["Unavailable", code, false])
      }
    })
  )

  it.scoped("Errors: one that is in order answers", () =>
    Effect.gen(function* () {
      const certificate = selfSigned("localhost", 2000, 2049)
      const port = yield* secure(certificate)
      const response = yield* Effect.flatMap(HttpClient.HttpClient, (client) =>
        client.get(`https://localhost:${port}`)
      ).pipe(Effect.provide(trusting(certificate.cert)))
      assert.strictEqual(response.status, 200)
    })
  )
})
