import * as TokenStore from "@latchkey/core/TokenStore"
import type { TokenSet } from "@latchkey/core/TokenSet"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { corrupt } from "./asking.ts"
import type { Ask } from "./asking.ts"
import * as Scripts from "./scripts.ts"

/** What is used of a client, whichever it is: a command by its name. */
interface Commands {
  readonly call: (command: string, ...args: Array<string | number>) => Promise<unknown>
}

/** As Redis counts: no sign, no leading zero, no fraction. */
const Version = Schema.String.pipe(
  Schema.pattern(/^[1-9]\d{0,15}$/),
  Schema.compose(Schema.NumberFromString),
  Schema.compose(Schema.Int)
)

const Empty = Schema.Tuple(Schema.Null, Schema.Null)
const Removed = Schema.Tuple(Version, Schema.Null)
const Fields = Schema.Union(Empty, Removed, Schema.Tuple(Version, Schema.String))
const SaveAnswer = Schema.Union(
  Schema.Tuple(Schema.Literal(1), Version),
  Schema.Tuple(Schema.Literal(0), Schema.Unknown, Schema.Unknown)
)

const decodeFields = Schema.decodeUnknown(Fields)
const decodeReplies = Schema.decodeUnknown(Schema.Tuple(Schema.Unknown, SaveAnswer))

/**
 * How long a token set may lie beside its record, should nobody come for it. It lies there because
 * ioredis and OpenTelemetry trace the arguments of EVAL in full, and of SET nothing but the key (R15).
 */
const stagedMillis = 10_000

/** Where the parts of a key are. */
interface Keys {
  readonly record: (key: string) => string
  readonly staged: (key: string, id: string) => string
  readonly lease: (key: string) => string
}

/** 100 years: what Redis can add to its clock without an overflow. */
const longestLease = Duration.toMillis("36500 days")

const leaseMillis = (timeToLive: Duration.DurationInput): number =>
  Math.min(longestLease, Math.max(1, Math.ceil(Duration.toMillis(timeToLive))))

const versionOf = (current: Option.Option<TokenStore.Stored>): number =>
  Option.match(current, { onNone: () => 0, onSome: ({ version }) => version })

/** A ParseError repeats the record: it must not travel on (R15). */
const stored = Effect.fnUntraced(function* (fields: unknown) {
  const [version, text] = yield* Effect.mapError(decodeFields(fields), () => corrupt)
  return version === null || text === null
    ? Option.none<TokenStore.Stored>()
    : Option.some<TokenStore.Stored>({
        tokens: yield* Effect.mapError(TokenStore.decodeTokens(text), () => corrupt),
        version
      })
})

const makeRecords = (client: Commands, ask: Ask, keys: Keys) => {
  const load = (key: string): Effect.Effect<Option.Option<TokenStore.Stored>, TokenStore.StoreError> =>
    Effect.flatMap(
      ask(() => client.call("hmget", keys.record(key), "version", "tokens")),
      stored
    )

  const save = Effect.fnUntraced(function* (key: string, tokens: TokenSet, expectedVersion: number) {
    const text = yield* TokenStore.encodeTokens(tokens)
    // First: a record that cannot be read must not be overwritten, whatever its version says.
    const current = yield* load(key)
    if (versionOf(current) !== expectedVersion) {
      return TokenStore.Saved.Conflict({ current })
    }
    const staged = keys.staged(key, crypto.randomUUID())
    const replies = yield* ask(() =>
      // Sent together: a second command, and no second round trip.
      Promise.all([
        client.call("set", staged, text, "PX", stagedMillis),
        client.call("eval", Scripts.save, 2, keys.record(key), staged, expectedVersion)
      ])
    )
    const [, answer] = yield* Effect.mapError(decodeReplies(replies), () => corrupt)
    return answer[0] === 1
      ? TokenStore.Saved.Written({ version: answer[1] })
      : TokenStore.Saved.Conflict({ current: yield* stored([answer[1], answer[2]]) })
  })

  const remove = (key: string): Effect.Effect<void, TokenStore.StoreError> =>
    // The version stays behind, so that the next one is greater.
    Effect.zipRight(load(key), Effect.asVoid(ask(() => client.call("hdel", keys.record(key), "tokens"))))

  return { load, save, remove }
}

const makeLeases = (client: Commands, ask: Ask, keys: Keys): TokenStore.Service["lease"] => {
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
      const run = (script: string, ...args: Array<string | number>) =>
        Effect.map(
          ask(() => client.call("eval", script, 1, keys.lease(key), owner, ...args)),
          (answer) => answer === 1
        )
      return run(Scripts.take, millis).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) {
              unanswered.set(key, owner)
            }
          })
        ),
        Effect.map((granted) =>
          granted
            ? Option.some<TokenStore.Lease>({
                renew: run(Scripts.renew, millis),
                release: Effect.asVoid(run(Scripts.release))
              })
            : Option.none()
        )
      )
    })
}

/** A store over a client that is connected, or will be. */
export const makeStore = (client: Commands, ask: Ask, prefix: string): TokenStore.Service => {
  // Braces: in a cluster, all of one key stands on one node.
  const keys: Keys = {
    record: (key) => `${prefix}:{${key}}:record`,
    staged: (key, id) => `${prefix}:{${key}}:staged:${id}`,
    lease: (key) => `${prefix}:{${key}}:lease`
  }
  return {
    [TokenStore.TypeId]: TokenStore.TypeId,
    name: "Redis",
    shared: true,
    ...makeRecords(client, ask, keys),
    lease: makeLeases(client, ask, keys)
  }
}
