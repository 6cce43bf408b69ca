import {
  createIsIdentityExpiredFunction,
  doesIdentityRequireRefresh,
  memoizeIdentityProvider
} from "@smithy/core"
import type { Contender } from "../Contender.ts"
import { earlyBy, fetchSession, mint } from "../bases/fetch.ts"

/**
 * https://github.com/smithy-lang/smithy-typescript: `memoizeIdentityProvider`, as the AWS clients use
 * it for their tokens, with `createIsIdentityExpiredFunction` for the early refresh. It keeps the
 * token; the request and what follows from a 401 are the client's, here a plain `fetch`.
 */
export const smithy: Contender = {
  name: "@smithy/core",
  base: "static-fetch",
  rotates: false,
  cancels: true,
  open: (target) => {
    const provider = memoizeIdentityProvider(
      async () => {
        const { accessToken, expiresAt } = await mint(target)
        return { token: accessToken, expiration: new Date(expiresAt) }
      },
      createIsIdentityExpiredFunction(earlyBy(target)),
      doesIdentityRequireRefresh
    )
    if (provider === undefined) {
      throw new Error("the provider was given")
    }
    return Promise.resolve(fetchSession(target, async () => (await provider()).token))
  }
}
