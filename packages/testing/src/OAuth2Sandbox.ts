/**
 * The sandbox of a standard OAuth 2.0 server: `client_credentials` and `refresh_token` (RFC 6749), with
 * metadata (RFC 8414) and revocation (RFC 7009).
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Sandbox.Options {
  /**
   * Whether a mint brings a refresh token, and what a refresh does to it: `none`; `kept`, it stays good to
   * its end; `rotates`, it is good for one refresh. Default: `none` (RFC 6749, section 4.4.3).
   */
  readonly refreshTokens?: "none" | "kept" | "rotates" | undefined
  /**
   * Whether presenting a spent refresh token revokes its grant, access tokens included. Default: true
   * (RFC 9700, section 4.14.2).
   */
  readonly revokeOnReuse?: boolean | undefined
  /** Whether the client has no secret: it refreshes without one, and cannot log in. Default: false. */
  readonly publicClient?: boolean | undefined
  /** What the client may authenticate with. Default: `client_secret_basic` and `client_secret_post`. */
  readonly authMethods?: ReadonlyArray<"client_secret_basic" | "client_secret_post"> | undefined
  /** The scope it grants where none is asked for; default: `read write`. */
  readonly scope?: string | undefined
  /** The well-known documents it has. Default: both. */
  readonly documents?: ReadonlyArray<"oauth-authorization-server" | "openid-configuration"> | undefined
  /** Its issuer, and the origin of its endpoints; default: `https://login.oauth2.example`. */
  readonly tokenOrigin?: string | undefined
  /** Default: `https://api.oauth2.example`. */
  readonly apiOrigin?: string | undefined
}

/**
 * Where the token endpoint is, below the token origin.
 *
 * @since 0.1.0
 * @category constants
 */
export const tokenPath = "/oauth2/token"

/**
 * Where the revocation endpoint is, below the token origin.
 *
 * @since 0.1.0
 * @category constants
 */
export const revocationPath = "/oauth2/revoke"

type Methods = ReadonlyArray<string>

/** RFC 6749, section 5.2: a refusal, with a challenge where the client had sent a header. */
const failure = (
  status: 400 | 401,
  error: string,
  description: string,
  request?: Wire.SandboxRequest
): Wire.SandboxResponse =>
  Wire.json(
    status,
    { error, error_description: description },
    {
      "cache-control": "no-store",
      ...(request?.headers["authorization"] === undefined
        ? {}
        : { "www-authenticate": 'Basic realm="oauth2"' })
    }
  )

const refuse = (why: string, error = "invalid_request"): Wire.Decision =>
  Wire.Decision.Refuse({ why, response: failure(400, error, why) })

/** The fields of a form. RFC 6749, section 3.2: none twice; RFC 8707 excepts `resource`. */
const formFields = (request: Wire.SandboxRequest): Either.Either<URLSearchParams, string> => {
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) {
    return Either.left("Content-Type must be application/x-www-form-urlencoded")
  }
  const fields = new URLSearchParams(new TextDecoder().decode(request.body))
  const twice = [...fields.keys()].find((name) => name !== "resource" && fields.getAll(name).length > 1)
  return twice === undefined ? Either.right(fields) : Either.left(`${twice} must not be repeated`)
}

/** RFC 6749, appendix B, backwards. */
const formDecoded = (text: string): Option.Option<string> =>
  Option.fromNullable(new URLSearchParams(`=${text.replaceAll("&", "%26")}`).get(""))

/** RFC 6749, section 2.3.1: id and secret, form-encoded each, and then in base64. */
const basic = (request: Wire.SandboxRequest): Option.Option<readonly [id: string, secret: string]> => {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1]
  return Option.flatMap(
    Option.flatMap(Option.fromNullable(encoded), (text) =>
      Either.getRight(Encoding.decodeBase64String(text))
    ),
    (text) => {
      const [id, secret] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]
      return text.includes(":") ? Option.all([formDecoded(id), formDecoded(secret)]) : Option.none()
    }
  )
}

/** What the client authenticated with; an empty secret is one that nobody has. */
const clientOf = (
  request: Wire.SandboxRequest,
  fields: URLSearchParams,
  methods: Methods
): Either.Either<Wire.ClientCredentials, string> => {
  const header = basic(request)
  const posted = fields.get("client_secret")
  if (Option.isSome(header) && posted !== null) {
    return Either.left("the client must use one method of authentication")
  }
  const refused = failure(401, "invalid_client", "client authentication failed", request)
  const [clientId, clientSecret] = Option.match(header, {
    onNone: () =>
      methods.includes("client_secret_post") ? [fields.get("client_id") ?? "", posted ?? ""] : ["", ""],
    onSome: (pair) => (methods.includes("client_secret_basic") ? pair : ["", ""])
  })
  return Either.right({ clientId, clientSecret, refused })
}

interface Setup {
  readonly scope: string
  readonly methods: Methods
  readonly isPublic: boolean
  readonly hasRefreshTokens: boolean
}

