import { createOidcInterceptor } from "undici-oidc-interceptor"
import type { Contender } from "../Contender.ts"
import { undiciSession } from "../bases/undici.ts"
import { mint } from "../bases/fetch.ts"

/**
 * https://github.com/mcollina/undici-oidc-interceptor, README. It reads `exp` of a JWT, refreshes in
 * the background in the last 30 seconds and waits in the last 10; neither can be set. It ignores the
 * new refresh token of a rotation.
 */
export const undiciOidc: Contender = {
  name: "undici-oidc-interceptor",
  base: "static-undici",
  rotates: false,
  cancels: true,
  open: async (target) =>
    undiciSession(
      target,
      {},
      createOidcInterceptor({
        idpTokenUrl: target.tokenUrl,
        clientId: target.clientId,
        clientSecret: target.clientSecret,
        retryOnStatusCodes: [401],
        urls: [new URL(target.apiUrl).origin],
        // Its token call cannot be exchanged for a network in this process: it starts with a token.
        ...(target.inProcess ? { accessToken: (await mint(target)).accessToken } : {})
      })
    )
}
