import * as Encoding from "effect/Encoding"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { Fault, Wire } from "@latchkey/testing"
import type { Driver } from "./leakDrivers.ts"
import { type Path, fault, faultsInTurn } from "./leakPath.ts"

const isRecord = (json: unknown): json is { readonly [key: string]: unknown } =>
  Predicate.isRecord(json) && !Array.isArray(json)

/** JSON with its leaves changed; a change is told the field that the leaf stands in. */
const mapLeaves = (json: unknown, f: (leaf: unknown, field: string) => unknown, field = ""): unknown =>
  isRecord(json)
    ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key, mapLeaves(value, f, key)]))
    : f(json, field)

const isToken = (leaf: unknown, nonce: string): leaf is string =>
  typeof leaf === "string" && leaf.includes(nonce)

/** The first token of an answer. */
const tokenIn = (json: unknown, nonce: string): string | undefined => {
  let found: string | undefined
  mapLeaves(json, (leaf) => {
    found ??= isToken(leaf, nonce) ? leaf : undefined
  })
  return found
}

/** What a token endpoint may make of its answer; each in turn. */
const patched = (
  name: string,
  variants: ReadonlyArray<(json: unknown, nonce: string) => unknown>,
  rest: Partial<Path> = {}
): Path => ({
  name,
  fail: (world) => {
    let answered = 0
    const f = (json: unknown) => variants[answered++ % variants.length]?.(json, world.nonce)
    return fault(world, Fault.Patch({ f }))
  },
  rounds: variants.length,
  ends: "error",
  drivers: oncePerProvider,
  ...rest
})

const isExpiry = (field: string) => /expir/i.test(field)

/** One driver of each provider: each of its grants is asked for in every path all the same. */
const oncePerProvider = ({ name }: Driver): boolean =>
  name !== "VaultsPay, login" &&
  name !== "vault.ist, refresh" &&
  name !== "PaymentsGate, login" &&
  name !== "PaymentsGate, refresh of a configured pair"

/** The tokens of an answer, each way in turn. */
const badTokens = (name: string, ...ways: ReadonlyArray<(token: string) => unknown>): Path =>
  patched(
    name,
    ways.map((f) => (json, nonce) => mapLeaves(json, (leaf) => (isToken(leaf, nonce) ? f(leaf) : leaf)))
  )

/** The lifetimes of an answer, each way in turn; a way is given its first token. */
const badLifetimes = (name: string, ...ways: ReadonlyArray<(token: string) => unknown>): Path =>
  patched(
    name,
    ways.map((f) => (json, nonce) => {
      const token = tokenIn(json, nonce) ?? nonce
      return mapLeaves(json, (leaf, field) => (isExpiry(field) ? f(token) : leaf))
    })
  )

/** The secrets that a request presents. */
const presented = (request: Wire.SandboxRequest, nonce: string): ReadonlyArray<string> => {
  const inBody = Option.match(Wire.parseJson(request), {
    onNone: () => [],
    onSome: (json) => (isRecord(json) ? Object.values(json) : [])
  })
  return [...inBody, ...Object.values(request.headers).map((value) => value.replace(/^Bearer /, ""))].filter(
    (value): value is string => isToken(value, nonce)
  )
}

/** How a provider, or a gateway that logs credentials, may write what it repeats of a request. */
const forms: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => `urn:token:${secret}`,
  (secret) => `Bearer ${secret}`,
  (secret) => `The secret ${secret} is not the right one.`,
  (secret) => encodeURIComponent(secret),
  (secret) => Encoding.encodeBase64(secret),
  (secret) => Encoding.encodeBase64Url(secret),
  (secret) => Encoding.encodeBase64(`client-id:${secret}`),
  (secret) => Encoding.encodeHex(secret),
  (secret) => secret.toUpperCase(),
  // A field that is too short for it.
  (secret) => secret.slice(0, -3),
  (secret) => secret.slice(3)
]

const statuses = [400, 401, 403, 429, 503, 200]