const granted =
  (scope: string) =>
  ({ accessToken, refreshToken }: Wire.Minted): Wire.SandboxResponse =>
    Wire.json(
      200,
      {
        access_token: accessToken.value,
        token_type: "Bearer",
        expires_in: Math.floor(accessToken.lifetime / 1000),
        ...Option.match(refreshToken, {
          onNone: () => ({}),
          onSome: ({ value }) => ({ refresh_token: value })
        }),
        scope
      },
      { "cache-control": "no-store" }
    )

/** A request as a form of a client that authenticated, or not, where it need not. */
const decide =
  (
    { isPublic, methods }: Setup,
    make: (fields: URLSearchParams, client: Wire.ClientCredentials) => Wire.Decision
  ) =>
  (request: Wire.SandboxRequest): Wire.Decision =>
    Either.match(
      Either.flatMap(formFields(request), (fields) =>
        Either.map(clientOf(request, fields, isPublic ? [] : methods), (client) => make(fields, client))
      ),
      { onLeft: (why) => refuse(why), onRight: (decision) => decision }
    )

const token = (setup: Setup) =>
  decide(setup, (fields, client) => {
    const scope = fields.get("scope") ?? setup.scope
    switch (fields.get("grant_type")) {
      case "client_credentials":
        return setup.isPublic
          ? refuse("a public client cannot log in", "unauthorized_client")
          : Wire.Decision.Login({ ...client, granted: granted(scope) })
      case "refresh_token":
        return Option.match(
          Option.filter(Option.fromNullable(fields.get("refresh_token")), () => setup.hasRefreshTokens),
          {
            onNone: () => refuse("there is no refresh_token"),
            onSome: (refreshToken) =>
              Wire.Decision.Refresh({
                refreshToken,
                client: setup.isPublic ? undefined : client,
                granted: granted(scope),
                refused: ({ why }) => failure(400, "invalid_grant", `the refresh token is ${why}`)
              })
          }
        )
      default:
        return refuse("grant_type is not supported", "unsupported_grant_type")
    }
  })

const revocation = (setup: Setup) =>
  decide(setup, (fields, client) =>
    Option.match(Option.fromNullable(fields.get("token")), {
      onNone: () => refuse("there is no token"),
      onSome: (token) =>
        Wire.Decision.Revoke({
          token,
          client: setup.isPublic ? undefined : client,
          done: Wire.text(200)
        })
    })
  )

const isRefresh = (request: Wire.SandboxRequest): boolean =>
  Either.match(formFields(request), {
    onLeft: () => false,
    onRight: (fields) => fields.get("grant_type") === "refresh_token"
  })

/** RFC 8414, section 2. The issuer is where the request came: on loopback, the server's own origin. */
const metadata =
  (methods: Methods) =>
  ({ url }: Wire.SandboxRequest): Wire.Decision =>
    Wire.Decision.Discover({
      document: Wire.json(200, {
        issuer: url.origin,
        token_endpoint: `${url.origin}${tokenPath}`,
        revocation_endpoint: `${url.origin}${revocationPath}`,
        grant_types_supported: ["client_credentials", "refresh_token"],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: methods
      })
    })

/** RFC 6750, section 3. */
const rejected = ({ why }: Wire.Rejection): Wire.SandboxResponse =>
  why === "missing"
    ? Wire.json(401, { error: "unauthorized" }, { "www-authenticate": "Bearer" })
    : Wire.json(401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' })

/**
 * Makes a sandbox of a standard server: `POST /oauth2/token` and `POST /oauth2/revoke` on its issuer,
 * `https://login.oauth2.example`, the two well-known documents, and a protected resource at every path of
 * `https://api.oauth2.example`. An access token lives an hour unless told otherwise, a refresh token 30 days.
 *
 * Requests are forms, and the client authenticates at a login, at a refresh and at a revocation alike.
 * Errors are those of RFC 6749, section 5.2. Assertions (`private_key_jwt`) it does not know.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> => {
  const { publicClient: isPublic = false, refreshTokens = "none" } = options
  const methods = options.authMethods ?? ["client_secret_basic", "client_secret_post"]
  const setup: Setup = {
    scope: options.scope ?? "read write",
    methods,
    isPublic,
    hasRefreshTokens: refreshTokens !== "none"
  }
  const documents = options.documents ?? ["oauth-authorization-server", "openid-configuration"]
  return Sandbox.make(
    {
      provider: "oauth2",
      tokenOrigin: options.tokenOrigin ?? "https://login.oauth2.example",
      apiOrigin: options.apiOrigin ?? "https://api.oauth2.example",
      routes: [
        { endpoint: "refresh", method: "POST", path: tokenPath, matches: isRefresh, decide: token(setup) },
        { endpoint: "login", method: "POST", path: tokenPath, decide: token(setup) },
        { endpoint: "revocation", method: "POST", path: revocationPath, decide: revocation(setup) },
        ...documents.map((name) => ({
          endpoint: "discovery" as const,
          method: "GET",
          path: `/.well-known/${name}`,
          decide: metadata(isPublic ? ["none"] : methods)
        }))
      ],
      accessLifetime: "1 hour",
      refreshLifetime: refreshTokens === "none" ? undefined : "30 days",
      rotates: refreshTokens === "rotates",
      revokesOnReuse: options.revokeOnReuse ?? true,
      rejected
    },
    options
  )
}
