import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { OAuth2Server } from "oauth2-mock-server"
import { settledNetwork } from "../../testing/src/internal/settledNetwork.ts"
import { it } from "@latchkey/testing/SettledTest"
import { connect, options } from "./support/fixture.ts"

const serve = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = new OAuth2Server()
    await server.issuer.keys.generate("RS256")
    await server.start(0, "127.0.0.1")
    return server
  }),
  (server) => Effect.promise(() => server.stop())
)

const setup = Effect.fnUntraced(function* (refreshToken?: string) {
  const server = yield* serve
  const { client: network } = yield* settledNetwork
  const { tokenUrl: _, ...rest } = options
  const connected = yield* connect(network, {
    ...rest,
    issuer: server.issuer.url,
    refreshToken: refreshToken === undefined ? undefined : Redacted.make(refreshToken)
  })
  return { server, ...connected }
})

describe("oauth2-mock-server", () => {
  it.scoped("has OpenID's document only: found there, and its token is a JWT of an hour", () =>
    Effect.gen(function* () {
      const { manager } = yield* setup()
      const token = yield* manager.get
      assert.lengthOf(Redacted.value(token.value).split("."), 3)
      assert.strictEqual(token.expiresAt, 3_600_000)
      assert.isTrue(Option.isSome(manager.flow.revoke))
    })
  )

  it.scoped("R7: refreshes with what the last refresh brought", () =>
    Effect.gen(function* () {
      const { manager, server } = yield* setup("first")
      const presented: Array<string | undefined> = []
      server.service.on("beforeResponse", (_, request: { body: Record<string, string> }) => {
        presented.push(request.body["refresh_token"])
      })
      for (let expiry = 0; expiry < 3; expiry++) {
        yield* manager.get
        yield* TestClock.adjust("1 hour")
      }
      assert.strictEqual(presented[0], "first")
      assert.lengthOf([...new Set(presented)], 3)
    })
  )

  it.scoped("R11: an answer that goes wrong once is asked for again", () =>
    Effect.gen(function* () {
      const { manager, server } = yield* setup()
      server.service.once("beforeResponse", (response: { statusCode: number; body: unknown }) => {
        response.statusCode = 400
        response.body = { error: "temporarily_unavailable" }
      })
      const fiber = yield* Effect.fork(manager.get)
      yield* TestClock.adjust("1 second")
      assert.isNotEmpty(Redacted.value((yield* fiber).value))
    })
  )
})
