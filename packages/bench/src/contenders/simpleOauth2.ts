import { ClientCredentials, type AccessToken } from "simple-oauth2"
import type { Contender } from "../Contender.ts"
import { earlyBy, fetchSession } from "../bases/fetch.ts"

/**
 * https://github.com/lelylan/simple-oauth2, "Refresh an access token": `expired(window)` before each
 * use. Client credentials are asked for again, for they have no refresh. One call for all who wait is
 * our addition: its README has none.
 */
export const simpleOauth2: Contender = {
  name: "simple-oauth2",
  base: "static-fetch",
  rotates: false,
  cancels: true,
  open: (target) => {
    const url = new URL(target.tokenUrl)
    const client = new ClientCredentials({
      client: { id: target.clientId, secret: target.clientSecret },
      auth: { tokenHost: url.origin, tokenPath: url.pathname },
      options: { authorizationMethod: "body" }
    })
    let token: AccessToken | undefined
    let pending: Promise<AccessToken> | undefined
    const mint = async () => {
      // Its HTTP client cannot be exchanged for a network in this process.
      token = target.inProcess
        ? client.createToken({ access_token: "in-process", expires_in: target.lifetime / 1000 })
        : await client.getToken({})
      return token
    }
    const window = earlyBy(target) / 1000
    return Promise.resolve(
      fetchSession(target, async () => {
        const current =
          token !== undefined && !token.expired(window)
            ? token
            : await (pending ??= mint().finally(() => {
                pending = undefined
              }))
        return String(current.token["access_token"])
      })
    )
  }
}
