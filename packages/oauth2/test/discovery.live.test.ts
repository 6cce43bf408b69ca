import { Wire } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Discovery from "../src/internal/discovery.ts"
import * as Exchange from "../src/internal/exchange.ts"
import { type Handler, issuer, nonce, recorded } from "./support/fixture.ts"

/**
 * Of two deadlines of one length, one within the other, the outer one fires first by a real clock, for it
 * started first. A `TestClock` hides that.
 */
const patience = 3_000

/** A client of a server that has such documents, with all its deadlines shortened alike. */
const connected = Effect.fnUntraced(function* (documents: Handler) {
  const { network, requests } = yield* recorded((request) =>
    request.method === "GET"
      ? documents(request)
      : Effect.succeed(Wire.json(200, { access_token: `access-${nonce}`, expires_in: 60 }))
  )
  const common = { provider: "oauth2", client: network, patience }
  const server = Discovery.make({ ...common, issuer, revocationUrl: undefined })
  const endpoints = Exchange.make({
    ...common,
    clientId: "me",
    server,
    authMethod: undefined,
    refusals: {},
    audience: undefined,
    defaultLifetimeSeconds: 60
  })
  const login = endpoints.login({ _tag: "Secret", secret: Redacted.make(`secret-${nonce}`) }, [])
  return { login, server, methods: Effect.map(requests, (all) => all.map(({ method }) => method)) }
})

const metadata = Effect.succeed(Wire.json(200, { issuer, token_endpoint: `${issuer}/token` }))

describe("discovery by the real clock", () => {
  it.live("what is known is used where nobody answers", () =>
    Effect.gen(function* () {
      let isAway = false
      const { login, methods, server } = yield* connected(() => (isAway ? Effect.never : metadata))
      yield* login
      yield* server.moved(yield* server.find("login"))
      isAway = true
      yield* login
      assert.deepStrictEqual(yield* methods, ["GET", "POST", "GET", "GET", "POST"])
    })
  )

  it.live("OpenID's document is asked for where nobody answers for the first", () =>
    Effect.gen(function* () {
      const { login, methods } = yield* connected(({ url }) =>
        url.pathname.endsWith("openid-configuration") ? metadata : Effect.never
      )
      yield* login
      assert.deepStrictEqual(yield* methods, ["GET", "GET", "POST"])
    })
  )
})
