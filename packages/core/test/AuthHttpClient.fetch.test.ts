import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as TokenManager from "@latchkey/core/TokenManager"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { contract, type Fetch, type Row } from "./support/fetchContract.ts"
import * as FetchServer from "./support/fetchServer.ts"
import * as TestFlow from "./support/testFlow.ts"
import { isDeepStrictEqual } from "node:util"

/** What a row comes to, and that nothing was rejected which nobody waits for. */
const outcome = (
  row: Row,
  makeFetch: (server: FetchServer.FetchServer) => Effect.Effect<Fetch, never, Scope.Scope>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const unhandled: Array<unknown> = []
      const onUnhandled = (error: unknown) => unhandled.push(error)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("unhandledRejection", onUnhandled)),
        () => Effect.sync(() => process.off("unhandledRejection", onUnhandled))
      )
      const server = yield* FetchServer.make
      const fetch = yield* makeFetch(server)
      const is = yield* Effect.promise(() => row.run(fetch, server))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(() => setImmediate(resolve))))
      assert.deepStrictEqual(unhandled, [])
      return is
    })
  )

const authenticated = (base: Layer.Layer<HttpClient.HttpClient>) => (server: FetchServer.FetchServer) =>
  Effect.gen(function* () {
    const { flow } = yield* Effect.orDie(
      TestFlow.make({ flow: { apiUrl: server.url, origins: [server.url, server.rawUrl, server.deadUrl] } })
    )
    const manager = yield* TokenManager.make(flow)
    const client = yield* AuthHttpClient.make(manager).pipe(Effect.provide(yield* Layer.build(base)))
    return yield* AuthHttpClient.toFetch(client)
  })

const plain = (base: Layer.Layer<HttpClient.HttpClient>) => () =>
  Effect.flatMap(Layer.build(base), (context) =>
    AuthHttpClient.toFetch(Context.get(context, HttpClient.HttpClient))
  )

const kinds: ReadonlyArray<{
  readonly name: string
  readonly isFetch: boolean
  readonly makeFetch: (server: FetchServer.FetchServer) => Effect.Effect<Fetch, never, Scope.Scope>
}> = [
  { name: "a client over fetch", isFetch: true, makeFetch: authenticated(FetchHttpClient.layer) },
  { name: "fetch without a token", isFetch: true, makeFetch: plain(FetchHttpClient.layer) },
  { name: "a client over node:http", isFetch: false, makeFetch: authenticated(NodeHttpClient.layer) },
  { name: "a client over undici", isFetch: false, makeFetch: authenticated(NodeHttpClient.layerUndici) }
]

for (const row of contract) {
  describe(`${row.section}: ${row.rule}`, () => {
    it.live("native", () =>
      Effect.gen(function* () {
        const is = yield* outcome(row, () => Effect.succeed(globalThis.fetch))
        assert.deepStrictEqual(
          is,
          row.native !== undefined && isDeepStrictEqual(is, row.native) ? row.native : row.is
        )
      })
    )

    for (const { isFetch, makeFetch, name } of kinds) {
      if (isFetch || row.beneath !== true) {
        it.live(name, () =>
          Effect.gen(function* () {
            assert.deepStrictEqual(
              yield* outcome(row, makeFetch),
              row.ours === undefined ? row.is : row.ours.is
            )
          })
        )
      }
    }
  })
}
