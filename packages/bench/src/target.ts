import type { Target } from "./Contender.ts"
import { clientId, clientSecret, firstRefreshToken, type Ledger, type Realm } from "./protocol.ts"

const hour = 3_600_000

/** A token like a provider's: a JWT that lives for an hour. */
const freshToken = (): string => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const claims = { exp: (Date.now() + hour) / 1000, jti: crypto.randomUUID() }
  return `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.${"s".repeat(43)}`
}

const headers = { "content-type": "application/json" }

/** A network that answers in this process. */
const answerHere: typeof globalThis.fetch = (input) => {
  const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url
  return Promise.resolve(
    new Response(
      url.endsWith("/token")
        ? JSON.stringify({ access_token: freshToken(), token_type: "Bearer", expires_in: hour / 1000 })
        : '{"ok":true}',
      { status: 200, headers }
    )
  )
}

export const inProcess: Target = {
  apiUrl: "https://api.example.com",
  tokenUrl: "https://auth.example.com/token",
  clientId,
  clientSecret,
  refreshToken: undefined,
  lifetime: hour,
  fetch: answerHere,
  inProcess: true
}

/** One realm of the server. */
export interface RealmHandle {
  readonly target: Target
  readonly ledger: () => Promise<Ledger>
  readonly revoke: () => Promise<Ledger>
  readonly down: (millis: number) => Promise<Ledger>
  /** The lifetime of the tokens to come, in milliseconds. */
  readonly live: (millis: number) => Promise<Ledger>
  readonly drop: () => Promise<Ledger>
}

let realmNumber = 0

export const openRealm = async (serverUrl: string, realm: Partial<Realm>): Promise<RealmHandle> => {
  const url = `${serverUrl}/r${process.pid}-${realmNumber++}`
  const whole: Realm = { lifetime: hour, tokenDelay: 0, apiDelay: 0, rotates: false, ...realm }
  const control = async (action: string, body: string = ""): Promise<Ledger> => {
    const response = await fetch(`${url}/control/${action}`, { method: "POST", body })
    const ledger: Ledger = JSON.parse(await response.text())
    return ledger
  }
  await control("open", JSON.stringify(whole))
  return {
    target: {
      apiUrl: url,
      tokenUrl: `${url}/token`,
      clientId,
      clientSecret,
      refreshToken: whole.rotates ? firstRefreshToken : undefined,
      lifetime: whole.lifetime,
      fetch: globalThis.fetch,
      inProcess: false
    },
    ledger: () => control("ledger"),
    revoke: () => control("revoke"),
    down: (millis) => control("down", String(millis)),
    live: (millis) => control("lifetime", String(millis)),
    drop: () => control("drop")
  }
}
