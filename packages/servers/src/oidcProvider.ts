/**
 * A real authorization server on loopback: `oidc-provider`, which rotates refresh tokens, detects their reuse
 * and revokes the grant for it. Beside it stands an API that its tokens protect.
 *
 * As a process of its own it takes its options as JSON and says, in one line of JSON, where it is:
 *
 *     npx tsx packages/servers/src/oidcProvider.ts '{"accessTokenTtl":5}'
 *
 * Over HTTP, for a process beside it: `GET /control/counts`, `POST /control/refresh-token?client=<id>`,
 * `POST /control/clear`, and `GET /api/<anything>` with a bearer token.
 */
import { generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { Provider } from "oidc-provider"
import type { ClientMetadata, JWK } from "oidc-provider"

export interface Options {
  /** Seconds. */
  readonly accessTokenTtl: number
  /** Seconds; default: a day. */
  readonly refreshTokenTtl?: number | undefined
  /** Whether a refresh spends its refresh token; default: true. */
  readonly rotate?: boolean | undefined
  /** Default: a free one. */
  readonly port?: number | undefined
  /** How long a refresh takes, in milliseconds, before it is looked at; default: 0. */
  readonly latency?: number | undefined
}

interface Counts {
  /** Tokens minted, by a login or a refresh. */
  readonly mints: number
  /** By `client_credentials`. */
  readonly logins: number
  readonly refreshes: number
  /** Refresh tokens that were presented again after a rotation had spent them. */
  readonly reuses: number
  readonly grantsRevoked: number
  /** Revocations that were asked for (RFC 7009). */
  readonly revocations: number
  /** Calls of a token endpoint that were refused, by the `error` of the answer. */
  readonly refusals: Readonly<Record<string, number>>
  /** Calls of the API with a good token, and with none. */
  readonly accepted: number
  readonly rejected: number
}

/** One client of the server: how it authenticates, and with what. */
export interface Client {
  readonly clientId: string
  readonly authMethod: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none"
  readonly clientSecret?: string | undefined
  /** The private key of `private_key_jwt`; the server has the public one. */
  readonly privateKey?: JWK | undefined
}

export interface OidcProvider {
  /** Its issuer, and the origin of all that it serves. */
  readonly issuer: string
  readonly apiUrl: string
  readonly clients: Readonly<Record<"basic" | "post" | "jwt" | "public", Client>>
  /** The first refresh token of a grant, as a person gives it in a browser. Default: to the client `basic`. */
  readonly newRefreshToken: (clientId?: string) => Promise<string>
  readonly counts: () => Counts
  readonly clearCounts: () => void
  readonly close: () => Promise<void>
}

const scope = "offline_access api:read api:write"

/** Characters that `client_secret_basic` must form-encode (RFC 6749, section 2.3.1). */
const awkward = { id: "client:with /+%&=", secret: "s3cret:/?+ %25&=~!'()*".padEnd(48, "x") }

const makeClients = () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const jwk: JWK = { ...privateKey.export({ format: "jwk" }), kty: "EC", alg: "ES256", kid: "key-1" }
  const secret = "a-secret-for-tests-".padEnd(48, "0")
  return {
    basic: { clientId: awkward.id, clientSecret: awkward.secret, authMethod: "client_secret_basic" },
    post: { clientId: "post", clientSecret: secret, authMethod: "client_secret_post" },
    jwt: { clientId: "jwt", privateKey: jwk, authMethod: "private_key_jwt" },
    public: { clientId: "public", authMethod: "none" }
  } as const satisfies OidcProvider["clients"]
}

const metadataOf = (client: Client): ClientMetadata => {
  const { d: _, ...publicKey } = client.privateKey ?? { kty: "EC" }
  return {
    client_id: client.clientId,
    ...(client.clientSecret === undefined ? {} : { client_secret: client.clientSecret }),
    ...(client.privateKey === undefined ? {} : { jwks: { keys: [publicKey] } }),
    token_endpoint_auth_method: client.authMethod,
    grant_types: client.authMethod === "none" ? ["refresh_token"] : ["client_credentials", "refresh_token"],
    redirect_uris: [],
    response_types: [],
    scope
  }
}

