import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import {
  AutopaySandbox,
  PaymentsGateSandbox,
  type Sandbox,
  SuSandbox,
  VaultIstSandbox,
  VaultsPaySandbox,
  type Wire
} from "@latchkey/testing"
import { autopayLogin, type Connection, postJson } from "./world.ts"

export type Called = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

/** How one mint of a provider is asked for, with a secret or with a token set that was issued. */
export interface Driver {
  readonly name: string
  readonly make: Effect.Effect<Sandbox.Sandbox>
  readonly endpoint: "login" | "refresh"
  readonly mint: (
    connection: Connection,
    sandbox: Sandbox.Sandbox,
    issued: Wire.Minted,
    secret?: string
  ) => Called
}

/** A refresh that spends what it presents. */
export interface Rotating {
  readonly name: string
  readonly make: (options?: { readonly revokeOnReuse?: boolean }) => Effect.Effect<Sandbox.Sandbox>
  readonly refresh: (connection: Connection, issued: Wire.Minted) => Called
}

export const refreshTokenOf = ({ refreshToken }: Wire.Minted): string =>
  Option.match(refreshToken, { onNone: () => "", onSome: ({ value }) => value })

const nonce = "n0nce"

export const vaultIst = VaultIstSandbox.make({ nonce })

export const vaultIstRefresh = ({ client, tokenUrl }: Connection, refreshToken: unknown): Called =>
  postJson(client, `${tokenUrl}/v2.0/reference/gettoken`, {
    grant_type: "refresh_token",
    refresh_token: refreshToken
  })

export const su = SuSandbox.make({ nonce })

export const suLogin = (
  { client, tokenUrl }: Connection,
  { credentials }: Sandbox.Sandbox,
  headers: Readonly<Record<string, string>> = {}
): Called =>
  HttpClientRequest.get(`${tokenUrl}/SUAPI/jservice/auth/generate-access-token`).pipe(
    HttpClientRequest.setHeaders({
      "client-id": Encoding.encodeBase64(credentials.clientId),
      "client-secret": Redacted.value(credentials.clientSecret),
      ...headers
    }),
    client.execute
  )

export const paymentsGate = PaymentsGateSandbox.make({ nonce })

export const paymentsGateLogin = (
  { client, tokenUrl }: Connection,
  { credentials }: Sandbox.Sandbox,
  fields: Readonly<Record<string, unknown>> = {}
): Called =>
  postJson(client, `${tokenUrl}/auth/token`, {
    account_id: credentials.clientId,
    public_key: Redacted.value(credentials.clientSecret),
    ...fields
  })

export const paymentsGateRefresh = (
  { client, tokenUrl }: Connection,
  refreshToken: unknown,
  authorization?: string
): Called =>
  HttpClientRequest.post(`${tokenUrl}/auth/token/refresh`).pipe(
    HttpClientRequest.bodyUnsafeJson({ refresh_token: refreshToken }),
    authorization === undefined
      ? (request) => request
      : HttpClientRequest.setHeader("Authorization", authorization),
    client.execute
  )

export const rotating: ReadonlyArray<Rotating> = [
  {
    name: "vault.ist",
    make: (options) => VaultIstSandbox.make({ nonce, ...options }),
    refresh: (connection, issued) => vaultIstRefresh(connection, refreshTokenOf(issued))
  },
  {
    name: "PaymentsGate",
    make: (options) => PaymentsGateSandbox.make({ nonce, ...options }),
    refresh: (connection, issued) =>
      paymentsGateRefresh(connection, refreshTokenOf(issued), `Bearer ${issued.accessToken.value}`)
  }
]

export const drivers: ReadonlyArray<Driver> = [
  {
    name: "a login at Autopay",
    make: AutopaySandbox.make({ nonce }),
    endpoint: "login",
    mint: ({ client, tokenUrl }, sandbox, _, secret) => {
      const login = autopayLogin(sandbox)
      return postJson(client, `${tokenUrl}/oauth/token`, {
        ...login,
        client_secret: secret ?? login.client_secret
      })
    }
  },
  {
    name: "a login at VaultsPay",
    make: VaultsPaySandbox.make({ nonce }),
    endpoint: "login",
    mint: ({ client, tokenUrl }, { credentials }, _, secret) =>
      postJson(client, `${tokenUrl}/as/api/v1/saas-login`, {
        clientId: credentials.clientId,
        clientSecret: secret ?? Redacted.value(credentials.clientSecret)
      })
  },
  {
    name: "a refresh at VaultsPay",
    make: VaultsPaySandbox.make({ nonce }),
    endpoint: "refresh",
    mint: ({ client, tokenUrl }, _, issued) =>
      postJson(client, `${tokenUrl}/as/api/v1/saas-refresh-token`, { refreshToken: refreshTokenOf(issued) })
  },
  {
    name: "a login at Su",
    make: su,
    endpoint: "login",
    mint: (connection, sandbox, _, secret) =>
      suLogin(connection, sandbox, secret === undefined ? {} : { "client-secret": secret })
  },
  {
    name: "a login at PaymentsGate",
    make: paymentsGate,
    endpoint: "login",
    mint: (connection, sandbox, _, secret) =>
      paymentsGateLogin(connection, sandbox, secret === undefined ? {} : { public_key: secret })
  },
  ...rotating.map(({ make, name, refresh }): Driver => ({
    name: `a refresh at ${name}`,
    make: make(),
    endpoint: "refresh",
    mint: (connection, _, issued) => refresh(connection, issued)
  }))
]
