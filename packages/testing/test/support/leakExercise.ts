import * as AuthError from "@latchkey/core/AuthError"
import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as AuthHttpClient from "@latchkey/core/AuthHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { refreshTokenOf } from "./leakDrivers.ts"
import type { Path, World } from "./leakPath.ts"

const Other = Schema.Struct({ nothing: Schema.Struct({ of: Schema.Literal("the kind") }) })

/** Sends a request, and reads its answer in ways that fit and in ways that do not. */
const call = <E>(
  { show, watch }: World,
  surface: string,
  effect: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
) =>
  Effect.gen(function* () {
    const exit = yield* watch(surface, effect)
    if (Exit.isFailure(exit)) {
      return exit
    }
    const response = exit.value
    const { json, request, stream, text } = response
    // What the API says in its answer, body and headers, is the application's by contract: our part is
    // the rest. No sandbox repeats a token there.
    show(`${surface}: request of the answer`, request)
    show(`${surface}: effects of the answer`, { json, stream, text })
    yield* watch(`${surface}: answer as another schema`, HttpClientResponse.schemaBodyJson(Other)(response))
    yield* watch(`${surface}: answer as form data`, response.formData)
    yield* watch(`${surface}: answer as a stream`, Stream.runDrain(response.stream))
    yield* watch(`${surface}: answer with a good status`, HttpClientResponse.filterStatusOk(response))
    return exit
  })

const callFetch = (world: World, surface: string, fetch: typeof globalThis.fetch, init?: RequestInit) =>
  Effect.gen(function* () {
    const exit = yield* world.watch(
      surface,
      Effect.tryPromise({
        try: () => fetch(`${world.sandbox.apiOrigin}/things`, init),
        catch: (rejection) => rejection
      })
    )
    if (Exit.isSuccess(exit)) {
      yield* world.watch(
        `${surface}: its body`,
        Effect.tryPromise({ try: () => exit.value.text(), catch: (rejection) => rejection })
      )
    }
  })

/** Asks the flow itself, as a manager of another make would. */
const callFlow = ({ manager, nonce, sandbox, watch }: World, rounds: number) =>
  Effect.gen(function* () {
    const { credential, initialGrant, login, refresh, validate } = manager.flow
    const read = yield* watch("flow.credential", credential)
    if (Exit.isSuccess(read) && Option.isSome(initialGrant)) {
      yield* watch("flow.initialGrant", initialGrant.value(read.value))
    }
    for (let round = 0; round < rounds; round++) {
      if (Exit.isSuccess(read) && Option.isSome(login)) {
        yield* watch("flow.login", login.value(read.value))
      }
      if (Option.isSome(refresh)) {
        const issued = yield* sandbox.issue
        const grant = AuthFlow.refreshGrant(refreshTokenOf(issued), Redacted.make(issued.accessToken.value))
        yield* watch("flow.refresh", refresh.value(grant))
      }
      if (Option.isSome(validate)) {
        const issued = yield* sandbox.issue
        yield* watch("flow.validate", validate.value(Redacted.make(issued.accessToken.value)))
        yield* watch("flow.validate of another token", validate.value(Redacted.make(`live_${nonce}`)))
      }
    }
  })

const post = HttpClientRequest.post("/things")
const oneByte = Stream.make(new Uint8Array([1]))

/** How a request ends, and what the flow says of itself. */
export const exerciseBriefly = (
  world: World,
  { rounds = 1 }: Pick<Path, "rounds">
): Effect.Effect<"answer" | "error"> =>
  Effect.gen(function* () {
    const { client, manager, sandbox, standard, watch } = world
    const first = yield* call(world, "typed client", client.get("/things"))
    yield* watch("standard client", standard.get(`${sandbox.apiOrigin}/things`))
    yield* watch("status", manager.status)
    yield* callFlow(world, rounds)
    return Exit.isSuccess(first) ? "answer" : "error"
  })

/**
 * What the caller sets is kept: it stands in the caller's own request, and is shown by nothing of ours. The
 * platform's span, which ends with that request, is left out.
 */
const callWithOwnHeader = (world: World) =>
  Effect.gen(function* () {
    const { clock, nonce, sandbox, show } = world
    const standard = HttpClient.withTracerDisabledWhen(world.standard, constTrue)
    const headers = { authorization: `Bearer own-${nonce}` }
    for (const origin of [sandbox.apiOrigin, "https://elsewhere.example"]) {
      const exit = yield* clock.run(standard.get(`${origin}/things`, { headers }))
      show(
        "caller's own header",
        Exit.match(exit, {
          onFailure: (cause) => Cause.pretty(cause, { renderErrorCause: true }),
          onSuccess: ({ status }) => status
        })
      )
    }
    const fetch = yield* AuthHttpClient.toFetch(standard)
    yield* callFetch(world, "fetch with the caller's own header", fetch, { headers })
  })

/** Everything that an application does with what it got; how its first request ended. */
export const exercise = (
  world: World,
  { leakyBase = false, rounds = 1 }: Pick<Path, "leakyBase" | "rounds">
): Effect.Effect<"answer" | "error"> =>
  Effect.gen(function* () {
    const { client, clock, manager, sandbox, show, standard, watch } = world
    const url = `${sandbox.apiOrigin}/things?page=1`
    const first = yield* call(world, "typed client", client.get("/things"))
    yield* call(world, "standard client", standard.get(url))
    yield* watch("standard client, elsewhere", standard.get("https://elsewhere.example/things"))
    yield* watch("standard client, surfaced", AuthError.surface(standard.get(url)))
    yield* watch("standard client, filtered", HttpClient.filterStatusOk(standard).get(url))
    yield* watch("typed client, redirects followed", HttpClient.followRedirects(client, 2).get("/things"))
    if (Exit.isSuccess(first)) {
      yield* call(
        world,
        "typed client, POST",
        client.execute(HttpClientRequest.bodyUnsafeJson(post, { a: 1 }))
      )
      // A stream is not sent twice: its 401 comes back.
      yield* call(world, "typed client, stream", client.execute(HttpClientRequest.bodyStream(post, oneByte)))
    }
    const fetch = yield* AuthHttpClient.toFetch(standard)
    if (!leakyBase) {
      yield* callWithOwnHeader(world)
    }
    yield* callFetch(world, "fetch of the typed client", yield* AuthHttpClient.toFetch(client))
    yield* callFetch(world, "fetch of the standard client", fetch)
    yield* callFetch(world, "fetch, aborted", fetch, { signal: AbortSignal.abort() })
    show("fetch, itself", fetch)
    yield* watch("access token", manager.get)
    show("access token of the hot path", manager.unsafeGet())
    yield* watch("status", manager.status)

    // Somebody who does not wait for the end.
    const caller = yield* Effect.fork(client.get("/things"))
    yield* clock.settle
    yield* watch("interrupted caller", Effect.flatten(Fiber.interrupt(caller)))

    yield* callFlow(world, rounds)
    // Gates open, budgets fill up, tokens expire: once more, for what is told the second time.
    for (const pause of ["2 seconds", "1 day"] as const) {
      yield* clock.leap(pause)
      yield* watch("typed client, later", client.get("/things"))
      yield* watch("status, later", manager.status)
    }
    return Exit.isSuccess(first) ? "answer" : "error"
  })
