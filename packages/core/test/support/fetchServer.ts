import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import { gzipSync } from "node:zlib"

/** Servers on loopback that a `fetch` is tried against. */
export interface FetchServer {
  readonly url: string
  /** Answers each request with its own first line, and `/status/N` with that status, whatever it is. */
  readonly rawUrl: string
  /** Nobody listens there. */
  readonly deadUrl: string
  /** The paths of the requests that arrived, each with its query. */
  readonly paths: Array<string>
  /** When a request for this path has arrived. */
  readonly arrival: (path: string) => Promise<void>
  /** When the connection of a request for this path was closed before its answer had ended. */
  readonly hangUp: (path: string) => Promise<void>
}

const shown = (request: Http.IncomingMessage) =>
  Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => name === "content-type" || name === "cookie" || name.startsWith("x-")
    )
  )

/** A boundary is drawn for each body. */
const withoutBoundary = (text: string) => text.replaceAll(/-{4}formdata-[\w-]*\d/g, "BOUNDARY")

const until = (): { readonly promise: Promise<void>; readonly done: () => void } => {
  let done = () => {}
  const promise = new Promise<void>((resolve) => {
    done = resolve
  })
  return { promise, done }
}

/** One event for each path, which may be waited for before it happens and after. */
const makeEvents = () => {
  const events = new Map<string, ReturnType<typeof until>>()
  return (path: string) => {
    const event = events.get(path) ?? until()
    events.set(path, event)
    return event
  }
}

const answers: Record<
  string,
  (request: Http.IncomingMessage, response: Http.ServerResponse, body: string) => void
> = {
  "/echo": (request, response, body) => {
    response.setHeader("content-type", "application/json")
    response.end(
      withoutBoundary(
        JSON.stringify({ method: request.method, url: request.url, headers: shown(request), body })
      )
    )
  },
  "/empty": (_request, response) => {
    response.end()
  },
  "/no-content": (_request, response) => {
    response.writeHead(204)
    response.end()
  },
  "/cookies": (_request, response) => {
    response.writeHead(200, {
      "set-cookie": [
        "a=1; Path=/one",
        "a=2; Path=/two; HttpOnly",
        "b=x%20y; Expires=Wed, 21 Oct 2065 07:28:00 GMT"
      ],
      "x-list": "a, b"
    })
    response.end("cookies")
  },
  "/gzip": (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" })
    response.end(gzipSync("unpacked"))
  },
  "/form": (_request, response) => {
    response.writeHead(200, { "content-type": "application/x-www-form-urlencoded" })
    response.end("a=1&b=2")
  },
  "/hang": () => {},
  "/half": (_request, response) => {
    response.write("half")
  },
  "/cut": (_request, response) => {
    response.writeHead(200, { "content-length": "8" })
    response.write("half", () => response.destroy())
  }
}

const listen = (server: Net.Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        if (server instanceof Http.Server) {
          server.closeAllConnections()
        }
        server.close()
      })
  )

const noBody = new Set([204, 205, 304])

const makeRaw = () =>
  Net.createServer((socket) => {
    socket.on("error", () => {})
    socket.once("data", (data) => {
      const line = data.toString("latin1").split("\r\n", 1)[0] ?? ""
      const status = /\/status\/(\d+)/.exec(line)?.[1] ?? "200"
      const body = noBody.has(Number(status)) ? "" : line
      socket.end(
        `HTTP/1.1 ${status} As Asked\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      )
    })
  })

export const make: Effect.Effect<FetchServer, never, Scope.Scope> = Effect.gen(function* () {
  const paths: Array<string> = []
  const arrivals = makeEvents()
  const hangUps = makeEvents()
  const server = Http.createServer((request, response) => {
    const url = request.url ?? ""
    paths.push(url)
    arrivals(url).done()
    response.on("close", () => {
      if (!response.writableFinished) {
        hangUps(url).done()
      }
    })
    const chunks: Array<Buffer> = []
    request.on("error", () => {})
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const redirect = /^\/redirect\/(\d+)/.exec(url)
      if (redirect !== null) {
        response.writeHead(Number(redirect[1]), { location: "/echo?redirected" })
        response.end("moved")
        return
      }
      const path = url.split("?", 1)[0] ?? ""
      answers[path]?.(request, response, Buffer.concat(chunks).toString())
    })
  })
  const dead = yield* Effect.scoped(listen(Net.createServer()))
  return {
    url: `http://127.0.0.1:${yield* listen(server)}`,
    rawUrl: `http://127.0.0.1:${yield* listen(makeRaw())}`,
    deadUrl: `http://127.0.0.1:${dead}`,
    paths,
    arrival: (path) => arrivals(path).promise,
    hangUp: (path) => hangUps(path).promise
  }
})
