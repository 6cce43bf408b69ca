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

/** A token that was minted, dead or alive. */
export interface Held {
  readonly value: string
  readonly number: number
  /** By the true clock, which skew does not move. What is spent or revoked ended with that. */
  readonly endsAt: number
  readonly status: "live" | "spent" | "revoked"
  /** All that descends from one login or one issue: the number of its first access token. */
  readonly grant: number
}

interface HeldAccess extends Held {
  /** The number of the refresh token that it came with, or of the one that paid for it and was kept. */
  readonly goesWith: Option.Option<number>
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
  readonly accessTokens: HashMap.HashMap<string, HeldAccess>
  readonly refreshTokens: HashMap.HashMap<string, Held>
  readonly ledger: Chunk.Chunk<Ledger.Entry>
}

export const noFaults: State["faults"] = {
  login: [],
  refresh: [],
  validate: [],
  discovery: [],
  revocation: [],
  api: []
}

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

/** A new token of one kind, and how it is held. */
const create = (
  setup: Setup,
  state: State,
  kind: "access" | "refresh",
  { grant, lifetime, now }: { readonly grant: number; readonly lifetime: number; readonly now: number }
): readonly [Wire.Token, Held] => {
  const number = HashMap.size(kind === "access" ? state.accessTokens : state.refreshTokens) + 1
  const value = name(setup, kind, number)
  const endsAt = now + lifetime
  return [
    { value, number, lifetime, expiresAt: endsAt + state.skew },
    { value, number, endsAt, status: "live", grant }
  ]
}

const hold = <H extends Held>(tokens: HashMap.HashMap<string, H>, held: H): HashMap.HashMap<string, H> =>
  HashMap.set(tokens, held.value, held)

/** A dead token stays as dead as it was. */
const end = <H extends Held>(held: H, status: Held["status"], now: number): H =>
  held.status === "live" ? { ...held, status, endsAt: Math.min(held.endsAt, now) } : held

/**
 * Mints: a new grant, or the next token set of the grant that this refresh token belongs to, which is
 * then spent or kept, as the provider has it. What is kept is not brought again.
 */
export const mint = (
  setup: Setup,
  state: State,
  now: number,
  presented: Option.Option<Held>
): readonly [Wire.Minted, State] => {
  const { rotates = false } = setup.definition
  const grant = Option.match(presented, {
    onNone: () => HashMap.size(state.accessTokens) + 1,
    onSome: (held) => held.grant
  })
  const [spent, kept] = rotates ? [presented, Option.none()] : [Option.none(), presented]
  const [accessToken, access] = create(setup, state, "access", {
    grant,
    lifetime: state.accessLifetime,
    now
  })
  const brought = Option.map(
    Option.filter(state.refreshLifetime, () => Option.isNone(kept)),
    (lifetime) => create(setup, state, "refresh", { grant, lifetime, now })
  )
  const current = Option.orElse(kept, () => Option.map(brought, ([, held]) => held))
  const held = [
    ...Option.toArray(Option.map(spent, (held) => end(held, "spent", now))),
    ...Option.toArray(Option.map(brought, ([, held]) => held))
  ]
  return [
    { accessToken, refreshToken: Option.map(brought, ([token]) => token) },
    {
      ...state,
      accessTokens: hold(state.accessTokens, {
        ...access,
        goesWith: Option.map(current, ({ number }) => number)
      }),
      refreshTokens: held.reduce(hold, state.refreshTokens)
    }
  ]
}

const revoked =
  (now: number, isMeant: (held: Held) => boolean = () => true) =>
  <H extends Held>(held: H): H =>
    isMeant(held) ? end(held, "revoked", now) : held

export const revokeAccessTokens = (state: State, now: number): State => ({
  ...state,
  accessTokens: HashMap.map(state.accessTokens, revoked(now))
})

export const revokeRefreshTokens = (state: State, now: number): State => ({
  ...state,
  refreshTokens: HashMap.map(state.refreshTokens, revoked(now))
})

export const revokeGrant = (state: State, grant: number, now: number): State => {
  const revoke = revoked(now, (held) => held.grant === grant)
  return {
    ...state,
    accessTokens: HashMap.map(state.accessTokens, revoke),
    refreshTokens: HashMap.map(state.refreshTokens, revoke)
  }
}

/** One token, and with a refresh token all of its grant (RFC 7009, section 2.1). */
export const revokeToken = (
  state: State,
  value: string,
  now: number
): {
  readonly next: State
  readonly revoked: { readonly kind?: "access" | "refresh"; readonly number?: number }
} => {
  const refresh = HashMap.get(state.refreshTokens, value)
  if (Option.isSome(refresh)) {
    const { grant, number } = refresh.value
    return { next: revokeGrant(state, grant, now), revoked: { kind: "refresh", number } }
  }
  const access = HashMap.get(state.accessTokens, value)
  return Option.match(access, {
    onNone: () => ({ next: state, revoked: {} }),
    onSome: (held) => ({
      next: { ...state, accessTokens: hold(state.accessTokens, end(held, "revoked", now)) },
      revoked: { kind: "access", number: held.number }
    })
  })
}

export const expireRefreshTokens = (state: State, now: number): State => ({
  ...state,
  refreshTokens: HashMap.map(state.refreshTokens, (held) => ({
    ...held,
    endsAt: Math.min(held.endsAt, now)
  }))
})

/** A presented token that is no good; `held` if it is one of ours nevertheless. */
interface Flawed {
  readonly held: Option.Option<Held>
  readonly rejection: Wire.Rejection
}

/** A good token, or what is wrong with it. */
export type Checked = Either.Either<Held, Flawed>

/** A rejection in the provider's time. */
export const rejection = (
  state: State,
  now: number,
  why: Wire.Rejection["why"],
  endedAt: Option.Option<number> = Option.none()
): Wire.Rejection => ({
  why,
  at: now + state.skew,
  endedAt: Option.map(endedAt, (at) => at + state.skew)
})

const stranger = (state: State, now: number, why: "missing" | "unknown"): Checked =>
  Either.left({ held: Option.none(), rejection: rejection(state, now, why) })

const check = (state: State, held: Held, now: number): Checked => {
  const flawed = (why: Wire.Rejection["why"], endedAt: Option.Option<number>): Checked =>
    Either.left({ held: Option.some(held), rejection: rejection(state, now, why, endedAt) })
  if (held.status !== "live") {
    return flawed(held.status, Option.some(held.endsAt))
  }
  return now >= held.endsAt ? flawed("expired", Option.some(held.endsAt)) : Either.right(held)
}

export const checkRefreshToken = (state: State, value: string, now: number): Checked =>
  Option.match(HashMap.get(state.refreshTokens, value), {
    onNone: () => stranger(state, now, "unknown"),
    onSome: (held) => check(state, held, now)
  })

export const checkAccessToken = (state: State, presented: Option.Option<string>, now: number): Checked =>
  Option.match(presented, {
    onNone: () => stranger(state, now, "missing"),
    onSome: (value) =>
      Option.match(HashMap.get(state.accessTokens, value), {
        onNone: () => stranger(state, now, "unknown"),
        onSome: (held) =>
          state.rejectAll
            ? Either.left({ held: Option.some(held), rejection: rejection(state, now, "refused") })
            : check(state, held, now)
      })
  })

/** Whether an access token, dead or alive, is the one that a refresh with this refresh token wants. */
export const belongsTo = (state: State, accessToken: string, refreshToken: Held): boolean =>
  HashMap.get(state.accessTokens, accessToken).pipe(
    Option.flatMap(({ goesWith }) => goesWith),
    Option.contains(refreshToken.number)
  )
