import type { Contender } from "../Contender.ts"
import { undiciSession } from "../bases/undici.ts"
import { staticToken } from "../protocol.ts"

export const staticUndici: Contender = {
  name: "static-undici",
  base: "static-undici",
  rotates: false,
  cancels: true,
  open: (target) => Promise.resolve(undiciSession(target, { authorization: `Bearer ${staticToken}` }))
}
