import type { FetchServer } from "./fetchServer.ts"

export type Fetch = typeof globalThis.fetch

/** A rule of the Fetch standard, and what comes of it. */
export interface Row {
  /** The section of the standard, by its title. */
  readonly section: string
  readonly rule: string
  readonly run: (fetch: Fetch, server: FetchServer) => Promise<unknown>
  readonly is: unknown
  /** Done by the `fetch` beneath the client: another base client need not know it. */
  readonly beneath?: boolean
  /** What Node 20 does where it does not keep the rule; a later one may. */
  readonly native?: unknown
  /** Where ours is not the native one, on purpose. */
  readonly ours?: { readonly is: unknown; readonly why: string }
}

/** How a promise ended: its value, or what is rejected with. */
const ended = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return await promise
  } catch (error) {
    return { rejects: error instanceof Error ? error.name : error }
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && "code" in error.cause
    ? error.cause.code
    : undefined

const text = async (response: Promise<Response>) => (await response).text()
const json = async (response: Promise<Response>) => (await response).json()

const bytes = (data: string) => new TextEncoder().encode(data)

const streamOf = (...chunks: ReadonlyArray<string>) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) {
        controller.enqueue(bytes(chunk))
      }
      controller.close()
    }
  })

/** `duplex` stands in no type of the DOM. */
const streaming = (
  body: ReadableStream<Uint8Array>,
  init: RequestInit = {}
): RequestInit & { readonly duplex: "half" } => ({ method: "POST", ...init, body, duplex: "half" })

const withBody = (method: string): RequestInit => ({ method, body: "b" })

const formData = () => {
  const form = new FormData()
  form.append("a", "1")
  form.append("file", new Blob(["content"], { type: "text/plain" }), "name.txt")
  return form
}

const multipart = [
  "--BOUNDARY",
  'Content-Disposition: form-data; name="a"',
  "",
  "1",
  "--BOUNDARY",
  'Content-Disposition: form-data; name="file"; filename="name.txt"',
  "Content-Type: text/plain",
  "",
  "content",
  "--BOUNDARY--"
].join("\r\n")

const post = (fetch: Fetch, server: FetchServer, body: BodyInit | null, headers: HeadersInit = {}) =>
  json(fetch(`${server.url}/echo`, { method: "POST", body, headers }))

const posted = (body: string, headers: Record<string, string> = {}) => ({
  method: "POST",
  url: "/echo",
  headers,
  body
})

const got = (url: string, rest: object = {}) => ({ method: "GET", url, headers: {}, body: "", ...rest })

const inputs: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "a string is an input",
    run: (fetch, { url }) => json(fetch(`${url}/echo?a=1&a=2`)),
    is: got("/echo?a=1&a=2")
  },
  {
    rule: "a URL is an input",
    run: (fetch, { url }) => json(fetch(new URL("/echo?q=%20x", url))),
    is: got("/echo?q=%20x")
  },
  {
    rule: "a Request is an input, and its body is used",
    run: async (fetch, { url }) => {
      const request = new Request(`${url}/echo`, { method: "PUT", body: "b", headers: { "x-a": "1" } })
      return [await json(fetch(request)), request.bodyUsed]
    },
    is: [
      {
        method: "PUT",
        url: "/echo",
        headers: { "content-type": "text/plain;charset=UTF-8", "x-a": "1" },
        body: "b"
      },
      true
    ]
  },
  {
    rule: "init overrides what a Request says",
    run: (fetch, { url }) =>
      json(
        fetch(new Request(`${url}/echo`, { method: "PUT", body: "b", headers: { "x-a": "1" } }), {
          method: "POST",
          headers: { "x-b": "2" },
          body: "c"
        })
      ),
    is: posted("c", { "content-type": "text/plain;charset=UTF-8", "x-b": "2" })
  },
  {
    rule: "a used Request is a TypeError",
    run: async (fetch, { url }) => {
      const request = new Request(`${url}/echo`, { method: "POST", body: "b" })
      await request.text()
      return ended(fetch(request))
    },
    is: { rejects: "TypeError" }
  },
  {
    rule: "a Request whose body is a stream is sent",
    run: (fetch, { url }) => json(fetch(new Request(`${url}/echo`, streaming(streamOf("a", "b"))))),
    is: posted("ab")
  },
  {
    rule: "a URL that is relative to nothing is a TypeError",
    run: (fetch) => ended(fetch("/echo")),
    is: { rejects: "TypeError" }
  },
  {
    rule: "credentials in a URL are a TypeError",
    run: (fetch) => ended(fetch("http://user:word@127.0.0.1/")),
    is: { rejects: "TypeError" }
  },
  {
    rule: "a fragment is not sent",
    run: (fetch, { url }) => json(fetch(`${url}/echo?a#fragment`)),
    is: got("/echo?a")
  }
]

