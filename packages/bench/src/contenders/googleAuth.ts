import { OAuth2Client } from "google-auth-library"
import { path, sequenceOf, type CallOptions, type Contender } from "../Contender.ts"
import { earlyBy } from "../bases/fetch.ts"

/**
 * https://github.com/googleapis/google-auth-library-nodejs: `OAuth2Client` with a refresh token, which
 * its refreshes share (a `refreshHandler` they do not), `eagerRefreshThresholdMillis` and
 * `forceRefreshOnFailure` of `AuthClientOptions`. It ignores the new refresh token of a rotation.
 */
export const googleAuth: Contender = {
  name: "google-auth-library",
  base: "static-fetch",
  rotates: false,
  cancels: true,
  open: (target) => {
    const client = new OAuth2Client({
      clientId: target.clientId,
      clientSecret: target.clientSecret,
      endpoints: { oauth2TokenUrl: target.tokenUrl },
      eagerRefreshThresholdMillis: earlyBy(target),
      forceRefreshOnFailure: true,
      transporterOptions: { fetchImplementation: target.fetch }
    })
    client.setCredentials({ refresh_token: "kept" })
    const url = `${target.apiUrl}${path}`
    const call = async (options?: CallOptions) => {
      const response = await client.request({
        url,
        validateStatus: () => true,
        ...(options?.id === undefined ? {} : { headers: { "x-call": options.id } }),
        ...(options?.signal === undefined ? {} : { signal: options.signal })
      })
      return response.status
    }
    return Promise.resolve({ call, sequence: sequenceOf(call), close: () => Promise.resolve() })
  }
}
