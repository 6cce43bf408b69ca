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

/** RFC 7518, section 3.1 and RFC 8037, as Web Crypto spells them. */
const algorithms = new Map<string, RsaHashedImportParams | EcKeyImportParams | Algorithm>([
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

/** The algorithm of a key that names none: its curve's, and for RSA the one that every server knows. */
const algorithmOf = (jwk: PrivateJwk): string | undefined =>
  jwk.alg ?? (jwk.kty === "RSA" ? "RS256" : byCurve.get(jwk.crv ?? ""))

const isCryptoKey = (key: PrivateKey): key is CryptoKey => !Redacted.isRedacted(key)

const isJwk = (value: unknown): value is PrivateJwk =>
  Predicate.hasProperty(value, "kty") && Predicate.hasProperty(value, "d") && typeof value.d === "string"

const parse = (value: PrivateJwk | string): Effect.Effect<PrivateJwk, void> =>
  Effect.try({
    try: (): unknown => (typeof value === "string" ? JSON.parse(value) : value),
    catch: () => {}
  }).pipe(Effect.filterOrFail(isJwk, () => {}))

/** The key to sign with. Its failure says nothing: what went wrong may quote the key (R15). */
export const signingKey = (
  key: PrivateKey,
  options: { readonly keyId?: string | undefined; readonly algorithm?: string | undefined }
): Effect.Effect<SigningKey, void> =>
  Effect.gen(function* () {
    if (isCryptoKey(key)) {
      return key.type === "private" && key.usages.includes("sign")
        ? { key, kid: options.keyId, alg: options.algorithm }
        : yield* Effect.fail(undefined)
    }
    const jwk = yield* parse(Redacted.value(key))
    const alg = options.algorithm ?? algorithmOf(jwk)
    const params = algorithms.get(alg ?? "")
    if (params === undefined) {
      return yield* Effect.fail(undefined)
    }
    // What the key says of its use does not bind us, and engines disagree about the spelling of `alg`.
    const { alg: _alg, key_ops: _ops, kid, use: _use, ...material } = jwk
    const imported = yield* Effect.tryPromise({
      try: () => crypto.subtle.importKey("jwk", material, params, false, ["sign"]),
      catch: () => {}
    })
    return { key: imported, kid: options.keyId ?? kid, alg }
  })

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
