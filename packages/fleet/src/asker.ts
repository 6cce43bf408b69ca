// A process that wants a token: says when it is ready, asks when it is told to, and says what it got.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as PaymentsGate from "@latchkey/paymentsgate/PaymentsGate"
import * as TokenStore from "@latchkey/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { once } from "node:events"
import { readSync } from "node:fs"
import { Question } from "./question.ts"
import { storeOf } from "./storeOf.ts"

const question = Schema.decodeSync(Question)(process.argv[2] ?? "")

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Stops all of the process until its parent says something. */
const sleep = (): void => {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  while (true) {
    try {
      readSync(0, Buffer.alloc(64))
      return
    } catch (error) {
      if (!Predicate.hasProperty(error, "code") || error.code !== "EAGAIN") {
        throw error
      }
      Atomics.wait(cell, 0, 0, 10)
    }
  }
}

/** Stops before it saves what it minted, until it is told to go on. */
const Store = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) =>
    question.waitsBeforeSaving
      ? {
          ...store,
          save: (key: string, tokens: Parameters<typeof store.save>[1], version: number) =>
            Effect.suspend(() => {
              say("saving")
              sleep()
              return store.save(key, tokens, version)
            })
        }
      : store
  )
).pipe(Layer.provide(storeOf(question.storeUrl)))

const Live = PaymentsGate.layer({
  baseUrl: question.baseUrl,
  accountId: question.accountId,
  publicKey: Redacted.make(question.publicKey),
  policy: { mintDeadline: question.mintDeadline }
}).pipe(Layer.provide(Store), Layer.provide(FetchHttpClient.layer))

const program = Effect.gen(function* () {
  const manager = yield* PaymentsGate.PaymentsGate
  say("ready")
  yield* Effect.promise(() => once(process.stdin, "data"))
  const token = yield* manager.get
  say(Redacted.value(token.value))
})

// Its standard output is for answers: a log would be taken for one.
await Effect.provide(program, Live).pipe(Logger.withMinimumLogLevel(LogLevel.None), Effect.runPromise)
process.exit(0)
