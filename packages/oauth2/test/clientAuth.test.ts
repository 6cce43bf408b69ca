import { OAuth2Sandbox, Wire } from "@latchkey/testing"
import { assert, describe } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { inspect } from "node:util"
import { it } from "@latchkey/testing/SettledTest"
import type * as OAuth2 from "../src/OAuth2.ts"
import {
  apiUrl,
  connect,
  failure,
  formOf,
  nonce,
  options,
  optionsOf,
  outcome,
  recorded,
  setup,
  tokenUrl
} from "./support/fixture.ts"

const token = Wire.json(200, { access_token: "a", token_type: "Bearer", expires_in: 60 })

/** The request that a login sends. */
const login = (options: OAuth2.Options) =>
  Effect.gen(function* () {
    const { network, requests } = yield* recorded(() => Effect.succeed(token))
    const { manager } = yield* connect(network, options)
    yield* manager.get
    const [request] = yield* requests
    return request ?? assert.fail("nothing was sent")
  })

const base = { tokenUrl, apiUrl, clientId: "me" }

describe("a client secret", () => {
  it.scoped("RFC 6749, 2.3.1: basic form-encodes the id and the secret, each by itself", () =>
    Effect.gen(function* () {
      const request = yield* login({
        ...base,
        clientId: "client:with /+%&=é",
        clientSecret: Redacted.make("s:e c+r%e&t=ü~!*'()-_.")
      })
      const encoded = request.headers["authorization"]?.slice("Basic ".length) ?? ""
      assert.strictEqual(
        Buffer.from(encoded, "base64").toString(),
        "client%3Awith+%2F%2B%25%26%3D%C3%A9:s%3Ae+c%2Br%25e%26t%3D%C3%BC%7E%21*%27%28%29-_."
      )
      assert.deepStrictEqual([...formOf(request).keys()], ["grant_type"])
    })
  )

  it.scoped(
    "basic leaves alone what most ids and secrets hold: a server that does not decode a form takes it",
    () =>
      Effect.gen(function* () {
        const [clientId, secret] = ["my-app_1.example", "S-e_c.r*e7"]
        const request = yield* login({ ...base, clientId, clientSecret: Redacted.make(secret) })
        assert.strictEqual(
          request.headers["authorization"],
          `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`
        )
      })
  )

  for (const [authMethod, status, code, hints] of [
    ["client_secret_basic", 401, "invalid_client", true],
    [undefined, 401, "invalid_client", true],
    [undefined, 401, undefined, true],
    [undefined, 403, "access_denied", false],
    ["client_secret_post", 401, "invalid_client", false]
  ] as const) {
    it.scoped(
      `a ${status} ${code ?? "without a word"} to ${authMethod ?? "the default"} ${hints ? "hints" : "does not hint"} at "authMethod"`,
      () =>
        Effect.gen(function* () {
          const { network } = yield* recorded(() => Effect.succeed(Wire.json(status, { error: code })))
          const { manager } = yield* connect(network, {
            ...base,
            clientSecret: Redacted.make("s"),
            authMethod
          })
          const { message } = yield* failure(manager)
          assert.strictEqual(message.includes('set "authMethod" to "client_secret_post"'), hints, message)
        })
    )
  }

  /** As `Redacted.make(process.env.X!)` is without the variable. */
  const unset: Redacted.Redacted<string> = Redacted.make(JSON.parse("null"))
  for (const [option, more] of [
    ["clientSecret", { clientSecret: unset }],
    ["clientSecret", { clientSecret: Redacted.make(" ") }],
    ["clientSecret", { clientSecret: Effect.succeed(unset), refreshToken: Redacted.make("r") }],
    ["refreshToken", { clientSecret: Redacted.make("s"), account: "ada", refreshToken: unset }],
    ["refreshToken", { account: "ada", refreshToken: Redacted.make("\n") }],
    ["privateKey", { privateKey: Effect.succeed(unset) }],
    ["privateKey", { privateKey: Effect.succeed(Redacted.make(" ")) }],
    ["privateKey", { privateKey: Config.redacted("ACME_KEY") }]
  ] as const) {
    it.scoped(
      `${option} that is missing is Unauthorized that names it, and nothing is sent, ever (${Object.keys(more).join()})`,
      () =>
        Effect.gen(function* () {
          const { network, requests } = yield* recorded(() => Effect.succeed(token))
          const { manager } = yield* connect(network, { ...base, ...more })
          for (let round = 0; round < 20; round++) {
            const error = yield* Effect.flip(manager.get)
            assert.strictEqual(error._tag, "Unauthorized")
            assert.include(error.message, `"${option}" is missing or empty`)
            yield* TestClock.adjust("1 minute")
          }
          assert.deepStrictEqual(yield* requests, [])
        }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map())))
    )
  }

  for (const authMethod of ["client_secret_basic", "client_secret_post"] as const) {
    it.scoped(`${authMethod}: awkward ones arrive as they are`, () =>
      Effect.gen(function* () {
        const { status } = yield* setup(
          {
            make: OAuth2Sandbox.make,
            clientId: "client:with /+%&=é",
            clientSecret: Redacted.make(`s:e c+r%e&t=ü~!*'()-_.${nonce}`),
            authMethods: [authMethod]
          },
          { authMethod }
        )
        assert.strictEqual(yield* status, 200)
      })
    )
  }

  it.scoped("client_secret_post puts both into the body, and sends no header", () =>
    Effect.gen(function* () {
      const request = yield* login({
        ...base,
        clientSecret: Redacted.make("s"),
        authMethod: "client_secret_post"
      })
      assert.isUndefined(request.headers["authorization"])
      assert.deepInclude(Object.fromEntries(formOf(request)), { client_id: "me", client_secret: "s" })
    })
  )

  it.scoped("none: a public client names itself", () =>
    Effect.gen(function* () {
      const request = yield* login({ ...base, refreshToken: Redacted.make("r") })
      assert.isUndefined(request.headers["authorization"])
      assert.deepStrictEqual(Object.fromEntries(formOf(request)), {
        client_id: "me",
        grant_type: "refresh_token",
        refresh_token: "r"
      })
    })
  )

  it.scoped("R16: is read at each login, and a new one opens the gate", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make({ nonce })
      const secret = yield* Ref.make(Redacted.make("wrong"))
      const { manager } = yield* setup(
        { make: () => Effect.succeed(sandbox) },
        { clientSecret: Ref.get(secret) }
      )
      assert.strictEqual(yield* outcome(manager.get), "Unauthorized")
      yield* Ref.set(secret, sandbox.credentials.clientSecret)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(manager.get), "success")
    })
  )

  for (const more of [{}, { refreshToken: Redacted.make("r") }]) {
    it.scoped(
      `R8, R15: that cannot be read is Unavailable, and reaches nobody (${Object.keys(more).join()})`,
      () =>
        Effect.gen(function* () {
          const { network, requests } = yield* recorded(() => Effect.succeed(token))
          const { manager } = yield* connect(network, {
            ...base,
            ...more,
            clientSecret: Effect.fail(nonce)
          })
          const error = yield* failure(manager)
          assert.strictEqual(error._tag, "Unavailable")
          assert.deepStrictEqual(yield* requests, [])
        })
    )
  }
})

