import { create, isAxiosError, type AxiosInstance } from "axios"
import { path, sequenceOf, type CallOptions, type Session, type Target } from "../Contender.ts"

/** axios with its own Node adapter, or over the network in this process. */
export const makeAxios = (target: Target): AxiosInstance =>
  create({
    baseURL: target.apiUrl,
    ...(target.inProcess
      ? {
          adapter: async (config) => {
            const response = await target.fetch(`${config.baseURL ?? ""}${config.url ?? ""}`)
            const data = await response.text()
            return { data, status: response.status, statusText: "", headers: {}, config }
          }
        }
      : {})
  })

export const axiosSession = (client: AxiosInstance): Session => {
  const call = async (options?: CallOptions) => {
    try {
      const response = await client.get(path, {
        ...(options?.id === undefined ? {} : { headers: { "x-call": options.id } }),
        ...(options?.signal === undefined ? {} : { signal: options.signal })
      })
      return response.status
    } catch (error) {
      if (isAxiosError(error) && error.response !== undefined) {
        return error.response.status
      }
      throw error
    }
  }
  return { call, sequence: sequenceOf(call), close: () => Promise.resolve() }
}
