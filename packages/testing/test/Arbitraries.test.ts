import * as AuthError from "@latchkey/core/AuthError"
import * as Expiry from "@latchkey/core/Expiry"
import * as RefreshPolicy from "@latchkey/core/RefreshPolicy"
import * as TokenSet from "@latchkey/core/TokenSet"
import { Arbitraries } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

const seed = { seed: 1, numRuns: 1_000 }
const century = 100 * 365.25 * 86_400_000

describe("Arbitraries", () => {
  it("lifetime: short and long ones, from a second to a century", () => {
    const lifetimes = FastCheck.sample(Arbitraries.lifetime, seed)
    assert.isTrue(
      lifetimes.every((millis) => Number.isInteger(millis) && millis >= 1_000 && millis <= century)
    )
    assert.include(lifetimes, 1_000)
    assert.include(lifetimes, century)
    for (const bound of [10_000, 3_600_000, 86_400_000, 365 * 86_400_000]) {
      const shorter = lifetimes.filter((millis) => millis < bound).length
      assert.isAbove(shorter, 50)
      assert.isBelow(shorter, 950)
    }
  })

  it.prop(
    "policy: R2 holds under every one of them",
    [Arbitraries.policy, Arbitraries.lifetime, Arbitraries.instant],
    ([policy, lifetime, now]) => {
      const resolved = RefreshPolicy.resolve(policy)
      const timeline = Expiry.timeline(now, lifetime, resolved.jitter, resolved)
      assert.strictEqual(Expiry.phase(timeline, now), "fresh")
      assert.isAtMost(timeline.staleAt, timeline.expiredAt)
      assert.isAtMost(timeline.expiredAt, timeline.expiresAt)
    }
  )

  it.prop("token68: what an Authorization header can carry", [Arbitraries.token68], ([token]) => {
    assert.isTrue(TokenSet.isToken68(token))
  })

  it.effect.prop("tokenSet: comes back from its encoded form", [Arbitraries.tokenSet], ([tokens]) =>
    Effect.gen(function* () {
      const json = Schema.parseJson(TokenSet.TokenSet)
      const decoded = yield* Schema.decode(json)(yield* Schema.encode(json)(tokens))
      assert.isTrue(Equal.equals(decoded, tokens))
      assert.isTrue(TokenSet.isToken68(Redacted.value(tokens.accessToken)))
      assert.isAbove(tokens.expiresAt, tokens.issuedAt)
    })
  )

  it("authError: every tag", () => {
    const tags = new Set(FastCheck.sample(Arbitraries.authError, seed).map(({ _tag }) => _tag))
    assert.deepStrictEqual([...tags].sort(), [
      "AccessDenied",
      "Expired",
      "InvalidResponse",
      "RateLimited",
      "Unauthorized",
      "Unavailable"
    ])
  })

  it.effect.prop("authError: comes back from its encoded form", [Arbitraries.authError], ([error]) =>
    Effect.gen(function* () {
      const json = Schema.parseJson(AuthError.AuthError)
      const encoded = yield* Schema.encode(json)(error)
      const decoded = yield* Schema.decode(json)(encoded)
      assert.isTrue(AuthError.isAuthError(decoded))
      assert.strictEqual(yield* Schema.encode(json)(decoded), encoded)
    })
  )

  it.prop("json: what JSON.parse could have made", [Arbitraries.json], ([value]) => {
    const text = JSON.stringify(value)
    assert.isString(text)
    assert.strictEqual(JSON.stringify(JSON.parse(text)), text)
  })
})
