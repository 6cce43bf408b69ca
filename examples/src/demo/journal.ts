import type * as AuthEvent from "@latchkey/core/AuthEvent"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Ref from "effect/Ref"

/** What the script did to a provider; `at` is epoch milliseconds. */
export type Incident = Data.TaggedEnum<{
  TokensRevoked: { readonly at: number }
  OutageBegan: { readonly at: number }
  OutageEnded: { readonly at: number }
  RefreshTokenExpired: { readonly at: number }
}>

export const Incident = Data.taggedEnum<Incident>()

/** All that can happen to a token: what its manager says, and what was done to it. */
export type Happening = AuthEvent.AuthEvent | Incident

/** One call of an API, as its caller saw it. */
export interface Call {
  /** When it began, in epoch milliseconds. */
  readonly at: number
  readonly millis: number
  /** Why it failed. None: it succeeded. */
  readonly failure: Option.Option<string>
}

/** What was written down about one provider, oldest first. */
export interface Pages {
  readonly calls: ReadonlyArray<Call>
  readonly happenings: ReadonlyArray<Happening>
}

/** Writes down what happens at one provider. */
export interface Journal {
  readonly call: (call: Call) => Effect.Effect<void>
  readonly happened: (happening: Happening) => Effect.Effect<void>
  readonly pages: Effect.Effect<Pages>
}

/** An empty journal. `show` is told of each happening after it was written down. */
export const make = (show: (happening: Happening) => Effect.Effect<void>): Effect.Effect<Journal> =>
  Effect.gen(function* () {
    const calls = yield* Ref.make(Chunk.empty<Call>())
    const happenings = yield* Ref.make(Chunk.empty<Happening>())
    return {
      call: (call) => Ref.update(calls, Chunk.append(call)),
      happened: (happening) =>
        Effect.zipRight(Ref.update(happenings, Chunk.append(happening)), show(happening)),
      pages: Effect.map(Effect.all([Ref.get(calls), Ref.get(happenings)]), ([calls, happenings]) => ({
        calls: Chunk.toReadonlyArray(calls),
        happenings: Chunk.toReadonlyArray(happenings)
      }))
    }
  })
