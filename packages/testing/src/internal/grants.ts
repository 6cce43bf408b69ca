import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Entry } from "../Ledger.ts"
import * as Wire from "../Wire.ts"
import * as State from "./state.ts"

/** A request to a token endpoint, and all that its answer depends on. */
interface Exchange {
  readonly setup: State.Setup
  readonly state: State.State
  readonly route: Wire.Route
  readonly request: Wire.SandboxRequest
  readonly now: number
}

type Answered = readonly [response: Wire.SandboxResponse, next: State.State]

type Case<Tag extends Wire.Decision["_tag"]> = Extract<Wire.Decision, { readonly _tag: Tag }>

const refuse = (
  { now, route, state }: Exchange,
  why: string,
  response: Wire.SandboxResponse,
  noted: State.State = state
): Answered => [
  response,
  State.record(noted, Entry.Refused({ at: now, endpoint: route.endpoint, status: response.status, why }))
]

/** What the ledger says of a mint. */
export const numbers = ({ accessToken, refreshToken }: Wire.Minted) => ({
  tokenNumber: accessToken.number,
  refreshTokenNumber: Option.getOrUndefined(refreshToken)?.number
})

const isClient = (
  { setup, state }: Exchange,
  presented: { readonly clientId: string; readonly clientSecret: string }
): boolean =>
  presented.clientId === setup.clientId && presented.clientSecret === Redacted.value(state.clientSecret)

const login = (exchange: Exchange, decision: Case<"Login">): Answered => {
  const { now, setup, state } = exchange
  if (!isClient(exchange, decision)) {
    return refuse(exchange, "credentials", decision.refused)
  }
  const [minted, next] = State.mint(setup, state, now, Option.none())
  return [decision.granted(minted), State.record(next, Entry.Login({ at: now, ...numbers(minted) }))]
}

/** A spent refresh token came again: it was stolen, or its holder lost count, and no one can tell which. */
const reused = ({ now, setup, state }: Exchange, { grant, number }: State.Held): State.State =>
  State.record(
    setup.definition.revokesOnReuse === true ? State.revokeGrant(state, grant, now) : state,
    Entry.Reuse({ at: now, refreshTokenNumber: number })
  )

const refresh = (exchange: Exchange, decision: Case<"Refresh">): Answered => {
  const { now, setup, state } = exchange
  if (decision.client !== undefined && !isClient(exchange, decision.client)) {
    return refuse(exchange, "credentials", decision.client.refused)
  }
  const presented = State.checkRefreshToken(state, decision.refreshToken, now)
  if (Either.isLeft(presented)) {
    const { held, rejection } = presented.left
    const spent = Option.filter(held, () => rejection.why === "spent")
    return refuse(
      exchange,
      rejection.why,
      decision.refused(rejection),
      Option.match(spent, { onNone: () => state, onSome: (held) => reused(exchange, held) })
    )
  }
  const { accessToken } = decision
  if (
    accessToken !== undefined &&
    !Option.exists(accessToken, (value) => State.belongsTo(state, value, presented.right))
  ) {
    const why = Option.isNone(accessToken) ? "missing" : "unknown"
    return refuse(exchange, "access token", decision.refused(State.rejection(state, now, why)))
  }
  const [minted, next] = State.mint(setup, state, now, Option.some(presented.right))
  return [
    decision.granted(minted),
    State.record(next, Entry.Refresh({ at: now, presented: presented.right.number, ...numbers(minted) }))
  ]
}

const validate = (exchange: Exchange, decision: Case<"Validate">): Answered => {
  const { now, request, setup, state } = exchange
  return Either.match(State.checkAccessToken(state, Wire.bearer(request), now), {
    onLeft: ({ rejection }) => refuse(exchange, rejection.why, setup.definition.rejected(rejection)),
    onRight: ({ number }) => [
      decision.valid,
      State.record(state, Entry.Validated({ at: now, tokenNumber: number }))
    ]
  })
}

const discover = ({ now, request, state }: Exchange, { document }: Case<"Discover">): Answered => [
  document,
  State.record(state, Entry.Discovered({ at: now, path: request.url.pathname }))
]

const revoke = (exchange: Exchange, { client, done, token }: Case<"Revoke">): Answered => {
  const { now, state } = exchange
  if (client !== undefined && !isClient(exchange, client)) {
    return refuse(exchange, "credentials", client.refused)
  }
  const { next, revoked } = State.revokeToken(state, token, now)
  return [done, State.record(next, Entry.Revoked({ at: now, ...revoked }))]
}

/** What a token endpoint makes of a request. */
export const exchange = (exchange: Exchange): Answered => {
  const { request, route } = exchange
  if (request.method !== route.method) {
    return refuse(
      exchange,
      "method",
      Wire.json(405, { error: "method_not_allowed" }, { allow: route.method })
    )
  }
  return Wire.Decision.$match(route.decide(request), {
    Login: (decision) => login(exchange, decision),
    Refresh: (decision) => refresh(exchange, decision),
    Validate: (decision) => validate(exchange, decision),
    Discover: (decision) => discover(exchange, decision),
    Revoke: (decision) => revoke(exchange, decision),
    Refuse: ({ response, why }) => refuse(exchange, why, response)
  })
}
