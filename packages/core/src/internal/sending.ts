import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"

/**
 * R8: how far one mint has come. A flow that does not say when it begins to send may have sent its
 * request from the beginning.
 */
export interface Sending {
  stage: "unknown" | "preparing" | "sent"
}

export const start = (): Sending => ({ stage: "unknown" })

/** Whether the provider may have got what the mint presents. */
export const mayBeSent = ({ stage }: Sending): boolean => stage !== "preparing"

const current = globalValue("@latchkey/core/internal/sending", () =>
  FiberRef.unsafeMake<Sending | undefined>(undefined)
)

/** Lets what runs within say how far it has come. */
export const track = <A, E>(effect: Effect.Effect<A, E>, sending: Sending): Effect.Effect<A, E> =>
  Effect.locally(effect, current, sending)

/** What comes before a request. Where it fails, or is interrupted, nothing was sent. */
export const prepare = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(FiberRef.get(current), (sending) => {
    // What was sent once stays so; what is prepared within a preparation is a part of it.
    if (sending === undefined || sending.stage !== "unknown") {
      return effect
    }
    sending.stage = "preparing"
    return Effect.tap(effect, () => {
      sending.stage = "unknown"
      return Effect.void
    })
  })

/** A request goes out, unless it is itself a part of what comes before one. */
export const sent: Effect.Effect<void> = Effect.map(FiberRef.get(current), (sending) => {
  if (sending?.stage === "unknown") {
    sending.stage = "sent"
  }
})
