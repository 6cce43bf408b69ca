import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { PrivateJwk, PrivateKey } from "../OAuth2.ts"

/** A private key, ready to sign. */
export interface SigningKey {
  readonly key: CryptoKey
  readonly kid: string | undefined
  readonly alg: string | undefined
}

/** What is asked for beside the key. */
export interface Options {
  readonly keyId?: string | undefined
  readonly algorithm?: string | undefined
}

/** Which option cannot be used, and why. In fixed words: what went wrong may quote the key (R15). */
export interface Flaw {
  readonly option: "privateKey" | "keyId" | "algorithm"
  readonly message: string
}

const flaw = (option: Flaw["option"], what: string): Flaw => ({ option, message: `"${option}" ${what}.` })

const missing = flaw("privateKey", "is missing or empty: set it")
const pem = flaw("privateKey", "is a PEM: give it as a JWK (RFC 7517)")
const noJwk = flaw("privateKey", "is no private key as a JWK (RFC 7517): give one of RSA, EC or Ed25519")
const noKid = flaw("privateKey", `has a "kid" that is no string, or empty: set "keyId"`)
const noUse = flaw(
  "privateKey",
  "cannot sign: give a private RSA, EC or Ed25519 key, and the algorithm that fits it"
)
const short = flaw("privateKey", "is an RSA key of fewer than 2,048 bits (RFC 7518, section 3.3)")
const unfit = flaw("algorithm", "does not fit the key")

/** RFC 7518, section 3.1 and RFC 8037, as Web Crypto spells them. */
interface Params {
  readonly name: string
  readonly hash?: string
  readonly namedCurve?: string
}

const algorithms = new Map<string, Params>([
  ...["256", "384", "512"].flatMap(
    (bits) =>
      [
        [`RS${bits}`, { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${bits}` }],
        [`PS${bits}`, { name: "RSA-PSS", hash: `SHA-${bits}` }]
      ] as const
  ),
  ["ES256", { name: "ECDSA", namedCurve: "P-256" }],
  ["ES384", { name: "ECDSA", namedCurve: "P-384" }],
  ["ES512", { name: "ECDSA", namedCurve: "P-521" }],
  ["EdDSA", { name: "Ed25519" }],
  ["Ed25519", { name: "Ed25519" }]
])

const byCurve = new Map([
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["P-521", "ES512"],
  ["Ed25519", "EdDSA"]
])

const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""

/** What is wrong with the options beside a key, whatever the key. */
export const optionsFlaw = ({ algorithm, keyId }: Options): Flaw | undefined =>
  keyId !== undefined && !isName(keyId)
    ? flaw("keyId", "is no string, or empty: set it, or leave it out")
    : algorithm !== undefined && !algorithms.has(algorithm)
      ? flaw("algorithm", `is none of ${[...algorithms.keys()].join(", ")}`)
      : undefined

/** The algorithm of a key that names none: its curve's, and for RSA the one that every server knows. */
const algorithmOf = (jwk: PrivateJwk): string | undefined =>
  jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : byCurve.get(jwk.crv ?? ""))

const isCryptoKey = (key: unknown): key is CryptoKey =>
  Predicate.hasProperty(key, "algorithm") && Predicate.hasProperty(key, "usages")

const isJwk = (value: unknown): value is PrivateJwk =>
  Predicate.hasProperty(value, "kty") && Predicate.hasProperty(value, "d") && typeof value.d === "string"

const parse = (value: unknown): Effect.Effect<PrivateJwk, Flaw> =>
  value === undefined || value === null || (typeof value === "string" && !isName(value))
    ? Effect.fail(missing)
    : typeof value === "string" && value.trimStart().startsWith("-----BEGIN")
      ? Effect.fail(pem)
      : Effect.try({
          try: (): unknown => (typeof value === "string" ? JSON.parse(value) : value),
          catch: () => noJwk
        }).pipe(Effect.filterOrFail(isJwk, () => noJwk))

const read = (algorithm: KeyAlgorithm, name: string): unknown =>
  Predicate.hasProperty(algorithm, name) ? algorithm[name] : undefined

const fits = ({ algorithm }: CryptoKey, { hash, name, namedCurve }: Params): boolean => {
  const hashed = read(algorithm, "hash")
  return (
    algorithm.name === name &&
    read(algorithm, "namedCurve") === namedCurve &&
    (Predicate.hasProperty(hashed, "name") ? hashed.name : undefined) === hash
  )
}

/** Whether a key can sign, and under the algorithm that is named: another one would be a wrong label. */
const checked = (key: CryptoKey, alg: string | undefined): Effect.Effect<CryptoKey, Flaw> => {
  const bits = read(key.algorithm, "modulusLength")
  const known = [...algorithms.values()].some((params) => fits(key, params))
  return key.type !== "private" || !key.usages.includes("sign") || !known
    ? Effect.fail(noUse)
    : typeof bits === "number" && bits < 2048
      ? Effect.fail(short)
      : alg !== undefined &&
          !Option.exists(Option.fromNullable(algorithms.get(alg)), (wanted) => fits(key, wanted))
        ? Effect.fail(unfit)
        : Effect.succeed(key)
}

const imported = (jwk: PrivateJwk, { algorithm, keyId }: Options): Effect.Effect<SigningKey, Flaw> =>
  Effect.gen(function* () {
    // What the key says of its use does not bind us, and engines disagree about the spelling of `alg`.
    const { alg: _alg, key_ops: _ops, kid: own, use: _use, ...material } = jwk
    const kid = keyId ?? own
    if (kid !== undefined && !isName(kid)) {
      return yield* Effect.fail(noKid)
    }
    const alg = algorithm ?? algorithmOf(jwk)
    const params = algorithms.get(alg ?? "")
    if (params === undefined) {
      return yield* Effect.fail(noUse)
    }
    const key = yield* Effect.tryPromise({
      try: () => crypto.subtle.importKey("jwk", material, params, false, ["sign"]),
      catch: () => (algorithm === undefined ? noUse : unfit)
    })
    return { key: yield* checked(key, alg), kid, alg }
  })

/** The key to sign with, or why it cannot be one. */
export const signingKey = (key: PrivateKey, options: Options): Effect.Effect<SigningKey, Flaw> =>
  isCryptoKey(key)
    ? Effect.map(checked(key, options.algorithm), (key) => ({
        key,
        kid: options.keyId,
        alg: options.algorithm
      }))
    : Redacted.isRedacted(key)
      ? Effect.flatMap(parse(Redacted.value(key)), (jwk) => imported(jwk, options))
      : Effect.fail(missing)

const numbers = new WeakMap<CryptoKey, number>()
let keys = 0

const numberOf = (key: CryptoKey): number =>
  Option.getOrElse(Option.fromNullable(numbers.get(key)), () => {
    keys += 1
    numbers.set(key, keys)
    return keys
  })

/** Tells two keys apart: what a gate that closed for one opens for (R16). As secret as the key. */
export const identity = (key: PrivateKey): string =>
  isCryptoKey(key) ? `CryptoKey ${numberOf(key)}` : JSON.stringify(Redacted.value(key))