const parts = (jwt: string): readonly [header: string, payload: string, signature: string] => {
  const [header = "", payload = "", signature = ""] = jwt.split(".")
  return [header, payload, signature]
}
const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString())

const pairs = {
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: generateKeyPairSync("ed25519"),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS384: generateKeyPairSync("rsa", { modulusLength: 2048 })
}

/** As Node wants it: from the name of a JWS algorithm. */
const isSigned = (alg: keyof typeof pairs, jwt: string): boolean => {
  const [header, payload, signature] = parts(jwt)
  const key = createPublicKey(pairs[alg].privateKey)
  return verify(
    alg === "EdDSA" ? null : `sha${alg.slice(2)}`,
    Buffer.from(`${header}.${payload}`),
    {
      key,
      dsaEncoding: "ieee-p1363",
      ...(alg === "PS384" ? { padding: 6, saltLength: 48 } : {})
    },
    Buffer.from(signature, "base64url")
  )
}

const jwkOf = (alg: keyof typeof pairs): OAuth2.PrivateJwk => ({
  ...pairs[alg].privateKey.export({ format: "jwk" }),
  alg,
  kid: `key-${alg}`
})

/** The assertion of a login. */
const assertion = (more: Partial<OAuth2.Options>) =>
  Effect.map(login({ ...base, ...more }), (request) => {
    const form = formOf(request)
    assert.isUndefined(request.headers["authorization"])
    assert.strictEqual(
      form.get("client_assertion_type"),
      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )
    const jwt = form.get("client_assertion") ?? ""
    const [header, payload] = parts(jwt)
    return { jwt, header: decoded(header), payload: decoded(payload) }
  })

const rsa = (modulusLength: number) => ({ modulusLength, publicExponent: new Uint8Array([1, 0, 1]) })

const generated = (algorithm: RsaHashedKeyGenParams | EcKeyGenParams | { readonly name: "Ed25519" }) =>
  Effect.promise(async () => {
    const pair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"])
    return "privateKey" in pair ? pair.privateKey : assert.fail("no pair")
  })

