import type * as Clock from "effect/Clock"
import * as Runtime from "effect/Runtime"
import type { AuthFlow } from "../AuthFlow.ts"
import type * as RefreshPolicy from "../RefreshPolicy.ts"
import { Events } from "./events.ts"
import { Grants } from "./grants.ts"
import type { Leasing } from "./leasing.ts"
import { Serving } from "./serving.ts"
import type { Share } from "./sharing.ts"
import type { StoreSession } from "./storeSession.ts"
import { Throttle } from "./throttle.ts"

/**
 * What one manager is made of. A part sees the others through it, and not by a reference to each: there
 * is a manager for each tenant.
 */
export class Parts {
  readonly flow: AuthFlow
  readonly policy: RefreshPolicy.Resolved
  readonly clock: Clock.Clock
  readonly runtime: Runtime.Runtime<never>
  readonly events: Events
  readonly grants: Grants
  readonly serving: Serving
  readonly throttle: Throttle
  readonly store: StoreSession | undefined
  readonly leasing: Leasing | undefined

  constructor(
    flow: AuthFlow,
    policy: RefreshPolicy.Resolved,
    share: Share | undefined,
    clock: Clock.Clock,
    runtime: Runtime.Runtime<never>
  ) {
    this.flow = flow
    this.policy = policy
    this.clock = clock
    this.runtime = runtime
    this.events = new Events(flow, clock, runtime)
    this.grants = new Grants(this)
    this.serving = new Serving(this)
    this.throttle = new Throttle(this)
    const sharing = share?.(this.events, Runtime.runFork(runtime))
    this.store = sharing?.session
    this.leasing = sharing?.leasing
  }

  /** Epoch milliseconds. */
  now(): number {
    return this.clock.unsafeCurrentTimeMillis()
  }
}
