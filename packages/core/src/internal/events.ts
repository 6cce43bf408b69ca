import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { AuthEvent } from "../AuthEvent.ts"

/** How many events a slow subscriber may lag behind before it loses the oldest. */
const backlog = 256

/** R19: where a manager tells what happens. Costs nothing while nobody listens. */
export class Events {
  readonly provider: string
  readonly #clock: Clock.Clock
  #hub: PubSub.PubSub<AuthEvent> | undefined

  constructor(provider: string, clock: Clock.Clock) {
    this.provider = provider
    this.#clock = clock
  }

  /** What every event tells. */
  get common(): { readonly provider: string; readonly at: number } {
    return { provider: this.provider, at: this.#clock.unsafeCurrentTimeMillis() }
  }

  emit(event: AuthEvent): void {
    this.#hub?.unsafeOffer(event)
  }

  get stream(): Stream.Stream<AuthEvent> {
    return Stream.unwrapScoped(
      Effect.gen(this, function* () {
        // Made for the first subscriber: most managers have none.
        const hub = this.#hub ?? (yield* PubSub.sliding<AuthEvent>(backlog))
        this.#hub ??= hub
        return Stream.fromQueue(yield* PubSub.subscribe(this.#hub))
      })
    )
  }

  get close(): Effect.Effect<void> {
    return Effect.suspend(() => (this.#hub === undefined ? Effect.void : PubSub.shutdown(this.#hub)))
  }
}
