import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { path, type CallOptions, type Contender, type Session, type Target } from "../Contender.ts"

/** The platform's `FetchHttpClient`, as an application has it, over the target's network. */
const baseLayer = (target: Target): Layer.Layer<HttpClient.HttpClient> =>
  FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, target.fetch)))

type Make<E> = (
  target: Target
) => Effect.Effect<HttpClient.HttpClient.With<E>, unknown, HttpClient.HttpClient | Scope.Scope>

/** How an Effect client is opened: built once, in a scope that `close` closes. */
export const effectContender = <E>(make: Make<E>): Required<Pick<Contender, "open" | "openMany">> => {
  const openMany = async (targets: ReadonlyArray<Target>): Promise<ReadonlyArray<Session>> => {
    const [first] = targets
    if (first === undefined) {
      return []
    }
    const scope = await Effect.runPromise(Scope.make())
    const clients = await Effect.runPromise(
      Effect.flatMap(Layer.buildWithScope(baseLayer(first), scope), (context) =>
        Effect.forEach(targets, make).pipe(Effect.provide(context), Scope.extend(scope))
      )
    )
    const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
    return clients.map((client, index) => sessionOf(client, targets[index] ?? first, close))
  }
  return {
    openMany,
    open: async (target) => {
      const [session] = await openMany([target])
      if (session === undefined) {
        throw new Error("one target, one session")
      }
      return session
    }
  }
}

const sessionOf = <E>(
  client: HttpClient.HttpClient.With<E>,
  target: Target,
  close: () => Promise<void>
): Session => {
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
    close
  }
}
