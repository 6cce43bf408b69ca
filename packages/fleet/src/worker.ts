// One process of a fleet: calls the API without end, through a token that it shares with the others.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as OAuth2 from "@latchkey/oauth2/OAuth2"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { appendFileSync } from "node:fs"
import { once } from "node:events"
import { say, Settings } from "./protocol.ts"
import type { Step } from "./protocol.ts"
import { storeOf } from "./storeOf.ts"

const settings = Schema.decodeSync(Settings)(process.argv[2] ?? "")
const callers = 2
const pause = "50 millis"

/** On disk before it goes on: what it wrote outlives a kill -9 of its process. */
const write = (step: string): void => {
  appendFileSync(settings.evidence, `${step}\n`)
}

const note = (step: Step): void => {
  write(step)
  say({ _tag: "Mint", step })
}

const isMint = (url: string): boolean => url === `${settings.issuer}/token`

/** Tells how far each mint got. */
const Watched = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    HttpClient.transform(client, (effect, request) =>
      isMint(request.url)
        ? Effect.zipRight(
            Effect.sync(() => note("sent")),
            Effect.tap(effect, () => Effect.sync(() => note("answered")))
          )
        : effect
    )
  )
).pipe(Layer.provide(FetchHttpClient.layer))

/** A store that takes its time: the moment between an answer and its write is long enough to be hit. */
const Store = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) => ({
    ...store,
    // Between these two notes it holds the lease, for sure.
    lease: (key: string, timeToLive: Parameters<typeof store.lease>[1]) =>
      Effect.map(
        store.lease(key, timeToLive),
        Option.map(({ release, renew }) => {
          write("leased")
          return {
            renew,
            release: Effect.zipRight(
              Effect.sync(() => write("releasing")),
              release
            )
          }
        })
      ),
    save: (key: string, tokens: Parameters<typeof store.save>[1], version: number) =>
      Effect.zipRight(
        Effect.sleep(settings.hesitation),
        Effect.tap(store.save(key, tokens, version), (saved) =>
          Effect.sync(() => {
            if (saved._tag === "Written") {
              note("saved")
            }
          })
        )
      )
  }))
).pipe(Layer.provide(storeOf(settings.storeUrl)))

/** What a person does when a grant is lost: grants another one, and configures its refresh token. */
const newRefreshToken = Effect.tryPromise(async () => {
  const query = new URLSearchParams({ client: settings.clientId })
  const response = await fetch(`${settings.issuer}/control/refresh-token?${query}`, { method: "POST" })
  const { refreshToken } = Schema.decodeUnknownSync(Schema.Struct({ refreshToken: Schema.String }))(
    await response.json()
  )
  return Redacted.make(refreshToken)
})

const Live = OAuth2.Client.layer.pipe(
  Layer.provide(
    OAuth2.layer({
      issuer: settings.issuer,
      apiUrl: settings.apiUrl,
      clientId: settings.clientId,
      clientSecret: Redacted.make(settings.clientSecret),
      refreshToken: newRefreshToken,
      account: "fleet",
      // Longer than the store is ever away, and patient for as long.
      policy: { mintDeadline: settings.mintDeadline, retry: Schedule.spaced("200 millis") }
    })
  ),
  Layer.provide(Store),
  Layer.provide(Watched)
)

const program = Effect.gen(function* () {
  const client = yield* OAuth2.Client
  let calls = 0
  let slowest = 0
  const call = Effect.gen(function* () {
    const startedAt = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit(client.get("/orders"))
    const took = (yield* Clock.currentTimeMillis) - startedAt
    calls += 1
    slowest = Math.max(slowest, took)
    if (Exit.isFailure(exit)) {
      say({ _tag: "Failed", message: String(exit.cause), after: took })
    } else if (exit.value.status !== 200) {
      say({ _tag: "Failed", message: `status ${exit.value.status}`, after: took })
    }
    yield* Effect.sleep(pause)
  })
  const stop = yield* Effect.fork(Effect.promise(() => once(process, "SIGTERM")))
  yield* Effect.fork(
    Effect.repeat(
      Effect.sync(() => say({ _tag: "Calls", calls, slowest })),
      Schedule.spaced("200 millis")
    )
  )
  let going = true
  const caller = Effect.repeat(call, { while: () => going })
  const calling = yield* Effect.fork(
    Effect.all(
      Array.from({ length: callers }, () => caller),
      { concurrency: callers }
    )
  )
  yield* stop
  going = false
  yield* calling
  say({ _tag: "Calls", calls, slowest })
})

// Its standard output is for answers: a log would be taken for one.
await Effect.provide(program, Live).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.runPromise)
process.exit(0)
