import * as Chunk from "effect/Chunk"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Fault from "../Fault.ts"
import type * as Ledger from "../Ledger.ts"
import type * as Wire from "../Wire.ts"

/** What never changes during the life of a sandbox. */
export interface Setup {
  readonly definition: Wire.Definition
  readonly clientId: string
  readonly nonce: string
}

/** A token that was minted, dead or alive: its end is by the true clock, skew does not move it. */
interface Held {
  readonly number: number
  readonly expiresAt: number
  readonly status: "live" | "spent" | "revoked"
}

interface Queued {
  readonly fault: Fault.Fault
  readonly left: number
}

export interface State {
  readonly clientSecret: Redacted.Redacted<string>
  readonly accessLifetime: number
  readonly refreshLifetime: Option.Option<number>
  /** By how many milliseconds the provider's clock is ahead of the true one. */
  readonly skew: number
  readonly rejectAll: boolean
  readonly faults: { readonly [E in Ledger.Endpoint]: ReadonlyArray<Queued> }
  readonly accessTokens: HashMap.HashMap<string, Held>
  readonly refreshTokens: HashMap.HashMap<string, Held>
  readonly ledger: Chunk.Chunk<Ledger.Entry>
}

export const noFaults: State["faults"] = { login: [], refresh: [], validate: [], api: [] }

export const initial = (
  clientSecret: Redacted.Redacted<string>,
  accessLifetime: number,
  refreshLifetime: Option.Option<number>
): State => ({
  clientSecret,
  accessLifetime,
  refreshLifetime,
  skew: 0,
  rejectAll: false,
  faults: noFaults,
  accessTokens: HashMap.empty(),
  refreshTokens: HashMap.empty(),
  ledger: Chunk.empty()
})

export const record = (state: State, entry: Ledger.Entry): State => ({
  ...state,
  ledger: Chunk.append(state.ledger, entry)
})

export const addFault = (state: State, endpoint: Ledger.Endpoint, fault: Fault.Fault, times: number): State =>
  times < 1
    ? state
    : {
        ...state,
        faults: { ...state.faults, [endpoint]: [...state.faults[endpoint], { fault, left: times }] }
      }

/** The fault of the next answer, and the state without it. */
export const takeFault = (
  state: State,
  endpoint: Ledger.Endpoint
): readonly [fault: Option.Option<Fault.Fault>, next: State] => {
  const [first, ...rest] = state.faults[endpoint]
  if (first === undefined) {
    return [Option.none(), state]
  }
  const queue = first.left > 1 ? [{ ...first, left: first.left - 1 }, ...rest] : rest
  return [Option.some(first.fault), { ...state, faults: { ...state.faults, [endpoint]: queue } }]
}

const name = (setup: Setup, kind: "access" | "refresh", number: number): string =>
  setup.definition.tokenName?.(kind, number, setup.nonce) ??
  `${setup.definition.provider}-${kind}-${number}-${setup.nonce}`

/** A new token of one kind, to be held under its value. */
const create = (
  setup: Setup,
  state: State,
  kind: "access" | "refresh",
  lifetime: number,
  now: number
): readonly [Wire.Token, Held] => {
  const number = HashMap.size(kind === "access" ? state.accessTokens : state.refreshTokens) + 1
  const expiresAt = now + lifetime
  return [
    { value: name(setup, kind, number), number, lifetime, expiresAt: expiresAt + state.skew },
    { number, expiresAt, status: "live" }
  ]
}

/** Mints an access token, and a refresh token if one is wanted and the provider has them. */
export const mint = (
  setup: Setup,
  state: State,
  now: number,
  wantsRefreshToken: boolean
): readonly [Wire.Minted, State] => {
  const [accessToken, heldAccess] = create(setup, state, "access", state.accessLifetime, now)
  const refresh = Option.map(
    Option.filter(state.refreshLifetime, () => wantsRefreshToken),
    (lifetime) => create(setup, state, "refresh", lifetime, now)
  )
  return [
    { accessToken, refreshToken: Option.map(refresh, ([token]) => token) },
    {
      ...state,
      accessTokens: HashMap.set(state.accessTokens, accessToken.value, heldAccess),
      refreshTokens: Option.match(refresh, {
        onNone: () => state.refreshTokens,
        onSome: ([token, held]) => HashMap.set(state.refreshTokens, token.value, held)
      })
    }
  ]
}

/** The refresh token's state after a rotation used it up. */
export const spend = (state: State, refreshToken: string): State => ({
  ...state,
  refreshTokens: HashMap.modify(state.refreshTokens, refreshToken, (held) => ({ ...held, status: "spent" }))
})

const living =
  (status: Held["status"]) =>
  (held: Held): Held =>
    held.status === "live" ? { ...held, status } : held

export const revokeAccessTokens = (state: State): State => ({
  ...state,
  accessTokens: HashMap.map(state.accessTokens, living("revoked"))
})

export const revokeRefreshTokens = (state: State): State => ({
  ...state,
  refreshTokens: HashMap.map(state.refreshTokens, living("revoked"))
})

export const expireRefreshTokens = (state: State, now: number): State => ({
  ...state,
  refreshTokens: HashMap.map(state.refreshTokens, (held) => ({
    ...held,
    expiresAt: Math.min(held.expiresAt, now)
  }))
})

/** A presented token that is no good; `number` if it is one of ours nevertheless. */
interface Flawed {
  readonly number: number | undefined
  readonly rejection: Wire.Rejection
}

/** The number of a good token, or what is wrong with it. */
export type Checked = Either.Either<number, Flawed>

const flawed = (why: Wire.Rejection["why"], number?: number, expiredAt?: number): Checked =>
  Either.left({ number, rejection: { why, expiredAt: Option.fromNullable(expiredAt) } })

const check = (state: State, held: Held, now: number): Checked =>
  held.status !== "live"
    ? flawed(held.status, held.number)
    : now >= held.expiresAt
      ? flawed("expired", held.number, held.expiresAt + state.skew)
      : Either.right(held.number)

export const checkRefreshToken = (state: State, value: string, now: number): Checked =>
  Option.match(HashMap.get(state.refreshTokens, value), {
    onNone: () => flawed("unknown"),
    onSome: (held) => check(state, held, now)
  })

export const checkAccessToken = (state: State, presented: Option.Option<string>, now: number): Checked =>
  Option.match(presented, {
    onNone: () => flawed("missing"),
    onSome: (value) =>
      Option.match(HashMap.get(state.accessTokens, value), {
        onNone: () => flawed("unknown"),
        onSome: (held) => (state.rejectAll ? flawed("refused", held.number) : check(state, held, now))
      })
  })

export const isOurs = (state: State, accessToken: string): boolean =>
  HashMap.has(state.accessTokens, accessToken)
