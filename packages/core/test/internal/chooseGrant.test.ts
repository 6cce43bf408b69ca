import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { chooseGrant, isUsable, login, type HeldGrant } from "../../src/internal/chooseGrant.ts"
import { RefreshToken } from "../../src/TokenSet.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const grant = (expiresAt?: number): HeldGrant => ({
  refreshToken: new RefreshToken({
    value: Redacted.make("refresh"),
    expiresAt: Option.fromNullable(expiresAt)
  }),
  accessToken: Option.none(),
  origin: Option.none()
})

const both = { canLogin: true, canRefresh: true }
const loginOnly = { canLogin: true, canRefresh: false }
const refreshOnly = { canLogin: false, canRefresh: true }
const neither = { canLogin: false, canRefresh: false }

describe("chooseGrant", () => {
  it("R5: a refresh token is usable up to its expiry; one without an expiry always", () => {
    assert.isTrue(isUsable(grant(1_000), 999))
    assert.isFalse(isUsable(grant(1_000), 1_000))
    assert.isFalse(isUsable(grant(1_000), 1_001))
    assert.isFalse(isUsable(grant(1_000), Number.POSITIVE_INFINITY))
    assert.isTrue(isUsable(grant(), 0))
    assert.isTrue(isUsable(grant(), Number.MAX_SAFE_INTEGER))
    // Nothing is known of such an end: the provider says when it is over, and a grant is not given up before.
    assert.isTrue(isUsable(grant(Number.NaN), 0))
  })

  it("R5: a usable refresh token: refresh, with the very grant that is held", () => {
    for (const flow of [both, refreshOnly]) {
      for (const held of [grant(), grant(1_001)]) {
        const chosen = chooseGrant(Option.some(held), flow, 1_000)
        assert.strictEqual(chosen._tag, "Refresh")
        assert.strictEqual(chosen._tag === "Refresh" && chosen.grant, held)
      }
    }
  })

  it("R5: none, an expired one, or a flow that cannot refresh: login", () => {
    assert.strictEqual(chooseGrant(Option.none(), both, 1_000), login)
    assert.strictEqual(chooseGrant(Option.some(grant(1_000)), both, 1_000), login)
    assert.strictEqual(chooseGrant(Option.some(grant()), loginOnly, 1_000), login)
    assert.strictEqual(chooseGrant(Option.none(), loginOnly, 1_000), login)
  })

  it("R5: no login in this flow: exhausted, and since when", () => {
    for (const flow of [refreshOnly, neither]) {
      assert.deepStrictEqual(chooseGrant(Option.none(), flow, 1_000), {
        _tag: "Exhausted",
        expiredAt: undefined
      })
      assert.deepStrictEqual(chooseGrant(Option.some(grant(900)), flow, 1_000), {
        _tag: "Exhausted",
        expiredAt: 900
      })
    }
    assert.deepStrictEqual(chooseGrant(Option.some(grant()), neither, 1_000), {
      _tag: "Exhausted",
      expiredAt: undefined
    })
  })

  it.prop(
    "R5: refresh exactly where it is possible, else login exactly where that is",
    {
      now: FastCheck.integer({ min: 0, max: 2_000 }),
      held: FastCheck.option(FastCheck.option(FastCheck.integer({ min: 0, max: 2_000 }), { nil: undefined })),
      canLogin: FastCheck.boolean(),
      canRefresh: FastCheck.boolean()
    },
    ({ canLogin, canRefresh, held, now }) => {
      const chosen = chooseGrant(
        held === null ? Option.none() : Option.some(grant(held)),
        { canLogin, canRefresh },
        now
      )
      const refreshable = canRefresh && held !== null && (held === undefined || held > now)
      assert.strictEqual(chosen._tag, refreshable ? "Refresh" : canLogin ? "Login" : "Exhausted")
    },
    runs
  )
})
