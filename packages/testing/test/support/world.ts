import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { AutopaySandbox, Loopback, MemoryClient, type Sandbox } from "@latchkey/testing"
import { settledNetwork } from "../../src/internal/settledNetwork.ts"

/** A way to reach a sandbox: the same tests run in both worlds. */
export interface World {
  readonly name: string
  readonly connect: (sandbox: Sandbox.Sandbox) => Effect.Effect<Connection, never, Scope.Scope>
}

export interface Connection {
  readonly client: HttpClient.HttpClient
  readonly tokenUrl: string
  readonly apiUrl: string
}

export const memory: World = {
  name: "in memory",
  connect: (sandbox) =>
    Effect.succeed({
      client: MemoryClient.client([sandbox]),
      tokenUrl: sandbox.tokenOrigin,
      apiUrl: sandbox.apiOrigin
    })
}

export const loopback: World = {
  name: "on loopback",
  connect: (sandbox) =>
    Effect.gen(function* () {
      const { client, watch } = yield* settledNetwork
      const { url } = yield* Loopback.serve(watch(sandbox))
      return {
        client: HttpClient.transform(
          client,
          Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
        ),
        tokenUrl: url,
        apiUrl: url
      }
    })
}

export const worlds = [memory, loopback]

/** One turn of the event loop: what sockets need to get on, under a clock that stands still. */
const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** Waits until a sandbox has seen so much. */
export const seen = (sandbox: Sandbox.Sandbox, entries: number): Effect.Effect<void> =>
  turn.pipe(
    Effect.zipRight(sandbox.ledger),
    Effect.repeat({ until: (ledger) => ledger.length >= entries }),
    Effect.asVoid
  )

export const autopay = AutopaySandbox.make({ nonce: "n0nce" })

/** A correct login at Autopay, to be broken field by field. */
export const autopayLogin = (sandbox: Sandbox.Sandbox) => ({
  client_id: sandbox.credentials.clientId,
  client_secret: Redacted.value(sandbox.credentials.clientSecret),
  audience: "https://api.autopay.io",
  grant_type: "client_credentials"
})

export const postJson = (
  client: HttpClient.HttpClient,
  url: string,
  body: unknown
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  client.execute(HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(url), body))

export const logInToAutopay = ({ client, tokenUrl }: Connection, sandbox: Sandbox.Sandbox) =>
  postJson(client, `${tokenUrl}/oauth/token`, autopayLogin(sandbox))

export const getWith = (
  client: HttpClient.HttpClient,
  url: string,
  token: string
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  client.execute(HttpClientRequest.bearerToken(HttpClientRequest.get(url), token))

/** The first `code` in a chain of causes: `ECONNRESET`. */
export const codeOf = (error: unknown): unknown =>
  Predicate.hasProperty(error, "code")
    ? error.code
    : Predicate.hasProperty(error, "cause")
      ? codeOf(error.cause)
      : undefined
