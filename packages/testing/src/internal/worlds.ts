import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Loopback from "../Loopback.ts"
import * as MemoryClient from "../MemoryClient.ts"
import type { Sandbox } from "../Sandbox.ts"
import { settledNetwork } from "./settledNetwork.ts"

/** A way to reach a sandbox: every test of a flow runs in each of them, under `TestClock`. */
export interface World {
  readonly name: "in memory" | "on loopback"
  readonly connect: (sandbox: Sandbox) => Effect.Effect<Connection, never, Scope.Scope>
}

export interface Connection {
  readonly client: HttpClient.HttpClient
  readonly tokenOrigin: string
  readonly apiOrigin: string
}

const memory: World = {
  name: "in memory",
  connect: (sandbox) =>
    Effect.succeed({
      client: MemoryClient.client([sandbox]),
      tokenOrigin: sandbox.tokenOrigin,
      apiOrigin: sandbox.apiOrigin
    })
}

const loopback: World = {
  name: "on loopback",
  connect: (sandbox) =>
    Effect.gen(function* () {
      const { client, watch } = yield* settledNetwork
      const { url } = yield* Loopback.serve(watch(sandbox))
      return { client, tokenOrigin: url, apiOrigin: url }
    })
}

export const worlds: ReadonlyArray<World> = [memory, loopback]
