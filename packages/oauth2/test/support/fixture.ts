import type * as AuthError from "@latchkey/core/AuthError"
import * as TokenManager from "@latchkey/core/TokenManager"
import { MemoryClient, type OAuth2Sandbox, type Sandbox, type Wire } from "@latchkey/testing"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { inspect } from "node:util"
import * as OAuth2 from "../../src/OAuth2.ts"

/** Stands in every secret: search for it where no secret may be. */
export const nonce = "n0nce"

export const tokenUrl = "https://login.oauth2.example/oauth2/token"
export const issuer = "https://login.oauth2.example"
export const apiUrl = "https://api.oauth2.example"

/** What a server of one's own is asked at. */
export const options = {
  tokenUrl,
  apiUrl,
  clientId: "me",
  clientSecret: Redacted.make(`secret-${nonce}`)
} satisfies OAuth2.Options

/** The options that a sandbox goes with. */
export const optionsOf = ({ apiOrigin, credentials, tokenOrigin }: Sandbox.Sandbox): OAuth2.Options => ({
  issuer: tokenOrigin,
  apiUrl: apiOrigin,
  clientId: credentials.clientId,
  clientSecret: credentials.clientSecret
})

export const refreshTokenOf = ({ refreshToken }: Wire.Minted): Redacted.Redacted<string> =>
  Redacted.make(Option.getOrThrow(refreshToken).value)

/** A manager and its typed client, over a network. */
export const connect = Effect.fnUntraced(function* (
  network: HttpClient.HttpClient,
  { policy, ...options }: OAuth2.LayerOptions,
  store?: TokenStore.Service
) {
  const base = Layer.succeed(HttpClient.HttpClient, network)
  const made = Effect.flatMap(OAuth2.make(options), (flow) => TokenManager.make(flow, { policy }))
  const manager = yield* (
    store === undefined ? made : Effect.provideService(made, TokenStore.TokenStore, store)
  ).pipe(Effect.provide(base))
  const client = yield* Effect.provide(AuthHttpClient.make(manager), base)
  return { manager, client, status: Effect.map(client.get("/v1/things"), ({ status }) => status) }
})

/** A sandbox, and the manager and client that {@link connect} makes of it. */
export const setup = Effect.fnUntraced(function* (
  sandboxOptions: OAuth2Sandbox.Options & { readonly make: typeof OAuth2Sandbox.make },
  options: Partial<OAuth2.LayerOptions> = {}
) {
  const { make, ...rest } = sandboxOptions
  const sandbox = yield* make({ nonce, ...rest })
  const network = MemoryClient.client([sandbox])
  return { sandbox, network, ...(yield* connect(network, { ...optionsOf(sandbox), ...options })) }
})

export type Handler = (request: Wire.SandboxRequest) => Effect.Effect<Wire.SandboxResponse>

/** A server of one's own: what it answers, and what it was asked. */
export const recorded = (handle: Handler) =>
  Effect.map(Ref.make<ReadonlyArray<Wire.SandboxRequest>>([]), (seen) => ({
    network: MemoryClient.client([], {
      elsewhere: (request) =>
        Effect.zipRight(
          Ref.update(seen, (all) => [...all, request]),
          handle(request)
        )
    }),
    requests: Ref.get(seen)
  }))

/** The fields of a form that was sent. */
export const formOf = ({ body }: Wire.SandboxRequest): URLSearchParams =>
  new URLSearchParams(new TextDecoder().decode(body))

/** R15: no secret on any surface of an error. */
export const assertNoSecret = (error: AuthError.AuthError): void => {
  for (const text of [
    String(error),
    String(error.stack),
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
    Cause.pretty(Cause.fail(error), { renderErrorCause: true })
  ]) {
    assert.notInclude(text, nonce)
  }
}

/** The error that getting a token fails with, after all retries: none may show a secret (R15). */
export const failure = (manager: TokenManager.TokenManager) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(Effect.flip(manager.get))
    yield* TestClock.adjust("20 seconds")
    const error = yield* Fiber.join(fiber)
    assertNoSecret(error)
    return error
  })

/** What became of an effect, in one word. */
export const outcome = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
  Effect.map(Effect.either(effect), Either.match({ onLeft: (error) => error._tag, onRight: () => "success" }))
