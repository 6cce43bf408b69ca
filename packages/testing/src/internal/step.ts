import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Entry } from "../Ledger.ts"
import * as Wire from "../Wire.ts"
import * as Faults from "./faults.ts"
import * as Grants from "./grants.ts"
import * as State from "./state.ts"

type Stepped = readonly [outcome: Faults.Outcome, next: State.State]

/** The route of a request, the API, or nothing that we serve. */
type Target = Wire.Route | "api" | undefined

/**
 * By origin and path; by path alone on an origin that is not ours, which is how all endpoints of a
 * sandbox share one loopback server.
 */
const locate = (definition: Wire.Definition, request: Wire.SandboxRequest): Target => {
  const { origin, pathname } = request.url
  const isApi = origin === definition.apiOrigin
  const isToken = origin === definition.tokenOrigin
  const isAny = !isApi && !isToken
  const route = definition.routes.find(
    (route) => (isToken || isAny) && route.path === pathname && (route.matches?.(request) ?? true)
  )
  return route ?? (isApi || isAny ? "api" : undefined)
}

const pathOf = ({ url }: Wire.SandboxRequest) => `${url.pathname}${url.search}`

/** What a good token gets from the API. */
const resource = (request: Wire.SandboxRequest): Wire.SandboxResponse => {
  switch (request.url.pathname) {
    case "/forbidden":
      return Wire.json(403, { error: "forbidden" })
    case "/insufficient-scope":
      return Wire.json(
        401,
        { error: "insufficient_scope" },
        { "www-authenticate": 'Bearer error="insufficient_scope"' }
      )
    case "/redirect":
      return Wire.text(302, "", { location: request.url.searchParams.get("to") ?? "/" })
    default:
      return Wire.json(200, { ok: true, method: request.method, path: pathOf(request) })
  }
}

/** `Date` in whole seconds by the provider's clock (RFC 9110, section 6.6.1), and JSON by default. */
const complete = (response: Wire.SandboxResponse, serverTime: number): Wire.SandboxResponse => ({
  ...response,
  headers: {
    date: new Date(serverTime).toUTCString(),
    "content-type": "application/json",
    ...response.headers
  }
})

/**
 * What becomes of one request, all in one: its fault is taken, it is handled or not, and the ledger
 * is written. `now` is epoch milliseconds by the true clock.
 */
export const step =
  (setup: State.Setup, request: Wire.SandboxRequest, now: number) =>
  (state: State.State): Stepped => {
    const { definition } = setup
    const target = locate(definition, request)
    if (target === undefined) {
      const { headers, method, url } = request
      return [
        Faults.answer(complete(Wire.json(404, { error: "not_found" }), now + state.skew)),
        State.record(state, Entry.NotFound({ at: now, method, url: url.href, headers }))
      ]
    }

    const endpoint = target === "api" ? target : target.endpoint
    const [fault, rest] = State.takeFault(state, endpoint)
    const noted = Option.match(fault, {
      onNone: () => rest,
      onSome: ({ _tag }) => State.record(rest, Entry.Faulted({ at: now, endpoint, fault: _tag }))
    })
    const instead = Option.flatMap(fault, Faults.instead)
    const after = (response: Wire.SandboxResponse): Faults.Outcome =>
      Option.match(fault, {
        onNone: () => Faults.answer(response),
        onSome: (fault) => Faults.afterwards(fault, response)
      })

    const [outcome, next] =
      target === "api"
        ? api(setup, noted, request, now, instead, after)
        : Option.match(instead, {
            onNone: (): Stepped => {
              const [response, next] = Grants.exchange({ setup, state: noted, route: target, request, now })
              return [after(response), next]
            },
            onSome: (outcome): Stepped => [outcome, noted]
          })
    return [
      outcome._tag === "Answer"
        ? Faults.Outcome.Answer({ ...outcome, response: complete(outcome.response, now + state.skew) })
        : outcome,
      next
    ]
  }

/** A call of the API: in the ledger whatever becomes of it. */
const api = (
  setup: State.Setup,
  state: State.State,
  request: Wire.SandboxRequest,
  now: number,
  instead: Option.Option<Faults.Outcome>,
  after: (response: Wire.SandboxResponse) => Faults.Outcome
): Stepped => {
  const token = State.checkAccessToken(state, Wire.bearer(request), now)
  const outcome = Option.getOrElse(instead, () =>
    after(
      Either.match(token, {
        onLeft: ({ rejection }) => setup.definition.rejected(rejection),
        onRight: () => resource(request)
      })
    )
  )
  const entry = Entry.Request({
    at: now,
    method: request.method,
    path: pathOf(request),
    headers: request.headers,
    body: request.body,
    accepted: Option.isNone(instead) && Either.isRight(token),
    tokenNumber: Option.getOrUndefined(
      Either.match(token, { onLeft: ({ held }) => held, onRight: Option.some })
    )?.number,
    status: outcome._tag === "Answer" ? outcome.response.status : undefined
  })
  return [outcome, State.record(state, entry)]
}
