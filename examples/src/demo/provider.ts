import type { Unavailable } from "@latchkey/core/AuthError"
import type { InvalidOptions } from "@latchkey/core/AuthFlow"
import type { TokenManager } from "@latchkey/core/TokenManager"
import type { Served } from "@latchkey/testing/Loopback"
import type { Sandbox } from "@latchkey/testing/Sandbox"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Journal } from "./journal.ts"

/** A provider that runs: its sandbox on loopback, and the manager that keeps its token. */
export interface Running {
  readonly name: string
  /** The origin of its token endpoints and its API. */
  readonly url: string
  readonly sandbox: Sandbox
  readonly manager: TokenManager
  readonly script: ReadonlyArray<Step>
}

/** One step of the script: what goes wrong at a provider, and when. */
export type Step = (running: Running, journal: Journal) => Effect.Effect<void>

/** Gives a sandbox an origin, for as long as the scope is open. */
export type Serve = (sandbox: Sandbox) => Effect.Effect<Served, never, Scope.Scope>

/** A provider of the demo. */
export interface Provider {
  readonly name: string
  readonly start: (
    serve: Serve
  ) => Effect.Effect<Running, InvalidOptions | Unavailable, HttpClient.HttpClient | Scope.Scope>
}

/** Makes a provider of the demo from the layer that an application would use. */
export const make = <Id>(options: {
  readonly name: string
  readonly tag: Context.Tag<Id, TokenManager>
  readonly sandbox: Effect.Effect<Sandbox>
  readonly layer: (
    sandbox: Sandbox,
    url: string
  ) => Layer.Layer<Id, InvalidOptions | Unavailable, HttpClient.HttpClient>
  readonly script: ReadonlyArray<Step>
}): Provider => ({
  name: options.name,
  start: Effect.fnUntraced(function* (serve) {
    const sandbox = yield* options.sandbox
    const { url } = yield* serve(sandbox)
    const services = yield* Layer.build(options.layer(sandbox, url))
    return {
      name: options.name,
      url,
      sandbox,
      manager: Context.get(services, options.tag),
      script: options.script
    }
  })
})
