/**
 * `it` of `@effect/vitest` with a `TestClock` that lets time pass only when nothing can happen without it.
 * Imports vitest: reachable as `@latchkey/testing/SettledTest` only.
 *
 * Effect's own `TestClock` waits for a few turns of the event loop before it moves. That is too short for
 * sockets and for `crypto.subtle`, most of all on a busy machine: time passes before the answer is there.
 *
 * @since 0.1.0
 */
import * as Vitest from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as TestServices from "effect/TestServices"
import { SettledClock } from "./internal/settledClock.ts"

type Test<R> = <A, E>(
  name: string,
  self: Vitest.Vitest.TestFunction<A, E, R, [Vitest.TestContext]>,
  timeout?: number | Vitest.TestOptions
) => void

/** Runs a test by a clock of its own, its finalizers included. */
const settled = <A, E, R>(self: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  new SettledClock().use(Effect.scoped(Effect.suspend(self)))

const effect: Test<TestServices.TestServices> = (name, self, timeout) => {
  Vitest.it.effect(name, (context) => settled(() => self(context)), timeout)
}

const scoped: Test<Scope.Scope | TestServices.TestServices> = (name, self, timeout) => {
  Vitest.it.effect(name, (context) => settled(() => self(context)), timeout)
}

const prop: Vitest.Vitest.Tester<TestServices.TestServices>["prop"] = (name, arbitraries, self, timeout) => {
  Vitest.it.effect.prop(name, arbitraries, (args, context) => settled(() => self(args, context)), timeout)
}

/** A test without effects: vitest's own. */
const plain = (
  name: string,
  self: () => void | Promise<void>,
  timeout?: number | Vitest.TestOptions
): void => {
  Vitest.it(name, typeof timeout === "number" ? { timeout } : (timeout ?? {}), self)
}

/**
 * The `it` of `@effect/vitest` whose `effect`, `scoped` and `effect.prop` run by such a clock. Each test has
 * a clock of its own; `TestClock.adjust`, `setTime` and `sleeps` work on it.
 *
 * @since 0.1.0
 * @category tests
 */
export const it = Object.assign(plain, {
  effect: Object.assign(effect, { prop }),
  prop: Vitest.it.prop,
  scoped
})

const settledClock: Effect.Effect<SettledClock> = Effect.clockWith((clock) =>
  clock instanceof SettledClock
    ? Effect.succeed(clock)
    : Effect.dieMessage(
        "This test does not run by a settled clock: take `it` from @latchkey/testing/SettledTest"
      )
)

/**
 * Waits until nothing can happen any more without time passing.
 *
 * @since 0.1.0
 * @category time
 */
export const settle: Effect.Effect<void> = Effect.flatMap(settledClock, (clock) => clock.settle)

/**
 * Has time wait for something else as well, such as an answer on its way through a socket, until the scope
 * closes.
 *
 * @since 0.1.0
 * @category time
 */
export const waitFor = (isQuiet: () => boolean): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(settledClock, (clock) =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => clock.waitFor(isQuiet)),
        (release) => release
      )
    )
  )
