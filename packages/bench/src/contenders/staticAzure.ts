import type { Contender } from "../Contender.ts"
import { azureSession } from "../bases/azure.ts"
import { staticToken } from "../protocol.ts"

export const staticAzure: Contender = {
  name: "static-azure",
  base: "static-azure",
  rotates: false,
  cancels: true,
  open: (target) =>
    Promise.resolve(
      azureSession(target, (pipeline) =>
        pipeline.addPolicy({
          name: "static",
          sendRequest: (request, next) => {
            request.headers.set("authorization", `Bearer ${staticToken}`)
            return next(request)
          }
        })
      )
    )
}
