import { bearerTokenAuthenticationPolicy } from "@azure/core-rest-pipeline"
import type { Contender } from "../Contender.ts"
import { azureSession } from "../bases/azure.ts"
import { mint } from "../bases/fetch.ts"

/**
 * https://learn.microsoft.com/javascript/api/@azure/core-rest-pipeline: the policy
 * `bearerTokenAuthenticationPolicy` over a `TokenCredential`. Its windows are fixed: it refreshes in
 * the background from 2 minutes before expiry on, and waits from 1 second before.
 */
export const azurePipeline: Contender = {
  name: "@azure/core-rest-pipeline",
  base: "static-azure",
  rotates: false,
  cancels: true,
  open: (target) =>
    Promise.resolve(
      azureSession(target, (pipeline) =>
        pipeline.addPolicy(
          bearerTokenAuthenticationPolicy({
            scopes: "permits",
            credential: {
              getToken: async () => {
                const { accessToken, expiresAt } = await mint(target)
                return { token: accessToken, expiresOnTimestamp: expiresAt }
              }
            }
          })
        )
      )
    )
}
