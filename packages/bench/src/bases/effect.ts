import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { path, type CallOptions, type Session, type Target } from "../Contender.ts"

/** The platform's `FetchHttpClient`, as an application has it, over the target's network. */
export const baseLayer = (target: Target): Layer.Layer<HttpClient.HttpClient> =>
  FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, target.fetch)))

/** The session of an Effect client: `make` builds it once, in a scope that `close` closes. */
export const effectSession = async <E>(
  target: Target,
  make: Effect.Effect<HttpClient.HttpClient.With<E>, unknown, HttpClient.HttpClient | Scope.Scope>
): Promise<Session> => {
  const scope = await Effect.runPromise(Scope.make())
  const client = await Effect.runPromise(
    Effect.flatMap(Layer.buildWithScope(baseLayer(target), scope), (context) =>
      make.pipe(Effect.provide(context), Scope.extend(scope))
    )
  )
  const url = `${target.apiUrl}${path}`
  const request = HttpClientRequest.get(url)
  const call = (options?: CallOptions) =>
    Effect.flatMap(
      client.execute(
        options?.id === undefined ? request : HttpClientRequest.setHeader(request, "x-call", options.id)
      ),
      (response) => Effect.as(response.text, response.status)
    ).pipe(Effect.provideService(FetchHttpClient.Fetch, target.fetch))
  const run = Runtime.runPromise(Runtime.defaultRuntime)
  const once = Effect.flatMap(
    Effect.suspend(() => client.execute(request)),
    (response) =>
      Effect.filterOrDieMessage(
        Effect.as(response.text, response.status),
        (status) => status === 200,
        "not 200"
      )
  )
  const sequence = (calls: number) =>
    Effect.provideService(
      Effect.gen(function* () {
        for (let done = 0; done < calls; done++) {
          yield* once
        }
      }),
      FetchHttpClient.Fetch,
      target.fetch
    )
  return {
    call: (options) =>
      run(call(options), options?.signal === undefined ? undefined : { signal: options.signal }),
    sequence: (calls) => run(sequence(calls)),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
