import { createAuthRefresh } from "axios-auth-refresh"
import type { Contender } from "../Contender.ts"
import { axiosSession, makeAxios } from "../bases/axios.ts"
import { mint } from "../bases/fetch.ts"

/**
 * https://github.com/Flyrell/axios-auth-refresh, README: an interceptor refreshes on a 401 and sends
 * once more; a request interceptor puts the token on. It knows no lifetimes, so that each expiry costs
 * a 401; there is nothing to set for it.
 */
export const axiosAuthRefresh: Contender = {
  name: "axios-auth-refresh",
  base: "static-axios",
  rotates: false,
  cancels: true,
  open: (target) => {
    const client = makeAxios(target)
    let token = "none"
    client.interceptors.request.use((request) => {
      request.headers.set("Authorization", `Bearer ${token}`)
      return request
    })
    // @ts-expect-error It sees axios through its CommonJS types, which are the same and yet others.
    createAuthRefresh(client, async () => {
      token = (await mint(target)).accessToken
    })
    return Promise.resolve(axiosSession(client))
  }
}
