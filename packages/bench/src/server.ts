// The provider, in a process of its own: a token endpoint and an API, one realm per contender and run.
import { randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { firstRefreshToken, staticToken, type Ledger, type Realm } from "./protocol.ts"

interface State {
  readonly realm: Realm
  readonly ledger: { -readonly [K in keyof Ledger]: Ledger[K] }
  readonly tokens: Map<string, number>
  readonly sends: Map<string, number>
  refreshToken: number
  downUntil: number
  lifetime: number
  minting: number
}

const realms = new Map<string, State>()

const open = (realm: Realm): State => ({
  realm,
  ledger: { mints: 0, refused: 0, reuses: 0, calls: 0, callsDuringMints: 0, rejected: 0, mostSends: 0 },
  tokens: new Map(),
  sends: new Map(),
  refreshToken: 0,
  downUntil: 0,
  lifetime: realm.lifetime,
  minting: 0
})

const read = async (incoming: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const chunk of incoming) {
    text += String(chunk)
  }
  return text
}

const answer = (outgoing: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body)
  outgoing.writeHead(status, { "content-type": "application/json", "content-length": text.length })
  outgoing.end(text)
}

const after = (millis: number, run: () => void): void => {
  if (millis > 0) {
    setTimeout(run, millis)
  } else {
    run()
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT: one of the peers reads its `exp`, which by RFC 7519 may have a fraction. */
const makeToken = (expiresAt: number): string =>
  `${encode({ alg: "none", typ: "JWT" })}.${encode({ exp: expiresAt / 1000, jti: randomBytes(16).toString("hex") })}.${randomBytes(32).toString("base64url")}`

const field = (body: string, name: string): string | undefined => {
  if (body.startsWith("{")) {
    const fields: unknown = JSON.parse(body)
    const value: unknown =
      typeof fields === "object" && fields !== null ? Reflect.get(fields, name) : undefined
    return typeof value === "string" ? value : undefined
  }
  return new URLSearchParams(body).get(name) ?? undefined
}

const mint = (state: State, body: string, outgoing: ServerResponse): void => {
  const { ledger, realm } = state
  ledger.mints += 1
  if (Date.now() < state.downUntil) {
    ledger.refused += 1
    answer(outgoing, 503, { error: "temporarily_unavailable" })
    return
  }
  const receivedAt = Date.now()
  if (realm.rotates && field(body, "refresh_token") !== `refresh-${state.refreshToken}`) {
    ledger.reuses += 1
    after(realm.tokenDelay, () => answer(outgoing, 400, { error: "invalid_grant" }))
    return
  }
  state.refreshToken += 1
  const expiresAt = receivedAt + state.lifetime
  const token = makeToken(expiresAt)
  state.tokens.set(token, expiresAt)
  const answered = {
    access_token: token,
    token_type: "Bearer",
    expires_in: state.lifetime / 1000,
    ...(realm.rotates ? { refresh_token: `refresh-${state.refreshToken}` } : {})
  }
  state.minting += 1
  after(realm.tokenDelay, () => {
    state.minting -= 1
    answer(outgoing, 200, answered)
  })
}

const call = (state: State, incoming: IncomingMessage, outgoing: ServerResponse): void => {
  const { ledger, realm } = state
  ledger.calls += 1
  ledger.callsDuringMints += state.minting > 0 ? 1 : 0
  const id = incoming.headers["x-call"]
  if (typeof id === "string") {
    const sends = (state.sends.get(id) ?? 0) + 1
    state.sends.set(id, sends)
    ledger.mostSends = Math.max(ledger.mostSends, sends)
  }
  after(realm.apiDelay, () => {
    const authorization = incoming.headers.authorization ?? ""
    const good =
      authorization === `Bearer ${staticToken}` ||
      (state.tokens.get(authorization.slice(7)) ?? 0) > Date.now()
    if (good) {
      answer(outgoing, 200, { ok: true })
    } else {
      ledger.rejected += 1
      answer(outgoing, 401, { error: "invalid_token" })
    }
  })
}

const control = (name: string, action: string, body: string, outgoing: ServerResponse): void => {
  if (action === "open") {
    const realm: Realm = JSON.parse(body)
    realms.set(name, open(realm))
    answer(outgoing, 200, { refreshToken: firstRefreshToken })
    return
  }
  const state = realms.get(name)
  if (state === undefined) {
    answer(outgoing, 404, {})
    return
  }
  if (action === "revoke") {
    state.tokens.clear()
  } else if (action === "down") {
    state.downUntil = Date.now() + Number(body)
  } else if (action === "lifetime") {
    state.lifetime = Number(body)
  } else if (action === "drop") {
    realms.delete(name)
  }
  answer(outgoing, 200, state.ledger)
}

const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
  const [, name = "", first = "", second = ""] = (incoming.url ?? "").split("/")
  if (first === "control") {
    void read(incoming).then((body) => control(name, second, body, outgoing))
    return
  }
  const state = realms.get(name)
  if (state === undefined) {
    answer(outgoing, 404, {})
  } else if (first === "token") {
    void read(incoming).then((body) => mint(state, body, outgoing))
  } else {
    incoming.resume()
    call(state, incoming, outgoing)
  }
})

server.listen({ port: 0, host: "127.0.0.1", backlog: 8192 }, () => {
  const address = server.address()
  process.send?.(typeof address === "object" && address !== null ? address.port : 0)
})
process.on("disconnect", () => process.exit(0))
