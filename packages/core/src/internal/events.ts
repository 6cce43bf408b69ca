import type * as Clock from "effect/Clock"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type { AuthEvent } from "../AuthEvent.ts"
import * as Notices from "./notices.ts"
import { writeLine } from "./writeLine.ts"

/** How many events a slow subscriber may lag behind before it loses the oldest. */
const backlog = 256

/** One subscriber. Not a `PubSub`, nor a `Mailbox`: either would be the largest part of a bundle with us. */
class Subscriber {
  #events: Array<AuthEvent> = []
  #ended = false
  #news: Deferred.Deferred<void> | undefined

  offer(event: AuthEvent): void {
    if (this.#events.length === backlog) {
      this.#events.shift()
    }
    this.#events.push(event)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  #wake(): void {
    if (this.#news !== undefined) {
      Deferred.unsafeDone(this.#news, Effect.void)
      this.#news = undefined
    }
  }

  take(): Effect.Effect<Chunk.Chunk<AuthEvent>, Option.Option<never>> {
    return Effect.suspend(() => {
      if (this.#events.length > 0) {
        const events = Chunk.unsafeFromArray(this.#events)
        this.#events = []
        return Effect.succeed(events)
      }
      if (this.#ended) {
        return Effect.fail(Option.none())
      }
      this.#news ??= Deferred.unsafeMake(FiberId.none)
      return Effect.zipRight(Deferred.await(this.#news), this.take())
    })
  }
}

/** R19: where a manager tells what happens. Logs what a person has to know. */
export class Events {
  readonly #subject: Notices.Subject
  readonly #clock: Clock.Clock
  readonly #runtime: Runtime.Runtime<never>
  #said: Notices.State = Notices.silent
  /** Made for the first of them: most managers have none. */
  #subscribers: Set<Subscriber> | undefined

  constructor(subject: Notices.Subject, clock: Clock.Clock, runtime: Runtime.Runtime<never>) {
    this.#subject = subject
    this.#clock = clock
    this.#runtime = runtime
  }

  get provider(): string {
    return this.#subject.provider
  }

  /** What every event tells. */
  get common(): { readonly provider: string; readonly at: number } {
    return { provider: this.provider, at: this.#clock.unsafeCurrentTimeMillis() }
  }

  emit(event: AuthEvent): void {
    this.#subscribers?.forEach((subscriber) => subscriber.offer(event))
    this.#log(event)
  }

  /** The store did what it was asked: no event, but perhaps the end of a trouble. */
  storeAnswered(action: "load" | "save" | "lease"): void {
    if (this.#said.failing.length > 0) {
      this.#log({ _tag: "StoreAnswered", action })
    }
  }

  #log(happening: Notices.Happening): void {
    const decision = Notices.decide(
      this.#said,
      this.#subject,
      happening,
      this.#clock.unsafeCurrentTimeMillis()
    )
    this.#said = decision.state
    decision.lines.forEach((line) => this.say(line))
  }

  /** Logs a line. */
  say(line: Notices.Line): void {
    writeLine(this.#runtime, this.provider, line)
  }

  get stream(): Stream.Stream<AuthEvent> {
    return Stream.unwrapScoped(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const subscriber = new Subscriber()
            this.#subscribers ??= new Set()
            this.#subscribers.add(subscriber)
            return subscriber
          }),
          (subscriber) => Effect.sync(() => this.#subscribers?.delete(subscriber))
        ),
        (subscriber) => Stream.repeatEffectChunkOption(subscriber.take())
      )
    )
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => this.#subscribers?.forEach((subscriber) => subscriber.end()))
  }
}
