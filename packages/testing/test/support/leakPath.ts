import type * as AuthFlow from "@latchkey/core/AuthFlow"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Redacted from "effect/Redacted"
import type { Fault, Ledger, Sandbox, Wire } from "@latchkey/testing"
import type { LeakClock } from "./leakClock.ts"
import type { Driver, Live, Store } from "./leakDrivers.ts"

/** What a failure path knows before the layers are built. */
export interface Seed {
  readonly driver: Driver
  /** Stands in every secret and every token of this world, and nowhere else. */
  readonly nonce: string
  /** Off while a world is arranged, on from the failure on. */
  readonly armed: { on: boolean }
  readonly clock: LeakClock
}

/** What a failure path puts in place of what works. */
export interface Setup {
  /** What a token endpoint answers; none: what the sandbox does. `nth` counts its requests from 0. */
  readonly answer?: (request: Wire.SandboxRequest, nth: number) => Wire.SandboxResponse | undefined
  readonly base?: (base: HttpClient.HttpClient) => HttpClient.HttpClient
  readonly secret?: (secret: Redacted.Redacted<string>) => AuthFlow.Secret
  readonly store?: Store
}

/** One process of an application. */
interface Process extends Live {
  /** Closes the scope of its layers. */
  readonly close: Effect.Effect<void>
}

/** One application, one provider, and what was handed out. */
export interface World extends Seed, Process {
  readonly sandbox: Sandbox.Sandbox
  /** Shows what we hand out. */
  readonly show: (surface: string, value: unknown) => void
  /** Runs an effect to its end, however long it takes, and shows what becomes of it. */
  readonly watch: <A, E>(surface: string, effect: Effect.Effect<A, E>) => Effect.Effect<Exit.Exit<A, E>>
  /** Starts another process of the same application, with the same store. */
  readonly start: Effect.Effect<Process>
}

/** One way for things to go wrong. */
export interface Path {
  readonly name: string
  /** Where it applies. Default: to all. */
  readonly drivers?: (driver: Driver) => boolean
  readonly setup?: (seed: Seed) => Setup
  /** What happens at the moment of failure. */
  readonly fail?: (world: World) => Effect.Effect<void>
  /** What else is done, once all has failed. */
  readonly afterwards?: (world: World) => Effect.Effect<void>
  /** How often the flow itself is asked. Default: 1. */
  readonly rounds?: number
  /**
   * What a first request comes to: an error, or an answer of the API. Default: whichever, for a path that
   * waits for threads (encryption), for which time does not stand still.
   */
  readonly ends?: "error" | "answer"
  /** Drivers for which it ends the other way: they log in where a refresh fails, and so on. */
  readonly otherwise?: ReadonlyArray<string>
  /** Whether a request by one client will do, where what differs is the answer and not what becomes of it. */
  readonly brief?: boolean
  /** Whether the base client itself writes secrets into its errors. Default: false. */
  readonly leakyBase?: boolean
}

/** How a first request of a driver ends in a failure path. */
export const expected = ({ ends, otherwise }: Path, { name }: Driver): Path["ends"] =>
  ends !== undefined && otherwise?.includes(name) === true ? (ends === "error" ? "answer" : "error") : ends

const tokenEndpoints: ReadonlyArray<Ledger.Endpoint> = ["login", "refresh", "validate"]

/** Makes endpoints go wrong from now on. Default: the token endpoints, for ever. */
export const fault = (
  { sandbox }: World,
  fault: Fault.Fault,
  {
    endpoints = tokenEndpoints,
    times = Number.POSITIVE_INFINITY
  }: { readonly endpoints?: ReadonlyArray<Ledger.Endpoint>; readonly times?: number } = {}
): Effect.Effect<void> =>
  Effect.forEach(endpoints, (endpoint) => sandbox.fault(endpoint, fault, { times }), { discard: true })

/** Makes endpoints go wrong in each of these ways, once. Default: the token endpoints. */
export const faultsInTurn = (
  world: World,
  faults: ReadonlyArray<Fault.Fault>,
  endpoints: ReadonlyArray<Ledger.Endpoint> = tokenEndpoints
): Effect.Effect<void> =>
  Effect.forEach(faults, (answer) => fault(world, answer, { endpoints, times: 1 }), { discard: true })

/** Fails with whatever another library throws. */
export const failWith = (error: unknown): Effect.Effect<never, unknown> => Effect.fail(error)
