/**
 * What a sandbox has seen, entry by entry, and how to count it.
 *
 * A ledger holds what arrived as it arrived, tokens included: it is for assertions, not for logs.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Fault from "./Fault.ts"

/**
 * What a request was for: a token endpoint, what a standard server has beside it (its metadata, RFC 8414, and
 * its revocation endpoint, RFC 7009), or the API that the tokens protect.
 *
 * @since 0.1.0
 * @category models
 */
export type Endpoint = "login" | "refresh" | "validate" | "discovery" | "revocation" | "api"

/**
 * One thing that happened at a sandbox; `at` is epoch milliseconds by Effect's `Clock`.
 *
 * - `Login`, `Refresh`: a mint. `tokenNumber` is the number in the name of the access token it
 *   brought, `refreshTokenNumber` that of the refresh token it brought, if any; `presented` is the
 *   number of the refresh token that paid for it.
 * - `Issued`: a token set made by `sandbox.issue`, not by a call. No mint.
 * - `Reuse`: a refresh token that a rotation had spent was presented again. A `Refused` follows, and
 *   where the provider has it so, the grant was revoked.
 * - `Refused`: a token endpoint handled a request and said no: wrong credentials, a bad refresh
 *   token, a violation of the wire format.
 * - `Validated`: the provider was asked about an access token, and said that it is good.
 * - `Discovered`: the metadata of a server was read.
 * - `Revoked`: a token was revoked on demand, and with a refresh token its grant; `kind` and `number` are
 *   missing if the token was not ours. `Refused` where the client was not accepted.
 * - `Request`: a call of the API arrived. `accepted`: its token was good, whatever the answer.
 *   `status` is missing if it was never answered; `tokenNumber` is missing if the token was not ours.
 * - `Faulted`: a fault was used up. Comes before the entry of what was handled, if anything was.
 * - `NotFound`: an origin of the sandbox was called at a path that it does not serve.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = Data.TaggedEnum<{
  Login: {
    readonly at: number
    readonly tokenNumber: number
    readonly refreshTokenNumber?: number | undefined
  }
  Refresh: {
    readonly at: number
    readonly presented: number
    readonly tokenNumber: number
    readonly refreshTokenNumber?: number | undefined
  }
  Issued: {
    readonly at: number
    readonly tokenNumber: number
    readonly refreshTokenNumber?: number | undefined
  }
  Reuse: { readonly at: number; readonly refreshTokenNumber: number }
  Refused: {
    readonly at: number
    readonly endpoint: Exclude<Endpoint, "api">
    readonly status: number
    readonly why: string
  }
  Validated: { readonly at: number; readonly tokenNumber: number }
  Discovered: { readonly at: number; readonly path: string }
  Revoked: {
    readonly at: number
    readonly kind?: "access" | "refresh" | undefined
    readonly number?: number | undefined
  }
  Request: {
    readonly at: number
    readonly method: string
    /** With its query, as it arrived. */
    readonly path: string
    /** Names in lower case. */
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
    readonly accepted: boolean
    readonly tokenNumber?: number | undefined
    readonly status?: number | undefined
  }
  Faulted: { readonly at: number; readonly endpoint: Endpoint; readonly fault: Fault.Fault["_tag"] }
  NotFound: {
    readonly at: number
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
  }
}>

/**
 * All that a sandbox has seen, oldest first.
 *
 * @since 0.1.0
 * @category models
 */
export type Ledger = ReadonlyArray<Entry>

const entry = Data.taggedEnum<Entry>()

/**
 * The constructors of {@link Entry}, by tag.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Entry = entry

/**
 * The entries of one tag, oldest first: `Ledger.entries(ledger, "Request")`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const entries = <Tag extends Entry["_tag"]>(
  ledger: Ledger,
  tag: Tag
): ReadonlyArray<Extract<Entry, { readonly _tag: Tag }>> => ledger.filter(entry.$is(tag))

/**
 * How often what happened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  readonly logins: number
  readonly refreshes: number
  /** Logins and refreshes: every token set that a call brought into the world, lost answers included. */
  readonly mints: number
  /** Spent refresh tokens that were presented again. */
  readonly reuses: number
  /** Refusals by a token endpoint that was not faulted. */
  readonly refusals: number
  /** Calls of the API, whatever became of them. */
  readonly requests: number
  /** Calls of the API answered with 401 for their token's sake. */
  readonly rejections: number
  readonly faults: number
}

/**
 * Counts a ledger.
 *
 * @since 0.1.0
 * @category accessors
 */
export const count = (ledger: Ledger): Counts => {
  const of = (tag: Entry["_tag"]) => ledger.filter((entry) => entry._tag === tag).length
  const logins = of("Login")
  const refreshes = of("Refresh")
  return {
    logins,
    refreshes,
    mints: logins + refreshes,
    reuses: of("Reuse"),
    refusals: of("Refused"),
    requests: of("Request"),
    rejections: entries(ledger, "Request").filter((request) => !request.accepted && request.status === 401)
      .length,
    faults: of("Faulted")
  }
}
