import { createServer, connect } from "node:net"
import type { Socket } from "node:net"

/** A way to a server that can be cut, as a cable can: connections break, and no new ones are taken. */
export interface Proxy {
  readonly port: number
  readonly cut: () => void
  readonly mend: () => void
  readonly close: () => Promise<void>
}

/** Forwards a port of 127.0.0.1, its own, to another. */
export const startProxy = async (target: number): Promise<Proxy> => {
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((client) => {
    if (!whole) {
      client.destroy()
      return
    }
    const upstream = connect(target, "127.0.0.1")
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") {
    throw new Error("the proxy has no port")
  }
  const cut = () => {
    whole = false
    for (const socket of sockets) {
      socket.destroy()
    }
  }
  return {
    port: address.port,
    cut,
    mend: () => {
      whole = true
    },
    close: () => {
      cut()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}
