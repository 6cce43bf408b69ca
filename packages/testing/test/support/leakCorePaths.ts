import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { Fault, type Ledger } from "@latchkey/testing"
import { brokenAnswers, leakyBases } from "./leakBaseClients.ts"
import { type Path, type World, failWith, fault, faultsInTurn } from "./leakPath.ts"
import { stores } from "./leakStores.ts"

const plain = (secret: Redacted.Redacted<string>): string => Redacted.value(secret)

type Secret = Redacted.Redacted<string>

/** These hold a refresh token by then, and ask for no credential. */
const holdRefreshToken = ["VaultsPay, refresh", "PaymentsGate, refresh"]

/** A credential that works until it is asked for in earnest. */
const credential = (
  name: string,
  fail: (secret: Secret) => Effect.Effect<Secret, unknown>,
  rest: Partial<Path> = {}
): Path => ({
  name: `a credential that ${name}`,
  setup: ({ armed }) => ({
    secret: (secret) => Effect.suspend(() => (armed.on ? fail(secret) : Effect.succeed(secret)))
  }),
  brief: true,
  ends: "error",
  otherwise: holdRefreshToken,
  ...rest
})

/** What an application's secret manager may do, and what it may say when it fails. */
const credentials: ReadonlyArray<Path> = [
  credential("fails with an error that holds it", (secret) =>
    failWith(new Error(`no such secret: ${plain(secret)}`, { cause: { value: plain(secret) } }))
  ),
  credential("fails with itself", (secret) => Effect.fail(plain(secret))),
  credential("dies of an error that holds it", (secret) => Effect.die(new Error(plain(secret)))),
  credential("throws", (secret) =>
    Effect.sync(() => {
      throw new TypeError(`Cannot read ${plain(secret)}`)
    })
  ),
  credential("is interrupted", () => Effect.interrupt),
  credential("never comes", () => Effect.never),
  credential("changes", (secret) => Effect.succeed(Redacted.make(`${plain(secret)}-changed`))),
  // Su sends it in a header, and what refuses the header repeats it.
  credential("has a line break", (secret) =>
    Effect.succeed(Redacted.make(`${plain(secret).slice(0, 1)}\n${plain(secret)}`))
  ),
  // As one that was read from a file. A header loses it on its way, and is right.
  credential("ends in a line break", (secret) => Effect.succeed(Redacted.make(`${plain(secret)}\n`)), {
    otherwise: [...holdRefreshToken, "Su, login"]
  }),
  {
    name: "a credential that is an effect of a plain string",
    setup: () => ({
      secret: (secret) => Effect.map(Effect.succeed(plain(secret)), (value) => Redacted.make(value))
    }),
    ends: "answer"
  },
  {
    name: "a credential that is a Config with its provider",
    setup: () => ({
      secret: (secret) =>
        Effect.withConfigProvider(
          Config.redacted("SECRET"),
          ConfigProvider.fromMap(new Map([["SECRET", plain(secret)]]))
        )
    }),
    ends: "answer"
  },
  {
    name: "a credential that is an effect with a fallback",
    setup: () => ({
      secret: (secret) => Effect.orElseSucceed(Effect.fail({ tried: plain(secret) }), () => secret)
    }),
    ends: "answer"
  }
]

/** A caller goes, or the scope closes, while a mint is on its way. */
const underWay = (
  name: string,
  meanwhile: (world: World) => Effect.Effect<unknown>,
  rest: Partial<Path> = {}
): Path => ({
  name: `while a mint is under way, ${name}`,
  fail: (world) =>
    Effect.gen(function* () {
      yield* fault(world, Fault.Latency({ duration: "5 seconds" }))
      const callers = yield* Effect.forEach([world.client, world.standard], (client) =>
        Effect.fork(client.get(`${world.sandbox.apiOrigin}/things`))
      )
      yield* world.clock.settle
      yield* meanwhile(world)
      for (const caller of callers) {
        yield* world.watch("caller of a mint under way", Effect.flatten(Fiber.interrupt(caller)))
      }
    }),
  ends: "answer",
  ...rest
})

const forbidden = Fault.Status({ status: 403, body: "{}" })

/** How an API may answer. */
const answers: ReadonlyArray<Fault.Fault> = [
  Fault.Status({ status: 401, headers: { "WWW-Authenticate": 'Bearer error="insufficient_scope"' } }),
  Fault.Status({ status: 204 }),
  Fault.Status({ status: 429 }),
  Fault.Status({ status: 503 }),
  Fault.Html(),
  Fault.Truncated(),
  Fault.EmptyBody(),
  Fault.Redirect({ location: "https://elsewhere.example/" }),
  Fault.ResetBefore(),
  Fault.ResetAfter()
]

const endless = (name: string, answer: Fault.Fault, endpoints?: ReadonlyArray<Ledger.Endpoint>): Path => ({
  name,
  fail: (world) => fault(world, answer, endpoints && { endpoints }),
  ends: "error"
})

/** What becomes of requests whose token is good, or was. */
const requests: ReadonlyArray<Path> = [
  {
    name: "the API rejects a token",
    fail: ({ client, clock, sandbox }) =>
      Effect.zipRight(clock.run(client.get("/things")), sandbox.revokeAccessTokens),
    ends: "answer"
  },
  {
    name: "the API rejects every token",
    fail: ({ sandbox }) => sandbox.rejectAllTokens(true),
    // The gate opens after a second, and the budget ends it.
    afterwards: ({ client, clock, watch }) =>
      Effect.repeatN(
        Effect.zipRight(clock.leap("5 minutes"), watch("typed client, rejected", client.get("/things"))),
        8
      ),
    ends: "answer"
  },
  {
    name: "the API rejects a token, and no other is to be had",
    fail: (world) =>
      Effect.gen(function* () {
        yield* world.clock.run(world.client.get("/things"))
        yield* world.sandbox.revokeAccessTokens
        yield* fault(world, forbidden)
      }),
    ends: "error"
  },
  {
    name: "the API answers in one bad way after the other",
    // Which client meets which, the nonce draws; the first answer is an answer.
    fail: (world) => {
      const drawn = (world.nonce.codePointAt(1) ?? 0) % answers.length
      const rotated = [...answers.slice(drawn), ...answers.slice(0, drawn)]
      return faultsInTurn(world, [forbidden, ...rotated, ...rotated], ["api"])
    },
    ends: "answer"
  },
  endless("the API resets each connection", Fault.ResetAfter(), ["api"]),
  endless("the API never answers", Fault.Hang(), ["api"]),
  endless("the token endpoint answers with 503", Fault.Status({ status: 503 })),
  endless("the token endpoint answers with half of its JSON", Fault.Truncated()),
  endless("the token endpoint resets each connection", Fault.ResetAfter()),
  endless("the token endpoint never answers", Fault.Hang())
]

/** What depends on the manager, the client, the store and what the application brings. */
export const corePaths: { readonly [part: string]: ReadonlyArray<Path> } = {
  credentials,
  stores,
  interruptions: [
    underWay("its callers go", () => Effect.void),
    underWay("the scope closes", ({ clock, close }) => clock.run(close), {
      ends: "error",
      // A refresh that rotates is let finish (R18).
      otherwise: ["vault.ist, refresh", "PaymentsGate, refresh", "PaymentsGate, refresh of a configured pair"]
    })
  ],
  requests,
  "answers that break off": brokenAnswers,
  "base clients that fail with what they send": leakyBases
}