const methods: ReadonlyArray<Omit<Row, "section">> = [
  ...[
    ["get", "GET"],
    ["Post", "POST"],
    ["delete", "DELETE"],
    ["head", "HEAD"],
    ["oPtions", "OPTIONS"],
    ["put", "PUT"]
  ].map(([given = "", sent = ""]): Omit<Row, "section"> => ({
    rule: `${given} is sent as ${sent}`,
    run: async (fetch, { rawUrl }) => {
      const response = await fetch(`${rawUrl}/`, { method: given })
      return [await response.text(), response.headers.get("content-length")]
    },
    is: [sent === "HEAD" ? "" : `${sent} / HTTP/1.1`, String(`${sent} / HTTP/1.1`.length)]
  })),
  ...["PATCH", "patch", "PROPFIND", "Chicken", "QUERY"].map((method): Omit<Row, "section"> => ({
    rule: `${method} is sent as it is`,
    run: (fetch, { rawUrl }) => text(fetch(`${rawUrl}/`, { method })),
    is: `${method} / HTTP/1.1`,
    // `node:http` sends every method in capital letters.
    beneath: method !== method.toUpperCase()
  })),
  ...["CONNECT", "TRACE", "TRACK", "trace", "a b", ""].map((method): Omit<Row, "section"> => ({
    rule: `${JSON.stringify(method)} is a TypeError`,
    run: (fetch, { rawUrl }) => ended(fetch(`${rawUrl}/`, { method })),
    is: { rejects: "TypeError" }
  }))
]

const headers: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "a record, a list of pairs and Headers are sent alike",
    run: async (fetch, { url }) => {
      const several = new Headers([["x-a", "1"]])
      several.append("x-a", "2")
      return [
        await json(fetch(`${url}/echo`, { headers: { "X-A": "1", cookie: "c=1" } })),
        await json(
          fetch(`${url}/echo`, {
            headers: [
              ["x-a", "1"],
              ["X-A", "2"]
            ]
          })
        ),
        await json(fetch(`${url}/echo`, { headers: several }))
      ]
    },
    is: [
      got("/echo", { headers: { "x-a": "1", cookie: "c=1" } }),
      got("/echo", { headers: { "x-a": "1, 2" } }),
      got("/echo", { headers: { "x-a": "1, 2" } })
    ]
  },
  {
    rule: "a name or a value that cannot be sent is a TypeError",
    run: async (fetch, { url }) => [
      await ended(fetch(`${url}/echo`, { headers: { "a b": "1" } })),
      await ended(fetch(`${url}/echo`, { headers: { "x-a": "a\nb" } }))
    ],
    is: [{ rejects: "TypeError" }, { rejects: "TypeError" }]
  }
]

