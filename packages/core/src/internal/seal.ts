import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TokenSet } from "../TokenSet.ts"
import { isMissing } from "./isMissing.ts"
import { missing } from "./secretFlaw.ts"

interface Key {
  readonly id: string
  readonly bytes: Uint8Array
}

/** What a sealed token set is of: the scheme of no provider. */
const sealedType = "JWE"

const keyBytes = 32

const readKey = <E>(key: Redacted.Redacted<string>, locked: (message: string) => E): Effect.Effect<Key, E> =>
  Effect.gen(function* () {
    const text = Redacted.value(key)
    if (isMissing(text)) {
      return yield* Effect.fail(locked(`An encryption key ${missing}.`))
    }
    const bytes = Either.orElse(Encoding.decodeBase64Url(text), () => Encoding.decodeBase64(text))
    if (Either.isLeft(bytes) || bytes.right.length !== keyBytes) {
      return yield* Effect.fail(
        locked(
          `An encryption key is not ${keyBytes} bytes in base64: make one with openssl rand -base64 ${keyBytes}.`
        )
      )
    }
    // RFC 7638 in spirit: the id is a hash of the key, so that nobody has to name keys.
    const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", new Uint8Array(bytes.right)))
    return { id: Encoding.encodeHex(new Uint8Array(digest).slice(0, 8)), bytes: bytes.right }
  })

/** The record's key and the encryption key's id stand in the protected header: neither can be exchanged. */
interface Header {
  readonly kid?: string
  readonly record?: unknown
}

/** Seals token sets in token sets: the JWE stands where the access token would, lifetimes stay readable. */
export const makeSeal = <E>(
  keys: Arr.NonEmptyReadonlyArray<Redacted.Redacted<string>>,
  encode: (tokens: TokenSet) => Effect.Effect<string, unknown>,
  decode: (text: string) => Effect.Effect<TokenSet, unknown>,
  locked: (message: string) => E
) =>
  Effect.gen(function* () {
    // Loaded where it is needed: most applications encrypt nothing.
    const jose = yield* Effect.promise(() => import("jose"))
    const [first, ...others] = yield* Effect.all([
      readKey(keys[0], locked),
      ...keys.slice(1).map((key) => readKey(key, locked))
    ])
    const known = new Map([first, ...others].map((key) => [key.id, key]))
    const unreadable = locked("The record cannot be decrypted: it was changed, or written for another key.")

    const seal = (record: string, tokens: TokenSet): Effect.Effect<TokenSet, E> =>
      encode(tokens).pipe(
        Effect.flatMap((text) =>
          Effect.promise(() =>
            new jose.CompactEncrypt(new TextEncoder().encode(text))
              .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: first.id, record })
              .encrypt(first.bytes)
          )
        ),
        Effect.mapError(() => unreadable),
        Effect.map(
          (jwe) =>
            new TokenSet({
              accessToken: Redacted.make(jwe),
              tokenType: sealedType,
              issuedAt: tokens.issuedAt,
              expiresAt: tokens.expiresAt,
              refreshToken: Option.none(),
              scope: Option.none(),
              origin: Option.none()
            })
        )
      )

    const open = (record: string, sealed: TokenSet): Effect.Effect<TokenSet, E> =>
      Effect.gen(function* () {
        if (sealed.tokenType !== sealedType) {
          return yield* Effect.fail(
            locked("The record is not encrypted: remove it, or read it once without encryption.")
          )
        }
        const jwe = Redacted.value(sealed.accessToken)
        const header = yield* Effect.try({
          try: (): Header => jose.decodeProtectedHeader(jwe),
          catch: () => unreadable
        })
        const key = known.get(header.kid ?? "")
        if (key === undefined) {
          return yield* Effect.fail(
            locked("The record is encrypted under a key that is not in the list: add the key that wrote it.")
          )
        }
        if (header.record !== record) {
          return yield* Effect.fail(unreadable)
        }
        const { plaintext } = yield* Effect.tryPromise({
          try: () => jose.compactDecrypt(jwe, key.bytes),
          catch: () => unreadable
        })
        return yield* Effect.mapError(decode(new TextDecoder().decode(plaintext)), () => unreadable)
      })

    return { seal, open }
  })