/** What a program without types hands on. */
const untyped = (json: string) => JSON.parse(json)

describe("private_key_jwt", () => {
  for (const alg of ["ES256", "ES512", "EdDSA", "RS256", "PS384"] as const) {
    it.scoped(`RFC 7523: ${alg} is signed with the key, and names it`, () =>
      Effect.gen(function* () {
        const { header, jwt } = yield* assertion({ privateKey: Redacted.make(jwkOf(alg)) })
        assert.deepStrictEqual(header, { alg, kid: `key-${alg}` })
        assert.isTrue(isSigned(alg, jwt))
      })
    )
  }

  it.scoped(
    "R17: iat, nbf and exp are of Effect's clock; aud, iss and sub as RFC 7523 has them; jti is new",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000_999)
        const privateKey = Redacted.make(jwkOf("ES256"))
        const one = yield* assertion({ privateKey })
        const other = yield* assertion({ privateKey, assertionAudience: "https://as.example" })
        const claims = { iat: 1_000_000, nbf: 1_000_000, exp: 1_000_060, iss: "me", sub: "me" }
        assert.deepInclude(one.payload, { ...claims, aud: tokenUrl })
        assert.deepInclude(other.payload, { ...claims, aud: "https://as.example" })
        const jti = [one, other].map(({ payload }) => Predicate.hasProperty(payload, "jti") && payload.jti)
        assert.lengthOf([...new Set(jti)], 2)
        assert.match(String(jti[0]), /^[\w-]{43}$/)
      })
  )

  it.scoped("a key as JSON, and without alg or kid; both can be given", () =>
    Effect.gen(function* () {
      const { alg: _alg, kid: _kid, ...jwk } = jwkOf("ES256")
      const json = Redacted.make(JSON.stringify(jwk))
      assert.deepStrictEqual((yield* assertion({ privateKey: json })).header, { alg: "ES256" })
      const given = yield* assertion({ privateKey: json, keyId: "k", algorithm: "ES256" })
      assert.deepStrictEqual(given.header, { alg: "ES256", kid: "k" })
    })
  )

  it.scoped("a CryptoKey that cannot be extracted", () =>
    Effect.gen(function* () {
      const privateKey = yield* Effect.promise(async () => {
        const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, [
          "sign",
          "verify"
        ])
        return pair.privateKey
      })
      assert.deepStrictEqual((yield* assertion({ privateKey, keyId: "k" })).header, {
        alg: "ES256",
        kid: "k"
      })
    })
  )

  it.scoped("R16: a key from an effect is read at each login, and a new one opens the gate", () =>
    Effect.gen(function* () {
      const keys = yield* Ref.make<OAuth2.PrivateKey>(Redacted.make(jwkOf("ES256")))
      const { network, requests } = yield* recorded((request) => {
        const [header] = parts(formOf(request).get("client_assertion") ?? "")
        const refused = Wire.json(401, { error: "invalid_client" })
        return Effect.succeed(JSON.stringify(decoded(header)).includes("key-RS256") ? token : refused)
      })
      const { manager } = yield* connect(network, { ...base, privateKey: Ref.get(keys) })
      assert.strictEqual(yield* outcome(manager.get), "Unauthorized")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(manager.get), "Unauthorized")
      yield* Ref.set(keys, Redacted.make(jwkOf("RS256")))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(manager.get), "success")
      assert.isAtLeast((yield* requests).length, 2)
    })
  )

  for (const [name, generate, alg] of [
    ["RSA", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384", ...rsa(2048) }, "RS384"],
    ["RSA-PSS", { name: "RSA-PSS", hash: "SHA-256", ...rsa(2048) }, "PS256"],
    ["EC", { name: "ECDSA", namedCurve: "P-384" }, "ES384"],
    ["Ed25519", { name: "Ed25519" }, "EdDSA"]
  ] as const) {
    it.scoped(`a CryptoKey of ${name} signs under ${alg}, and under no other name`, () =>
      Effect.gen(function* () {
        const privateKey = yield* generated(generate)
        assert.deepInclude((yield* assertion({ privateKey, algorithm: alg })).header, { alg })
        const { network } = yield* recorded(() => Effect.succeed(token))
        for (const algorithm of ["RS256", "RS512", "PS512", "ES256", "ES512"]) {
          const error = yield* Effect.flip(connect(network, { ...base, privateKey, algorithm }))
          assert.deepInclude(error, { _tag: "InvalidOptions", option: "algorithm" })
        }
      })
    )
  }

  it.scoped("RFC 7518, 3.3: RSA of fewer than 2,048 bits is refused, as a JWK and as a CryptoKey", () =>
    Effect.gen(function* () {
      const { network } = yield* recorded(() => Effect.succeed(token))
      const jwk = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "jwk" })
      const key = yield* generated({ name: "RSA-PSS", hash: "SHA-256", ...rsa(1024) })
      for (const privateKey of [Redacted.make(jwk), Redacted.make(JSON.stringify(jwk)), key]) {
        const error = yield* Effect.flip(connect(network, { ...base, privateKey }))
        assert.deepInclude(error, { _tag: "InvalidOptions", option: "privateKey" })
        assert.include(error.message, "2,048 bits")
      }
    })
  )

  const { kid: _kid, alg: _alg, ...plain } = jwkOf("ES256")
  for (const [option, more, says] of [
    ["keyId", { keyId: "" }, '"keyId"'],
    ["keyId", { keyId: " " }, '"keyId"'],
    ["keyId", { keyId: untyped("7") }, '"keyId"'],
    ["privateKey", { privateKey: Redacted.make({ ...plain, kid: untyped("7") }) }, '"keyId"'],
    ["privateKey", { privateKey: Redacted.make({ ...plain, kid: "" }) }, '"keyId"'],
    ["algorithm", { algorithm: "none" }, "is none of RS256"],
    ["algorithm", { algorithm: "HS256" }, "is none of RS256"],
    ["algorithm", { algorithm: "" }, "is none of RS256"],
    ["algorithm", { algorithm: "ES384" }, "does not fit"],
    ["algorithm", { algorithm: "RS256" }, "does not fit"],
    [
      "privateKey",
      {
        privateKey: Redacted.make(pairs.ES256.privateKey.export({ format: "pem", type: "pkcs8" }).toString())
      },
      "JWK"
    ],
    ["privateKey", { privateKey: Redacted.make("{}") }, "JWK"],
    ["privateKey", { privateKey: Redacted.make("no JSON") }, "JWK"],
    ["privateKey", { privateKey: Redacted.make(" ") }, "is missing or empty"],
    ["privateKey", { privateKey: Redacted.make(untyped("null")) }, "is missing or empty"]
  ] as const) {
    it.scoped(`${option}: ${inspect({ ...more, privateKey: says }).slice(0, 60)} fails the layer`, () =>
      Effect.gen(function* () {
        const { network } = yield* recorded(() => Effect.succeed(token))
        const key = Redacted.make(plain)
        const error = yield* Effect.flip(connect(network, { ...base, privateKey: key, ...more }))
        assert.deepInclude(error, { _tag: "InvalidOptions", provider: "oauth2", option })
        assert.include(error.message, says)
        assert.isFalse(error.message.includes("BEGIN") || error.message.includes(plain.d ?? "?"))
      })
    )
  }

  it.scoped("a key that cannot sign, from an effect, is Unauthorized in the same words", () =>
    Effect.gen(function* () {
      const pem = pairs.ES256.privateKey.export({ format: "pem", type: "pkcs8" }).toString()
      const { network, requests } = yield* recorded(() => Effect.succeed(token))
      const { manager } = yield* connect(network, { ...base, privateKey: Effect.succeed(Redacted.make(pem)) })
      const error = yield* failure(manager)
      assert.strictEqual(error._tag, "Unauthorized")
      assert.strictEqual(error.message, 'oauth2: "privateKey" is a PEM: give it as a JWK (RFC 7517).')
      assert.deepStrictEqual(yield* requests, [])
    })
  )

  it.scoped("keyId replaces a kid that cannot be one", () =>
    Effect.gen(function* () {
      const privateKey = Redacted.make({ ...plain, kid: untyped("7") })
      assert.deepStrictEqual((yield* assertion({ privateKey, keyId: "k" })).header, {
        alg: "ES256",
        kid: "k"
      })
    })
  )

  it.scoped("a CryptoKey that may not sign, or signs in a way that no JWS has, is refused", () =>
    Effect.gen(function* () {
      const { network } = yield* recorded(() => Effect.succeed(token))
      const pair = yield* Effect.promise(() =>
        crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"])
      )
      const sha1 = yield* generated({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-1", ...rsa(2048) })
      const exchange = yield* Effect.promise(() =>
        crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])
      )
      for (const privateKey of [pair.publicKey, sha1, exchange.privateKey]) {
        const error = yield* Effect.flip(connect(network, { ...base, privateKey }))
        assert.deepInclude(error, { _tag: "InvalidOptions", option: "privateKey" })
        assert.include(error.message, "cannot sign")
      }
    })
  )

  const symmetric = { kty: "oct", k: nonce }
  const publicKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" })
  for (const [name, key] of [
    ["no JSON", Redacted.make(`{"d":"${nonce}`)],
    ["a symmetric key", Redacted.make(symmetric)],
    ["a public key", Redacted.make({ ...publicKey, x5c: [nonce] })],
    ["a key with another algorithm", Redacted.make({ ...jwkOf("ES256"), alg: "RS256" })],
    ["an algorithm that nobody has", Redacted.make({ ...jwkOf("ES256"), alg: "HS256" })]
  ] as const) {
    it.scoped(`R15: ${name} fails the layer, and from an effect the login, without showing it`, () =>
      Effect.gen(function* () {
        const { network } = yield* recorded(() => Effect.succeed(token))
        const atOnce = yield* Effect.flip(connect(network, { ...base, privateKey: key }))
        assert.deepInclude(atOnce, { _tag: "InvalidOptions", option: "privateKey" })
        assert.notInclude(inspect(atOnce), nonce)
        const { manager } = yield* connect(network, { ...base, privateKey: Effect.succeed(key) })
        assert.strictEqual((yield* failure(manager))._tag, "Unauthorized")
      })
    )
  }
})

