import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"
import { path, sequenceOf, type CallOptions, type Contender } from "../Contender.ts"
import { finish, initOf } from "../bases/fetch.ts"

/**
 * https://github.com/badgateway/oauth2-client, "Fetch Wrapper": `OAuth2Fetch` with `getNewToken`; its
 * middleware, so that the network can be exchanged. It refreshes ahead only tokens that live for more
 * than two minutes and came with a refresh token; there is no option for it.
 */
export const badgateway: Contender = {
  name: "@badgateway/oauth2-client",
  base: "static-fetch",
  rotates: true,
  cancels: true,
  open: (target) => {
    const client = new OAuth2Client({
      clientId: target.clientId,
      clientSecret: target.clientSecret,
      tokenEndpoint: target.tokenUrl,
      authenticationMethod: "client_secret_post",
      fetch: target.fetch
    })
    const { refreshToken } = target
    let first = refreshToken
    const wrapper = new OAuth2Fetch({
      client,
      getNewToken: () => {
        if (refreshToken === undefined) {
          return client.clientCredentials()
        }
        const stored = first
        first = undefined
        return stored === undefined
          ? null
          : client.refreshToken({ accessToken: "", refreshToken: stored, expiresAt: null })
      }
    })
    const middleware = wrapper.mw()
    const url = `${target.apiUrl}${path}`
    const call = async (options?: CallOptions) =>
      finish(
        await middleware(new Request(url, initOf({}, options)), (request) =>
          // A `Request` of an interrupted call stays bound to its signal.
          target.fetch(request)
        )
      )
    return Promise.resolve({ call, sequence: sequenceOf(call), close: () => Promise.resolve() })
  }
}
