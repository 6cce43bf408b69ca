import * as TokenStore from "@latchkey/core/TokenStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Ask } from "./asking.ts"
import type { Statements } from "./statements.ts"

const corrupt = new TokenStore.StoreError({
  reason: "corrupt",
  message:
    "The row of latchkey_tokens is not one of Latchkey's: check that nothing else writes the table, or delete the row."
})

const Version = Schema.compose(Schema.NumberFromString, Schema.Int.pipe(Schema.positive()))

const decodeRow = Schema.decodeUnknown(
  Schema.Struct({ version: Version, tokens: Schema.NullOr(Schema.String) })
)
const decodeVersion = Schema.decodeUnknown(Schema.Struct({ version: Version }))

/** What a driver can take for a time to live: PostgreSQL knows no interval without an end. */
const longestLease = Duration.toMillis("36500 days")

const leaseMillis = (timeToLive: Duration.DurationInput): number =>
  Math.min(longestLease, Math.max(1, Math.ceil(Duration.toMillis(timeToLive))))

const versionOf = (current: Option.Option<TokenStore.Stored>): number =>
  Option.match(current, { onNone: () => 0, onSome: ({ version }) => version })

const makeRecords = (statements: Statements, ask: Ask) => {
  const load = (key: string): Effect.Effect<Option.Option<TokenStore.Stored>, TokenStore.StoreError> =>
    Effect.gen(function* () {
      const [row] = yield* ask(statements.read(key))
      if (row === undefined) {
        return Option.none()
      }
      // A ParseError repeats the row: it must not travel on (R15).
      const { tokens, version } = yield* Effect.mapError(decodeRow(row), () => corrupt)
      return tokens === null
        ? Option.none()
        : Option.some({
            tokens: yield* Effect.mapError(TokenStore.decodeTokens(tokens), () => corrupt),
            version
          })
    })

  const save = Effect.fnUntraced(function* (
    key: string,
    tokens: Parameters<TokenStore.Service["save"]>[1],
    expectedVersion: number
  ) {
    const text = yield* TokenStore.encodeTokens(tokens)
    // First: a record that cannot be read must not be overwritten, whatever its version says.
    const current = yield* load(key)
    if (versionOf(current) === expectedVersion) {
      const [row] = yield* ask(
        expectedVersion === 0 ? statements.insert(key, text) : statements.update(key, text, expectedVersion)
      )
      if (row !== undefined) {
        return TokenStore.Saved.Written(yield* Effect.mapError(decodeVersion(row), () => corrupt))
      }
      return TokenStore.Saved.Conflict({ current: yield* load(key) })
    }
    return TokenStore.Saved.Conflict({ current })
  })

  const remove = (key: string): Effect.Effect<void, TokenStore.StoreError> =>
    Effect.zipRight(load(key), Effect.asVoid(ask(statements.forget(key))))

  return { load, save, remove }
}

const makeLeases = (statements: Statements, ask: Ask): TokenStore.Service["lease"] => {
  /**
   * Owners for whom a lease was asked without learning the answer. It may have been granted: who asks
   * again in their name gets it back, instead of waiting for it to end.
   */
  const unanswered = new Map<string, string>()
  return (key, timeToLive) =>
    Effect.suspend(() => {
      const millis = leaseMillis(timeToLive)
      // Nobody can guess it, in this process or another.
      const owner = unanswered.get(key) ?? crypto.randomUUID()
      unanswered.delete(key)
      return ask(statements.held(key, owner)).pipe(
        Effect.flatMap((rows) =>
          rows.length > 0 ? Effect.succeed([]) : ask(statements.take(key, owner, millis))
        ),
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) {
              unanswered.set(key, owner)
            }
          })
        ),
        Effect.map((rows) =>
          rows.length === 0
            ? Option.none()
            : Option.some<TokenStore.Lease>({
                renew: Effect.map(ask(statements.renew(key, owner, millis)), (rows) => rows.length > 0),
                release: Effect.asVoid(ask(statements.release(key, owner)))
              })
        )
      )
    })
}

/** A store over statements that may have to create their tables first. */
export const makeStore = (statements: Statements, ask: Ask): TokenStore.Service => ({
  [TokenStore.TypeId]: TokenStore.TypeId,
  name: statements.name,
  shared: true,
  ...makeRecords(statements, ask),
  lease: makeLeases(statements, ask)
})
