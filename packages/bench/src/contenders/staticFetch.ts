import type { Contender } from "../Contender.ts"
import { fetchSession } from "../bases/fetch.ts"
import { staticToken } from "../protocol.ts"

export const staticFetch: Contender = {
  name: "static-fetch",
  base: "static-fetch",
  rotates: false,
  cancels: true,
  open: (target) => Promise.resolve(fetchSession(target, () => staticToken))
}