/** A refusal that repeats what the request presented, wherever a provider may put a word of its own. */
const repeated = (secret: string, status: number, inHeaders: boolean): Wire.SandboxResponse =>
  Wire.json(
    status,
    {
      error: secret,
      error_description: secret,
      error_uri: `https://errors.example/?token=${secret}`,
      code: secret,
      status: secret,
      message: `The Token has expired on ${secret}`,
      Message: secret,
      traceId: secret,
      success: false,
      errors: [secret],
      data: { error: secret, code: secret, message: secret }
    },
    inHeaders
      ? {
          "x-request-id": secret,
          "request-id": secret,
          "x-correlation-id": secret,
          "www-authenticate": `Bearer error="${secret}"`,
          "retry-after": secret,
          date: secret,
          location: `https://elsewhere.example/?token=${secret}`,
          "set-cookie": `token=${secret}`
        }
      : {}
  )

/** Each form comes with every field, and with some of the statuses: with which, the nonce draws. */
const echo: Path = {
  name: "a refusal that repeats the secret, encoded or cut off as well",
  ends: "error",
  drivers: oncePerProvider,
  rounds: 2 * forms.length,
  setup: ({ nonce }) => ({
    answer: (request, nth) => {
      const secrets = presented(request, nonce)
      const turn = Math.floor(nth / forms.length)
      const drawn = nth + turn + (nonce.codePointAt(1) ?? 0)
      // PaymentsGate presents two.
      const secret = secrets[drawn % secrets.length]
      const write = forms[nth % forms.length]
      const status = statuses[drawn % statuses.length]
      return secret === undefined || write === undefined || status === undefined
        ? undefined
        : repeated(write(secret), status, turn % 2 === 0)
    }
  })
}

const withoutLogin = ["vault.ist, refresh", "PaymentsGate, refresh of a configured pair"]

/** How a token endpoint may fail to answer with a token. */
const ways: ReadonlyArray<Fault.Fault> = [
  Fault.Status({ status: 403, body: "{}" }),
  Fault.Status({ status: 404 }),
  Fault.Status({ status: 429, headers: { "Retry-After": "3600" } }),
  Fault.Status({ status: 500 }),
  Fault.Status({ status: 503, headers: { "Retry-After": "1" } }),
  Fault.Html(),
  Fault.Truncated(),
  Fault.EmptyBody(),
  Fault.HugeBody({ bytes: 1024 * 1024 + 1 }),
  Fault.ResetBefore(),
  Fault.ResetAfter(),
  Fault.Latency({ duration: "1 hour" })
]

/** What depends on what a token endpoint answers. */
export const wirePaths: ReadonlyArray<Path> = [
  { name: "no failure", ends: "answer" },
  {
    name: "wrong credentials",
    fail: ({ sandbox }) =>
      Effect.zipRight(
        sandbox.changeSecret(Redacted.make("another")),
        Effect.zipRight(sandbox.revokeRefreshTokens, sandbox.revokeAccessTokens)
      ),
    ends: "error"
  },
  {
    name: "a refused refresh token",
    drivers: ({ endpoint }) => endpoint === "refresh",
    fail: ({ sandbox }) => sandbox.revokeRefreshTokens,
    ends: "answer",
    otherwise: withoutLogin
  },
  {
    name: "an expired refresh token",
    drivers: ({ endpoint }) => endpoint === "refresh",
    fail: ({ sandbox }) => sandbox.expireRefreshTokens,
    ends: "answer",
    otherwise: withoutLogin
  },
  {
    name: "no token, in one way after the other",
    fail: (world) => faultsInTurn(world, ways),
    drivers: oncePerProvider,
    rounds: ways.length,
    ends: "error"
  },
  {
    name: "a redirect that repeats the secret",
    fail: (world) =>
      fault(world, Fault.Redirect({ location: `https://${world.nonce}.example/?t=${world.nonce}` })),
    ends: "error"
  },
  echo,
  patched("a refusal with 200 that repeats the new token in words", [
    (json, nonce) => {
      const token = tokenIn(json, nonce)
      return { error_description: token, message: token, Message: token, errors: [token], success: false }
    }
  ]),
  badTokens(
    "tokens that are missing, of another type or no header",
    () => undefined,
    () => null,
    (token) => [token],
    (token) => ({ value: token }),
    (token) => `${token}\r\nx-injected: ${token}`,
    (token) => `${token}\n`,
    (token) => `${token}\u0000`,
    (token) => `${token} ${token}`,
    (token) => `${token}é`,
    (token) => `"${token}"`
  ),
  badLifetimes(
    "lifetimes that are tokens, or bad",
    (token) => token,
    (token) => [token],
    (token) => ({ token }),
    () => -1,
    () => 0,
    () => 1e300,
    () => "soon"
  )
]