const bodies: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "a string is UTF-8 text",
    run: (fetch, server) => post(fetch, server, "grüß"),
    is: posted("grüß", { "content-type": "text/plain;charset=UTF-8" })
  },
  {
    rule: "an empty string is a body",
    run: (fetch, server) => post(fetch, server, ""),
    is: posted("", { "content-type": "text/plain;charset=UTF-8" })
  },
  {
    rule: "null is no body",
    run: (fetch, server) => post(fetch, server, null),
    is: posted("")
  },
  {
    rule: "a content type that is given is kept",
    run: async (fetch, server) => [
      await post(fetch, server, "{}", { "content-type": "application/json" }),
      await post(fetch, server, bytes("{}"), { "content-type": "application/json" }),
      await post(fetch, server, null, { "content-type": "application/json" })
    ],
    is: [
      posted("{}", { "content-type": "application/json" }),
      posted("{}", { "content-type": "application/json" }),
      posted("", { "content-type": "application/json" })
    ]
  },
  {
    rule: "bytes have no content type",
    run: async (fetch, server) => [
      await post(fetch, server, bytes("bytes")),
      await post(fetch, server, bytes("buffer").buffer),
      await post(fetch, server, new DataView(bytes("a view").buffer, 2))
    ],
    is: [posted("bytes"), posted("buffer"), posted("view")]
  },
  {
    rule: "a Blob has its own content type",
    run: async (fetch, server) => [
      await post(fetch, server, new Blob(["blob"], { type: "text/css" })),
      await post(fetch, server, new Blob(["blob"]))
    ],
    is: [posted("blob", { "content-type": "text/css" }), posted("blob")]
  },
  {
    rule: "URLSearchParams are a form",
    run: (fetch, server) => post(fetch, server, new URLSearchParams({ a: "1", b: "ü" })),
    is: posted("a=1&b=%C3%BC", { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" })
  },
  {
    rule: "FormData is multipart, its boundary in the content type",
    run: async (fetch, server) => {
      const echo = await post(fetch, server, formData())
      return { ...echo, body: echo.body.trim() }
    },
    is: posted(multipart, { "content-type": "multipart/form-data; boundary=BOUNDARY" })
  },
  {
    rule: "a stream has no content type, and needs duplex",
    run: async (fetch, { url }) => [
      await json(fetch(`${url}/echo`, streaming(streamOf("a", "b")))),
      await ended(fetch(`${url}/echo`, { method: "POST", body: streamOf("a") }))
    ],
    is: [posted("ab"), { rejects: "TypeError" }]
  },
  {
    rule: "a stream that fails is a TypeError",
    run: (fetch, { url }) =>
      ended(
        fetch(
          `${url}/echo`,
          streaming(
            new ReadableStream({
              pull: () => {
                throw new RangeError("broken")
              }
            })
          )
        )
      ),
    is: { rejects: "TypeError" },
    beneath: true
  },
  {
    rule: "a stream that fails in a Request is a TypeError",
    run: (fetch, { url }) =>
      ended(
        fetch(
          new Request(
            `${url}/echo`,
            streaming(
              new ReadableStream({
                pull: () => {
                  throw new RangeError("broken")
                }
              })
            )
          )
        )
      ),
    is: { rejects: "TypeError" }
  },
  {
    rule: "a stream that is locked is a TypeError",
    run: (fetch, { url }) => {
      const stream = streamOf("a")
      stream.getReader()
      return ended(fetch(`${url}/echo`, streaming(stream)))
    },
    is: { rejects: "TypeError" }
  },
  {
    rule: "GET and HEAD with a body are a TypeError",
    run: async (fetch, { url }) => [
      await ended(fetch(`${url}/echo`, withBody("GET"))),
      await ended(fetch(`${url}/echo`, withBody("HEAD")))
    ],
    is: [{ rejects: "TypeError" }, { rejects: "TypeError" }]
  },
  {
    rule: "OPTIONS and DELETE may have a body",
    run: async (fetch, { url }) => [
      (await json(fetch(`${url}/echo`, { method: "OPTIONS", body: bytes("b") }))).body,
      (await json(fetch(`${url}/echo`, { method: "DELETE", body: bytes("b") }))).body
    ],
    is: ["b", "b"]
  }
]

const facts = (server: FetchServer, response: Response) => ({
  ok: response.ok,
  redirected: response.redirected,
  status: response.status,
  statusText: response.statusText,
  type: response.type,
  url: response.url.replace(server.url, "")
})

const redirects: ReadonlyArray<Omit<Row, "section">> = [
  ...[301, 302, 303, 307, 308].map((status): Omit<Row, "section"> => ({
    rule: `${status} is followed, with the method and the body that the standard says`,
    run: async (fetch, server) => {
      const response = await fetch(`${server.url}/redirect/${status}`, { method: "POST", body: "b" })
      return [facts(server, response), await response.json()]
    },
    is: [
      { ok: true, redirected: true, status: 200, statusText: "OK", type: "basic", url: "/echo?redirected" },
      status < 307
        ? got("/echo?redirected")
        : { ...posted("b", { "content-type": "text/plain;charset=UTF-8" }), url: "/echo?redirected" }
    ],
    beneath: true
  })),
  ...["init", "Request"].flatMap((place): ReadonlyArray<Omit<Row, "section">> => {
    const call = (fetch: Fetch, url: string, init: RequestInit) =>
      place === "init" ? fetch(url, init) : fetch(new Request(url, init))
    return [
      {
        rule: `redirect: "manual" of ${place} gives the redirect itself`,
        run: async (fetch, server) => {
          const response = await call(fetch, `${server.url}/redirect/302`, { redirect: "manual" })
          return [response.status, response.redirected, response.headers.get("location"), server.paths]
        },
        is: [302, false, "/echo?redirected", ["/redirect/302"]]
      },
      {
        rule: `redirect: "error" of ${place} is a TypeError`,
        run: async (fetch, server) => [
          await ended(call(fetch, `${server.url}/redirect/302`, { redirect: "error" })),
          server.paths
        ],
        is: [{ rejects: "TypeError" }, ["/redirect/302"]],
        beneath: true
      }
    ]
  })
]

const statuses = [
  100, 101, 102, 103, 199, 200, 201, 204, 205, 206, 299, 300, 304, 399, 400, 404, 418, 499, 500, 503, 599,
  600, 777, 999
].map((status): Omit<Row, "section"> => ({
  rule: `status ${status}`,
  run: async (fetch, { rawUrl }) => {
    const response = await ended(fetch(`${rawUrl}/status/${status}`))
    return response instanceof Response
      ? {
          status: response.status,
          ok: response.ok,
          statusText: response.statusText,
          hasBody: response.body !== null,
          text: await response.text()
        }
      : response
  },
  is:
    status < 200
      ? { rejects: "TypeError" }
      : {
          status,
          ok: status < 300,
          statusText: "As Asked",
          hasBody: ![204, 205, 304].includes(status),
          text: [204, 205, 304].includes(status) ? "" : `GET /status/${status} HTTP/1.1`
        },
  beneath: true
}))

const responses: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "it is a Response, with the URL that was asked, without its fragment",
    run: async (fetch, server) => {
      const response = await fetch(`${server.url}/echo?a#fragment`)
      return [
        response instanceof Response,
        Object.prototype.toString.call(response),
        { ...facts(server, response), statusText: "" }
      ]
    },
    is: [
      true,
      "[object Response]",
      { ok: true, redirected: false, status: 200, statusText: "", type: "basic", url: "/echo?a" }
    ]
  },
  {
    rule: "it has the reason of its status",
    run: async (fetch, { url }) => (await fetch(`${url}/no-content`)).statusText,
    is: "No Content",
    beneath: true
  },
  {
    rule: "several cookies stay several, those of one name too, each as it was sent",
    run: async (fetch, { url }) => {
      const response = await fetch(`${url}/cookies`)
      return [response.headers.getSetCookie(), response.headers.get("x-list")]
    },
    is: [
      ["a=1; Path=/one", "a=2; Path=/two; HttpOnly", "b=x%20y; Expires=Wed, 21 Oct 2065 07:28:00 GMT"],
      "a, b"
    ],
    beneath: true
  },
  {
    rule: "its headers cannot be changed",
    run: async (fetch, { url }) => {
      const response = await fetch(`${url}/echo`)
      return ended(Promise.resolve().then(() => response.headers.set("x-a", "1")))
    },
    is: { rejects: "TypeError" },
    beneath: true
  },
  {
    rule: "a body is read once",
    run: async (fetch, { url }) => {
      const response = await fetch(`${url}/form`)
      return [
        response.bodyUsed,
        await response.text(),
        response.bodyUsed,
        await ended(response.text()),
        await ended(Promise.resolve().then(() => response.clone()))
      ]
    },
    is: [false, "a=1&b=2", true, { rejects: "TypeError" }, { rejects: "TypeError" }]
  },
  {
    rule: "a body is read as bytes, Blob and FormData, by its content type",
    run: async (fetch, { url }) => {
      const blob = await (await fetch(`${url}/form`)).blob()
      const form = await (await fetch(`${url}/form`)).formData()
      return [
        (await (await fetch(`${url}/form`)).arrayBuffer()).byteLength,
        blob.type,
        await blob.text(),
        Array.from(form)
      ]
    },
    is: [
      7,
      "application/x-www-form-urlencoded",
      "a=1&b=2",
      [
        ["a", "1"],
        ["b", "2"]
      ]
    ]
  },
  {
    rule: "a clone is alike, and both are read",
    run: async (fetch, server) => {
      const response = await fetch(`${server.url}/form?clone`)
      const clone = response.clone()
      const third = clone.clone()
      return [
        facts(server, clone).url,
        clone.status,
        clone.type,
        clone.headers.get("content-type"),
        await third.text(),
        await clone.text(),
        await response.text()
      ]
    },
    is: ["/form?clone", 200, "basic", "application/x-www-form-urlencoded", "a=1&b=2", "a=1&b=2", "a=1&b=2"]
  },
  {
    rule: "an answer that is empty has a body, one that cannot have any has none",
    run: async (fetch, { url }) => {
      const empty = await fetch(`${url}/empty`)
      const none = await fetch(`${url}/no-content`)
      const head = await fetch(`${url}/form`, { method: "HEAD" })
      return [
        [empty.body === null, await empty.text()],
        [none.body === null, await none.text()],
        [head.body === null, await head.text(), head.headers.get("content-type")]
      ]
    },
    is: [
      [false, ""],
      [true, ""],
      [true, "", "application/x-www-form-urlencoded"]
    ]
  },
  {
    rule: "a content encoding is taken off",
    run: (fetch, { url }) => text(fetch(`${url}/gzip`)),
    is: "unpacked",
    beneath: true
  },
  {
    rule: "a data URL is answered",
    run: async (fetch) => {
      const response = await fetch("data:text/css,hello")
      return [response.headers.get("content-type"), await response.text()]
    },
    is: ["text/css", "hello"],
    beneath: true
  },
  {
    rule: "a body that is cancelled ends the connection",
    run: async (fetch, server) => {
      const response = await fetch(`${server.url}/half`)
      await response.body?.cancel()
      await server.hangUp("/half")
      return response.bodyUsed
    },
    is: true
  },
  {
    rule: "a body is a stream of bytes",
    run: async (fetch, { url }) => {
      const { body } = await fetch(`${url}/form`)
      return ended(Promise.resolve().then(() => body?.getReader({ mode: "byob" }).constructor.name))
    },
    is: "ReadableStreamBYOBReader",
    beneath: true,
    ours: {
      is: { rejects: "TypeError" },
      why: "not every runtime can make a stream of bytes; its chunks are bytes, and it has no BYOB reader"
    }
  }
]

