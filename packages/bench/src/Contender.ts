/** What a contender is pointed at: one token endpoint and one API, over loopback or in this process. */
export interface Target {
  /** Relative to it, `/v1/permits` is the protected resource. */
  readonly apiUrl: string
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Where it is set, the grant is a rotating refresh token, and there is no login. */
  readonly refreshToken: string | undefined
  /** The lifetime of tokens in milliseconds: for the peers whose early refresh is an option. */
  readonly lifetime: number
  /** The network: `globalThis.fetch`, or one that answers in this process. */
  readonly fetch: typeof globalThis.fetch
  /** Whether `fetch` answers in this process: for base clients that are not built on `fetch`. */
  readonly inProcess: boolean
}

export interface CallOptions {
  /** Sent as `x-call`: how the server knows one call that is sent twice. */
  readonly id?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** One authenticated client. */
export interface Session {
  /** One call of the API, its body read to the end; the status. */
  readonly call: (options?: CallOptions) => Promise<number>
  /** As many calls, one after the other, the way a program of this client makes them. */
  readonly sequence: (calls: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** The clients with a header that never changes: what a contender is compared to. */
type Base = "static-effect" | "static-fetch" | "static-axios" | "static-azure" | "static-undici"

export interface Contender {
  readonly name: string
  /** The same client with a static header. */
  readonly base: Base
  /** Whether it can live on a rotating refresh token. */
  readonly rotates: boolean
  /** Whether it can be given up on in the middle: an `AbortSignal`, or an interruption. */
  readonly cancels: boolean
  readonly open: (target: Target) => Promise<Session>
  /** Many sessions built by one program, where that is another thing than building them one by one. */
  readonly openMany?: ((targets: ReadonlyArray<Target>) => Promise<ReadonlyArray<Session>>) | undefined
}

export const path = "/v1/permits"

/** The sequence of a client that is made of promises. */
export const sequenceOf =
  (call: () => Promise<number>): Session["sequence"] =>
  async (calls) => {
    for (let done = 0; done < calls; done++) {
      const status = await call()
      if (status !== 200) {
        throw new Error(`status ${status}`)
      }
    }
  }