describe("options that contradict each other fail the layer", () => {
  const secret = { clientSecret: Redacted.make("s") }
  const key = { privateKey: Redacted.make(jwkOf("ES256")) }
  const grant = { refreshToken: Redacted.make("r") }
  for (const [option, given] of [
    ["privateKey", { ...secret, ...key }],
    ["authMethod", { ...secret, authMethod: "private_key_jwt" }],
    ["authMethod", { ...secret, authMethod: "none", ...grant }],
    ["authMethod", { ...key, authMethod: "client_secret_basic" }],
    ["authMethod", { authMethod: "client_secret_post", ...grant }],
    ["clientSecret", {}],
    ["clientSecret", { ...grant, login: true }],
    ["refreshToken", { ...secret, login: false }],
    ["issuer", { ...secret, tokenUrl: undefined }],
    ["issuer", { ...secret, issuer: "http://login.oauth2.example" }],
    ["issuer", { ...secret, issuer: "https://login.oauth2.example?x=1" }],
    ["tokenUrl", { ...secret, tokenUrl: "http://login.oauth2.example/token" }],
    ["tokenUrl", { ...secret, tokenUrl: "https://login.oauth2.example/token#x" }],
    ["revocationUrl", { ...secret, revocationUrl: "/revoke" }],
    ["apiUrl", { ...secret, apiUrl: "http://api.oauth2.example" }],
    ["origins", { ...secret, origins: ["http://api.oauth2.example"] }],
    ["origins", { ...secret, origins: [] }],
    ["account", { ...grant, account: "" }],
    ["assertionAudience", { ...key, assertionAudience: " " }],
    ["account", { ...secret, account: " " }],
    ["refreshToken", { refreshToken: Redacted.make("") }],
    ["defaultLifetime", { ...secret, defaultLifetime: 0 }],
    ["defaultLifetime", { ...secret, defaultLifetime: -1 }],
    ["defaultLifetime", { ...secret, defaultLifetime: Number.NaN }],
    ["defaultLifetime", { ...secret, defaultLifetime: Number.POSITIVE_INFINITY }],
    ["defaultLifetime", { ...secret, defaultLifetime: Duration.infinity }],
    ["defaultLifetime", { ...secret, defaultLifetime: "40000 days" }],
    ["defaultLifetime", { ...secret, defaultLifetime: untyped('"soon"') }],
    ["clientId", { ...secret, clientId: " " }],
    ["parameters", { ...secret, parameters: { grant_type: "password" } }]
  ] as const) {
    it.effect(`${option}: ${Object.keys(given).join(", ") || "nothing"}`, () =>
      Effect.gen(function* () {
        const { network } = yield* recorded(() => Effect.succeed(token))
        const error = yield* Effect.flip(Effect.scoped(connect(network, { ...base, ...given })))
        assert.deepInclude(error, { _tag: "InvalidOptions", provider: "oauth2", option })
      })
    )
  }

  it.effect("each alone is fine", () =>
    Effect.gen(function* () {
      const sandbox = yield* OAuth2Sandbox.make()
      const { network } = yield* recorded(() => Effect.succeed(token))
      for (const given of [secret, key, grant, { ...grant, ...secret, login: true }]) {
        yield* Effect.scoped(connect(network, { ...base, ...given }))
      }
      yield* Effect.scoped(connect(network, { ...options, ...optionsOf(sandbox) }))
    })
  )
})
