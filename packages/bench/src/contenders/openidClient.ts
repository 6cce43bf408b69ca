import * as client from "openid-client"
import { path, sequenceOf, type CallOptions, type Contender } from "../Contender.ts"
import { earlyBy, finish } from "../bases/fetch.ts"

/**
 * https://github.com/panva/openid-client: `clientCredentialsGrant`, `refreshTokenGrant` and
 * `fetchProtectedResource`. When to mint is left to its user: here shortly before `expiresIn()` ends,
 * one call for all who wait. A call cannot be given up on.
 */
export const openidClient: Contender = {
  name: "openid-client",
  base: "static-fetch",
  rotates: true,
  cancels: false,
  open: (target) => {
    const issuer = new URL(target.tokenUrl).origin
    const config = new client.Configuration(
      { issuer, token_endpoint: target.tokenUrl },
      target.clientId,
      target.clientSecret
    )
    client.allowInsecureRequests(config)
    config[client.customFetch] = (url, options) =>
      target.fetch(url, {
        method: options.method,
        headers: options.headers,
        redirect: options.redirect,
        signal: options.signal ?? null,
        body: options.body instanceof URLSearchParams ? options.body : null
      })
    let refreshToken = target.refreshToken
    let token: { readonly value: string; readonly refreshAt: number } | undefined
    let pending: Promise<string> | undefined
    const mint = async () => {
      const answer =
        refreshToken === undefined
          ? await client.clientCredentialsGrant(config)
          : await client.refreshTokenGrant(config, refreshToken)
      refreshToken = answer.refresh_token ?? refreshToken
      token = {
        value: answer.access_token,
        refreshAt: Date.now() + (answer.expiresIn() ?? 0) * 1000 - earlyBy(target)
      }
      return answer.access_token
    }
    const get = () =>
      token !== undefined && token.refreshAt > Date.now()
        ? token.value
        : (pending ??= mint().finally(() => {
            pending = undefined
          }))
    const url = new URL(`${target.apiUrl}${path}`)
    const call = async (options?: CallOptions) => {
      const headers = new Headers(options?.id === undefined ? {} : { "x-call": options.id })
      return finish(await client.fetchProtectedResource(config, await get(), url, "GET", null, headers))
    }
    return Promise.resolve({ call, sequence: sequenceOf(call), close: () => Promise.resolve() })
  }
}
