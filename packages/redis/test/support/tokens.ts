import * as TokenSet from "@latchkey/core/TokenSet"
import type * as TokenStore from "@latchkey/core/TokenStore"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

/** A token set with a number in its name. */
export const numbered = (number: number): TokenSet.TokenSet =>
  Either.getOrThrow(
    TokenSet.fromAnswer({
      accessToken: `secret-access-${number}`,
      lifetime: 3_600_000,
      sentAt: number,
      refreshToken: `secret-refresh-${number}`
    })
  )

/** 0: there is no record. */
export const versionOf = (record: Option.Option<TokenStore.Stored>): number =>
  Option.match(record, { onNone: () => 0, onSome: ({ version }) => version })
