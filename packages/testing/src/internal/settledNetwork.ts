import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Sandbox } from "../Sandbox.ts"
import { waitFor } from "../SettledTest.ts"
import { Traffic } from "./traffic.ts"

/** Real sockets that the clock of a test waits for. */
export interface SettledNetwork {
  readonly client: HttpClient.HttpClient
  /** The sandbox, whose answers under delay are not waited for: that is what time has to pass for. */
  readonly watch: (sandbox: Sandbox) => Sandbox
}

/**
 * Makes the network of one test. Sockets take real time, and the clock must not run ahead of them: an
 * answer under way would be late.
 */
export const settledNetwork: Effect.Effect<SettledNetwork, never, Scope.Scope> = Effect.gen(function* () {
  const traffic = new Traffic()
  yield* waitFor(() => traffic.isQuiet)
  const fetch = yield* Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer)
  return {
    client: HttpClient.transform(fetch, Effect.provideService(FetchHttpClient.Fetch, traffic.fetch)),
    watch: (sandbox) => traffic.watch(sandbox)
  }
})
