import type { Contender } from "../Contender.ts"
import { axiosSession, makeAxios } from "../bases/axios.ts"
import { staticToken } from "../protocol.ts"

export const staticAxios: Contender = {
  name: "static-axios",
  base: "static-axios",
  rotates: false,
  cancels: true,
  open: (target) => {
    const client = makeAxios(target)
    client.defaults.headers.common["Authorization"] = `Bearer ${staticToken}`
    return Promise.resolve(axiosSession(client))
  }
}