const failures: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "a network error is a TypeError, its cause says why",
    run: async (fetch, { deadUrl }) => {
      try {
        return await fetch(deadUrl)
      } catch (error) {
        return [error instanceof TypeError, codeOf(error)]
      }
    },
    is: [true, "ECONNREFUSED"]
  },
  {
    rule: "a blocked port and an unknown scheme are a TypeError",
    run: async (fetch) => [await ended(fetch("http://127.0.0.1:1/")), await ended(fetch("ftp://127.0.0.1/"))],
    is: [{ rejects: "TypeError" }, { rejects: "TypeError" }],
    beneath: true
  },
  {
    rule: "a body that is cut off is a TypeError with a cause",
    run: async (fetch, { url }) => {
      const response = await fetch(`${url}/cut`)
      try {
        return await response.text()
      } catch (error) {
        return [error instanceof TypeError, error instanceof Error && error.cause instanceof Error]
      }
    },
    is: [true, true]
  }
]

/** The reason of an abort, which must come out as the very same. */
const reason = new RangeError("enough")

const identity = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
    return "resolved"
  } catch (error) {
    return error === reason ? "the reason" : error
  }
}

const aborts: ReadonlyArray<Omit<Row, "section">> = [
  {
    rule: "a signal that is aborted sends nothing, and its reason is what comes out",
    run: async (fetch, server) => [
      await identity(fetch(`${server.url}/echo`, { signal: AbortSignal.abort(reason) })),
      await identity(fetch(new Request(`${server.url}/echo`, { signal: AbortSignal.abort(reason) }))),
      await ended(fetch(`${server.url}/echo`, { signal: AbortSignal.abort() })),
      server.paths
    ],
    is: ["the reason", "the reason", { rejects: "AbortError" }, []]
  },
  {
    rule: "an input that is wrong comes before an abort",
    run: (fetch) => ended(fetch("/echo", { signal: AbortSignal.abort(reason) })),
    is: { rejects: "TypeError" }
  },
  {
    rule: "signal: null takes away that of a Request",
    run: async (fetch, { url }) =>
      (await fetch(new Request(`${url}/echo`, { signal: AbortSignal.abort(reason) }), { signal: null }))
        .status,
    is: 200
  },
  {
    rule: "an abort before the headers rejects, and ends the connection",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const pending = identity(fetch(`${server.url}/hang`, { signal: controller.signal }))
      await server.arrival("/hang")
      controller.abort(reason)
      const outcome = await pending
      await server.hangUp("/hang")
      return outcome
    },
    is: "the reason"
  },
  {
    rule: "an abort rejects at once",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const order: Array<string> = []
      const pending = identity(fetch(`${server.url}/hang`, { signal: controller.signal })).then(() =>
        order.push("fetch")
      )
      await server.arrival("/hang")
      controller.abort(reason)
      await Promise.all([
        pending,
        new Promise((resolve) => setImmediate(resolve)).then(() => order.push("turn"))
      ])
      return order
    },
    is: ["fetch", "turn"]
  },
  {
    rule: "an abort before the body is read makes the body fail, and ends the connection",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const response = await fetch(`${server.url}/half`, { signal: controller.signal })
      controller.abort(reason)
      const outcome = await identity(response.text())
      await server.hangUp("/half")
      return outcome instanceof DOMException ? outcome.name : outcome
    },
    is: "the reason",
    native: "AbortError"
  },
  {
    rule: "an abort while the body is read makes it fail, and ends the connection",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const response = await fetch(new Request(`${server.url}/half`, { signal: controller.signal }))
      const reader = response.body?.getReader()
      const first = await reader?.read()
      const second = identity(Promise.resolve(reader?.read()))
      controller.abort(reason)
      const outcome = [
        first?.value?.byteLength,
        await second,
        await identity(Promise.resolve(reader?.closed))
      ]
      await server.hangUp("/half")
      return outcome
    },
    is: [4, "the reason", "the reason"]
  },
  {
    rule: "an abort while the body is read as text rejects",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const response = await fetch(`${server.url}/half`, { signal: controller.signal })
      const whole = identity(response.text())
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      return whole
    },
    is: "the reason"
  },
  {
    rule: "an abort makes the body of a clone fail too",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const response = await fetch(`${server.url}/half`, { signal: controller.signal })
      const clone = response.clone()
      const both = [identity(response.text()), identity(clone.text())]
      controller.abort(reason)
      return Promise.all(both)
    },
    is: ["the reason", "the reason"]
  },
  {
    rule: "an abort after the body was read does nothing",
    run: async (fetch, server) => {
      const controller = new AbortController()
      const response = await fetch(`${server.url}/form`, { signal: controller.signal })
      const body = await response.text()
      controller.abort(reason)
      return [body, response.bodyUsed]
    },
    is: ["a=1&b=2", true]
  },
  {
    rule: "an abort cancels a stream that has not been sent",
    run: async (fetch, server) => {
      let cancelled: unknown
      const body = new ReadableStream<Uint8Array>({
        cancel: (given) => {
          cancelled = given
        }
      })
      return [
        await identity(fetch(`${server.url}/echo`, streaming(body, { signal: AbortSignal.abort(reason) }))),
        cancelled === reason
      ]
    },
    is: ["the reason", true]
  },
  {
    rule: "an abort cancels a stream that is being sent",
    run: async (fetch, server) => {
      const controller = new AbortController()
      let isCancelled = false
      const body = new ReadableStream<Uint8Array>({
        start: (stream) => stream.enqueue(bytes("first")),
        cancel: () => {
          isCancelled = true
        }
      })
      const pending = identity(fetch(`${server.url}/hang`, streaming(body, { signal: controller.signal })))
      await server.arrival("/hang")
      controller.abort(reason)
      const outcome = await pending
      await server.hangUp("/hang")
      return [outcome, isCancelled]
    },
    is: ["the reason", true],
    native: ["the reason", false]
  }
]

const titled = (section: string, rows: ReadonlyArray<Omit<Row, "section">>): ReadonlyArray<Row> =>
  rows.map((row) => ({ section, ...row }))

export const contract: ReadonlyArray<Row> = [
  ...titled("Request class", inputs),
  ...titled("Methods", methods),
  ...titled("Headers class", headers),
  ...titled("BodyInit unions", bodies),
  ...titled("HTTP-redirect fetch", redirects),
  ...titled("Statuses", statuses),
  ...titled("Response class", responses),
  ...titled("Network errors", failures),
  ...titled("Aborting", aborts)
]
