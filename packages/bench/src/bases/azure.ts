import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type Pipeline
} from "@azure/core-rest-pipeline"
import { path, sequenceOf, type CallOptions, type Session, type Target } from "../Contender.ts"

/** The policy insists on https: it is given what it wants to see, and the request goes to http. */
const overLoopback = (client: HttpClient): HttpClient => ({
  sendRequest: (request) => {
    request.url = request.url.replace("https:", "http:")
    return client.sendRequest(request)
  }
})

/** The pipeline's own Node client, or the target's network in its place. */
const httpClient = (target: Target): HttpClient =>
  target.inProcess
    ? {
        sendRequest: async (request) => {
          const response = await target.fetch(request.url)
          return {
            request,
            status: response.status,
            headers: createHttpHeaders(),
            bodyAsText: await response.text()
          }
        }
      }
    : overLoopback(createDefaultHttpClient())

/** A pipeline with nothing in it but what `prepare` adds. */
export const azureSession = (target: Target, prepare: (pipeline: Pipeline) => void): Session => {
  const pipeline = createEmptyPipeline()
  prepare(pipeline)
  const client = httpClient(target)
  const url = `${target.apiUrl}${path}`.replace("http:", "https:")
  const call = async (options?: CallOptions) => {
    const request = createPipelineRequest({
      url,
      allowInsecureConnection: true,
      ...(options?.signal === undefined ? {} : { abortSignal: options.signal })
    })
    if (options?.id !== undefined) {
      request.headers.set("x-call", options.id)
    }
    const response = await pipeline.sendRequest(client, request)
    return response.status
  }
  return { call, sequence: sequenceOf(call), close: () => Promise.resolve() }
}
