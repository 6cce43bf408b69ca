import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Lease, Service } from "../TokenStore.ts"

/** Leases between the managers of one process. The owner is the object itself: nobody can guess it. */
export const makeLeases = (): Service["lease"] => {
  const held = new Map<string, { until: number }>()
  return (key, timeToLive) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const holder = held.get(key)
      if (holder !== undefined && now < holder.until) {
        return Option.none()
      }
      const millis = Duration.toMillis(timeToLive)
      const owner = { until: now + millis }
      held.set(key, owner)
      return Option.some<Lease>({
        renew: Effect.map(Clock.currentTimeMillis, (at) => {
          // One that ended is lost, even if nobody has taken it yet: its owner has slept on it.
          const ours = held.get(key) === owner && at < owner.until
          if (ours) {
            owner.until = at + millis
          }
          return ours
        }),
        release: Effect.sync(() => {
          if (held.get(key) === owner) {
            held.delete(key)
          }
        })
      })
    })
}
