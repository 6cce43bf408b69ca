import * as Effect from "effect/Effect"
import type { Sandbox } from "../Sandbox.ts"

const header = "x-latchkey-exchange"

/** The statuses that a `Response` accepts no body with. */
const bodiless = new Set([101, 204, 205, 304])

/**
 * What is on its way between real clients and sandboxes that listen. Under a clock that stands still
 * this is what tells when it may go on: when every request that has no answer yet has arrived at a
 * sandbox, which waits itself, and nobody is in the middle of reading.
 */
export class Traffic {
  /** Requests without an answer yet, by number. */
  readonly #open = new Set<string>()
  /** Those of them that a sandbox has got and has not answered. */
  readonly #held = new Set<string>()
  #reads = 0
  #last = 0

  get isQuiet(): boolean {
    return this.#reads === 0 && [...this.#open].every((id) => this.#held.has(id))
  }

  /** The sandbox, telling when it holds a request. */
  watch(sandbox: Sandbox): Sandbox {
    return {
      ...sandbox,
      handle: ({ headers: { [header]: id = "", ...headers }, ...request }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => this.#held.add(id)),
          () => sandbox.handle({ ...request, headers }),
          () => Effect.sync(() => this.#held.delete(id))
        )
    }
  }

  /** The real `fetch`, telling what it has sent and what it is reading. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const id = String(++this.#last)
    const headers = new Headers(init?.headers)
    headers.set(header, id)
    this.#open.add(id)
    try {
      const response = await globalThis.fetch(input, { ...init, headers })
      return this.#told(response)
    } finally {
      this.#open.delete(id)
    }
  }

  #told(response: Response): Response {
    if (response.body === null || bodiless.has(response.status)) {
      return response
    }
    const reader = response.body.getReader()
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          this.#reads += 1
          try {
            const { done, value } = await reader.read()
            if (done) {
              controller.close()
            } else {
              controller.enqueue(value)
            }
          } finally {
            this.#reads -= 1
          }
        },
        cancel: (reason) => reader.cancel(reason)
      },
      // Nothing is read that nobody asks for.
      { highWaterMark: 0 }
    )
    return new Response(body, response)
  }
}
