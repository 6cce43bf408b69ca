import * as TokenSet from "@latchkey/core/TokenSet"
import * as TokenStore from "@latchkey/core/TokenStore"
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { Options, Place } from "../TokenStoreSuite.ts"

/** How time passes for a store. */
export interface Time {
  /** The time to live of a lease, in milliseconds; long enough for a slow machine to do a few things. */
  readonly timeToLive: number
  /** How close to its end a lease is looked at, in milliseconds. */
  readonly precision: number
  readonly pass: (place: Place, millis: number) => Effect.Effect<void, unknown>
  /** How often a property is tried. */
  readonly runs: number
}

const byTestClock: Time = {
  timeToLive: 30_000,
  precision: 1,
  pass: (_, millis) => TestClock.adjust(Duration.millis(millis)),
  runs: 50
}

const byOwnClock: Time = {
  timeToLive: 2_000,
  precision: 400,
  pass: (_, millis) => Effect.sleep(Duration.millis(millis)),
  runs: 5
}

/** The time to live of a lease whose end no test waits for: no machine is so slow. */
export const ample = 3_600_000

/** Far more than any machine needs for a test. */
const bySetClock: Time = {
  timeToLive: ample,
  precision: ample / 4,
  pass: ({ forward }, millis) =>
    forward === undefined ? Effect.dieMessage("a place whose clock is set needs `forward`") : forward(millis),
  runs: 5
}

const times = { effect: byTestClock, set: bySetClock, own: byOwnClock }

export const timeOf = (options: Options): Time => {
  const time = times[options.clock ?? "effect"]
  return { ...time, runs: options.runs ?? time.runs }
}

/** A test under the clock that the store takes its time from. */
export const testOf = (options: Options) =>
  (options.clock ?? "effect") === "effect" ? it.scoped : it.scopedLive

type Opened = Effect.Effect<TokenStore.Service, unknown, Scope.Scope>

/** Opens the store at a place: a process does, once. */
export const open = ({ layer }: Place): Opened =>
  // Fresh: a layer that is built twice within one runtime would be shared.
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, TokenStore.TokenStore))

/** Opens it as another process. */
export const openElsewhere = ({ elsewhere, layer }: Place): Opened => open({ layer: elsewhere ?? layer })

/** A store of one's own. */
export const opened = ({ place }: Options): Opened => Effect.flatMap(place, open)

/** A token set in which everything has the same number: a mixture of two shows. */
export const numbered = (number: number): TokenSet.TokenSet =>
  TokenSet.startedFrom(
    Either.getOrThrow(
      TokenSet.fromAnswer({
        accessToken: `access-${number}`,
        lifetime: 3_600_000,
        sentAt: number,
        refreshToken: `refresh-${number}`,
        refreshExpiresAt: number,
        scope: `scope-${number}`
      })
    ),
    Option.some(Redacted.make(`origin-${number}`))
  )

/** Not `deepStrictEqual`, to which any two redacted values are alike. */
const assertSame = (actual: TokenSet.TokenSet, expected: TokenSet.TokenSet): void =>
  assert.isTrue(Equal.equals(actual, expected), "the token set is another one than was saved")

/** The number of a token set, which must not be a mixture. */
export const numberOf = (tokens: TokenSet.TokenSet): number => {
  assertSame(tokens, numbered(tokens.issuedAt))
  return tokens.issuedAt
}

/** Asserts what a store holds of a key. */
export const assertRecord = (
  actual: Option.Option<TokenStore.Stored>,
  expected: Option.Option<TokenStore.Stored>
): void => {
  assert.deepStrictEqual(
    Option.map(actual, ({ version }) => version),
    Option.map(expected, ({ version }) => version)
  )
  if (Option.isSome(actual) && Option.isSome(expected)) {
    assertSame(actual.value.tokens, expected.value.tokens)
  }
}

export const written = (saved: TokenStore.Saved): number =>
  TokenStore.Saved.$match(saved, {
    Written: ({ version }) => version,
    Conflict: () => assert.fail("expected Written, got Conflict")
  })

export const conflict = (saved: TokenStore.Saved): Option.Option<TokenStore.Stored> =>
  TokenStore.Saved.$match(saved, {
    Written: () => assert.fail("expected Conflict, got Written"),
    Conflict: ({ current }) => current
  })

/** A record that must be there. */
export const stored = (record: Option.Option<TokenStore.Stored>): TokenStore.Stored =>
  Option.getOrThrowWith(record, () => new Error("expected a record, got none"))

/** A lease that must have been granted. */
export const granted = (lease: Option.Option<TokenStore.Lease>): TokenStore.Lease =>
  Option.getOrThrowWith(lease, () => new Error("expected a lease, got none"))