const zero = {
  mints: 0,
  logins: 0,
  refreshes: 0,
  reuses: 0,
  grantsRevoked: 0,
  revocations: 0,
  accepted: 0,
  rejected: 0
}

const json = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

export const startOidcProvider = async (options: Options): Promise<OidcProvider> => {
  const clients = makeClients()
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const address = server.address()
  if (address === null || typeof address === "string") {
    throw new Error("the server has no port")
  }
  const issuer = `http://127.0.0.1:${address.port}`

  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  const provider = new Provider(issuer, {
    clients: Object.values(clients).map(metadataOf),
    jwks: { keys: [{ ...signing.export({ format: "jwk" }), kty: "RSA", use: "sig", alg: "RS256" }] },
    cookies: { keys: ["only-for-tests"] },
    // Nobody has the last one.
    scopes: [...scope.split(" "), "admin"],
    features: {
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      devInteractions: { enabled: false }
    },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: options.rotate ?? true,
    ttl: {
      AccessToken: options.accessTokenTtl,
      ClientCredentials: options.accessTokenTtl,
      RefreshToken: options.refreshTokenTtl ?? 86_400,
      Grant: 10 * 86_400
    }
  })

  let counts = { ...zero }
  let refusals: Record<string, number> = {}
  provider.on("grant.success", (context) => {
    counts.mints += 1
    counts[context.oidc.params?.["grant_type"] === "refresh_token" ? "refreshes" : "logins"] += 1
  })
  provider.on("grant.revoked", () => {
    counts.grantsRevoked += 1
  })
  provider.on("grant.error", (_, error) => {
    refusals[error.error] = (refusals[error.error] ?? 0) + 1
    if (error.error_detail === "refresh token already used") {
      counts.reuses += 1
    }
  })

  const newRefreshToken = async (clientId: string = clients.basic.clientId): Promise<string> => {
    const client = await provider.Client.find(clientId)
    if (client === undefined) {
      throw new Error("there is no such client")
    }
    const grant = new provider.Grant({ accountId: "ada", clientId })
    grant.addOIDCScope(scope)
    const grantId = await grant.save()
    const token = new provider.RefreshToken({
      accountId: "ada",
      client,
      grantId,
      gty: "authorization_code",
      scope
    })
    return token.save()
  }

  const api = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const value = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? ""
    const token = (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value))
    if (token === undefined) {
      counts.rejected += 1
      json(response, 401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' })
    } else {
      counts.accepted += 1
      json(response, 200, { ok: true, scope: token.scope })
    }
  }

  const snapshot = (): Counts => ({ ...counts, refusals: { ...refusals } })
  const clear = () => {
    counts = { ...zero }
    refusals = {}
  }
  const control = async (url: URL, response: ServerResponse): Promise<void> => {
    switch (url.pathname) {
      case "/control/counts":
        return json(response, 200, snapshot())
      case "/control/clear":
        clear()
        return json(response, 200, {})
      case "/control/refresh-token":
        return json(response, 200, {
          refreshToken: await newRefreshToken(url.searchParams.get("client") ?? undefined)
        })
      default:
        return json(response, 404, {})
    }
  }

  const protocol = provider.callback()
  server.on("request", (request, response) => {
    const url = new URL(request.url ?? "/", issuer)
    const isToken = url.pathname === "/token"
    if (url.pathname.startsWith("/control/")) {
      void control(url, response)
    } else if (url.pathname.startsWith("/api")) {
      void api(request, response)
    } else {
      if (url.pathname === "/token/revocation") {
        counts.revocations += 1
      }
      setTimeout(() => void protocol(request, response), isToken ? (options.latency ?? 0) : 0)
    }
  })

  return {
    issuer,
    apiUrl: `${issuer}/api`,
    clients,
    newRefreshToken,
    counts: snapshot,
    clearCounts: clear,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

if (import.meta.filename === process.argv[1]) {
  const options: Options = { accessTokenTtl: 5, ...JSON.parse(process.argv[2] ?? "{}") }
  const { apiUrl, clients, issuer } = await startOidcProvider(options)
  process.stdout.write(`${JSON.stringify({ issuer, apiUrl, clients })}\n`)
}
