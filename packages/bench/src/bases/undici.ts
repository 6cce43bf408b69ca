import { Agent, Dispatcher, request } from "undici"
import { path, sequenceOf, type CallOptions, type Session, type Target } from "../Contender.ts"

const body = Buffer.from('{"ok":true}')
const rawHeaders = [Buffer.from("content-type"), Buffer.from("application/json")]
const controller = {
  aborted: false,
  paused: false,
  reason: null,
  rawHeaders: [],
  rawTrailers: [],
  abort: () => {},
  pause: () => {},
  resume: () => {}
}

/** Answers at once, in this process; `request` still has a handler of the older kind. */
class Here extends Dispatcher {
  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    queueMicrotask(() => {
      if (handler.onRequestStart === undefined) {
        handler.onConnect?.(() => {})
        handler.onHeaders?.(200, rawHeaders, () => {}, "OK")
        handler.onData?.(body)
        handler.onComplete?.([])
      } else {
        handler.onRequestStart(controller, undefined)
        handler.onResponseStart?.(controller, 200, { "content-type": "application/json" }, "OK")
        handler.onResponseData?.(controller, body)
        handler.onResponseEnd?.(controller, {})
      }
    })
    return true
  }
}

export const undiciSession = (
  target: Target,
  headers: Record<string, string>,
  interceptor?: Dispatcher.DispatcherComposeInterceptor
): Session => {
  const base = target.inProcess ? new Here() : new Agent({ connections: null })
  const dispatcher = interceptor === undefined ? base : base.compose(interceptor)
  const url = `${target.apiUrl}${path}`
  const call = async (options?: CallOptions) => {
    const response = await request(url, {
      dispatcher,
      headers: options?.id === undefined ? { ...headers } : { ...headers, "x-call": options.id },
      ...(options?.signal === undefined ? {} : { signal: options.signal })
    })
    await response.body.text()
    return response.statusCode
  }
  return {
    call,
    sequence: sequenceOf(call),
    close: () => (base instanceof Agent ? base.close() : Promise.resolve())
  }
}
