/**
 * The sandbox of Su: a domain and its secret for an access token of one environment, no refresh
 * token, and a validation.
 *
 * Source: Su's documentation ("Token Based Authentication", seed 002). Marked † is assumed, or from
 * other pages of Su: the seed names the fields, but neither URLs nor samples.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Sandbox from "./Sandbox.ts"
import * as Wire from "./Wire.ts"

/**
 * Options of {@link make}. Su has no refresh tokens: their lifetime does nothing here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<Sandbox.Options, "clientId" | "refreshLifetime"> {
  /** Which of Su's two environments this is; default: `sandbox`. */
  readonly environment?: "sandbox" | "live" | undefined
  /** The bare domain: the `clientId` of its credentials, in base64 its `client-id`. Default: `hotel.example`. */
  readonly domain?: string | undefined
  /**
   * How it spells what it answers: `success`, `data`, `message` and `expire_in`, as the seed has it
   * (`seed`, the default), or `Status`, `Data`, `Message` and `expireIn` † (`capitalised`). `Status` is
   * `Success` or `Failed`.
   */
  readonly casing?: "seed" | "capitalised" | undefined
  /** The status that comes with a refused login's body: 200 by default †, which says `success: false`. */
  readonly refusalStatus?: 200 | 401 | undefined
  /** Of the token endpoints and the API; default: the environment's †. */
  readonly origin?: string | undefined
}

const origins = {
  sandbox: "https://connect-sandbox.su-api.com",
  live: "https://connect.su-api.com"
}

interface Spelling {
  readonly expiry: string
  readonly accepted: (data: unknown, message: string) => unknown
  /** Without `data` where it is undefined. */
  readonly refused: (data?: null) => unknown
}

const refusal = "Authorization Required"

const spellings: { readonly [K in NonNullable<Options["casing"]>]: Spelling } = {
  seed: {
    expiry: "expire_in",
    accepted: (data, message) => ({ success: true, data, message }),
    refused: (data) => ({ success: false, data, message: refusal })
  },
  capitalised: {
    expiry: "expireIn",
    accepted: (data, message) => ({ Status: "Success", Data: data, Message: message }),
    refused: (data) => ({ Status: "Failed", Data: data, Message: refusal })
  }
}

/** What a `client-id` stands for, if it is the one way to write that in base64. */
const domainOf = (clientId: string): Either.Either<string, string> =>
  Encoding.decodeBase64String(clientId).pipe(
    Either.filterOrLeft(
      (domain) => Encoding.encodeBase64(domain) === clientId,
      () => "not canonical"
    ),
    Either.mapLeft(() => "client-id must be a domain in base64")
  )

const login =
  (spelling: Spelling, refusalStatus: 200 | 401) =>
  ({ headers }: Wire.SandboxRequest): Wire.Decision => {
    const refused = Wire.json(refusalStatus, spelling.refused(null))
    const { "client-id": clientId, "client-secret": clientSecret } = headers
    if (clientId === undefined || clientSecret === undefined) {
      return Wire.Decision.Refuse({ why: "client-id and client-secret must be sent", response: refused })
    }
    return Either.match(domainOf(clientId), {
      onLeft: (why) => Wire.Decision.Refuse({ why, response: refused }),
      onRight: (domain) =>
        Wire.Decision.Login({
          clientId: domain,
          clientSecret,
          granted: ({ accessToken }) =>
            Wire.json(
              200,
              spelling.accepted(
                {
                  token_type: "Bearer",
                  token: accessToken.value,
                  [spelling.expiry]: String(Math.floor(accessToken.lifetime / 1000))
                },
                "Access Token generated successfully"
              )
            ),
          refused
        })
    })
  }

/**
 * Makes a sandbox of Su, of one of its environments: `GET /SUAPI/jservice/auth/generate-access-token` †,
 * `GET /SUAPI/jservice/auth/validate-access-token` †, and a protected resource at every other path of
 * the same origin, `https://connect-sandbox.su-api.com` or `https://connect.su-api.com` †. A token
 * lives an hour unless told otherwise; its lifetime is told in whole seconds, as a string. The prefix
 * `sandbox_` or `live_` is part of it, and of its name here: `sandbox_su-access-1-<nonce>`. The other
 * environment does not know it.
 *
 * A login without the right headers is refused as `refusalStatus` says; a validation, and the API,
 * answer a bad token with 401 †, in the same words.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Sandbox.Sandbox> => {
  const { casing = "seed", domain = "hotel.example", environment = "sandbox", refusalStatus = 200 } = options
  const spelling = spellings[casing]
  const origin = options.origin ?? origins[environment]
  return Sandbox.make(
    {
      provider: "su",
      tokenOrigin: origin,
      apiOrigin: origin,
      routes: [
        {
          endpoint: "login",
          method: "GET",
          path: "/SUAPI/jservice/auth/generate-access-token",
          decide: login(spelling, refusalStatus)
        },
        {
          endpoint: "validate",
          method: "GET",
          path: "/SUAPI/jservice/auth/validate-access-token",
          decide: () =>
            Wire.Decision.Validate({ valid: Wire.json(200, spelling.accepted({}, "Token is valid")) })
        }
      ],
      accessLifetime: "1 hour",
      tokenName: (kind, number, nonce) => `${environment}_su-${kind}-${number}-${nonce}`,
      rejected: () => Wire.json(401, spelling.refused())
    },
    { ...options, clientId: domain }
  )
}
