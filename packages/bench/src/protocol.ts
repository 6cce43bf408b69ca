/** How a realm of the server behaves. Times are in milliseconds. */
export interface Realm {
  readonly lifetime: number
  readonly tokenDelay: number
  readonly apiDelay: number
  /** Refresh tokens only, each of them good for one refresh. */
  readonly rotates: boolean
}

/** What a realm has seen. */
export interface Ledger {
  /** Calls of the token endpoint, whatever became of them. */
  readonly mints: number
  /** Those that were refused because the token endpoint was down. */
  readonly refused: number
  /** Refreshes with a refresh token that was spent. */
  readonly reuses: number
  readonly calls: number
  /** Those that arrived while the token endpoint was about to answer: from who did not wait for it. */
  readonly callsDuringMints: number
  /** Calls that were rejected. */
  readonly rejected: number
  /** How often the call that was sent most often was sent. */
  readonly mostSends: number
}

export const firstRefreshToken = "refresh-0"
export const clientId = "bench"
export const clientSecret = "bench-secret"
/** As long as the tokens of a provider are: a header of its length is part of what a request costs. */
export const staticToken = `static${"-".repeat(164)}`
