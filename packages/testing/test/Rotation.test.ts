import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { Fault, Ledger, type Sandbox, type Wire } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { type Rotating, rotating } from "./support/drivers.ts"
import { type Connection, getWith, memory, worlds } from "./support/world.ts"

/** The token set of this number: the sandbox counts both kinds, and here they go up together. */
const tokenSet = (sandbox: Sandbox.Sandbox, number: number): Wire.Minted => {
  const token = (kind: "access" | "refresh"): Wire.Token => ({
    value: `${sandbox.provider}-${kind}-${number}-n0nce`,
    number,
    lifetime: 0,
    expiresAt: 0
  })
  return { accessToken: token("access"), refreshToken: Option.some(token("refresh")) }
}

const setUp = (world: typeof memory, driver: Rotating, revokeOnReuse: boolean | undefined) =>
  Effect.gen(function* () {
    const sandbox = yield* driver.make(revokeOnReuse === undefined ? {} : { revokeOnReuse })
    const connection = yield* world.connect(sandbox)
    return { sandbox, ...statuses(driver, sandbox, connection) }
  })

const statuses = (driver: Rotating, sandbox: Sandbox.Sandbox, connection: Connection) => ({
  refresh: (number: number) =>
    Effect.map(driver.refresh(connection, tokenSet(sandbox, number)), ({ status }) => status),
  api: (number: number) =>
    Effect.map(
      getWith(connection.client, `${connection.apiUrl}/v1/x`, tokenSet(sandbox, number).accessToken.value),
      ({ status }) => status
    )
})

describe.each(rotating)("$name rotates", (driver) => {
  describe.each(worlds)("$name", (world) => {
    it.scoped("each refresh token pays for one refresh, and access tokens outlive their refresh token", () =>
      Effect.gen(function* () {
        const { api, refresh, sandbox } = yield* setUp(world, driver, undefined)
        yield* sandbox.issue
        assert.deepStrictEqual([yield* refresh(1), yield* refresh(2), yield* refresh(3)], [200, 200, 200])
        assert.deepStrictEqual([yield* api(1), yield* api(4)], [200, 200])
        assert.deepStrictEqual(
          Ledger.entries(yield* sandbox.ledger, "Refresh").map(
            ({ presented, refreshTokenNumber, tokenNumber }) => [presented, tokenNumber, refreshTokenNumber]
          ),
          [
            [1, 2, 2],
            [2, 3, 3],
            [3, 4, 4]
          ]
        )
      })
    )

    it.scoped("reuse revokes the whole grant, and no other", () =>
      Effect.gen(function* () {
        const { api, refresh, sandbox } = yield* setUp(world, driver, undefined)
        yield* sandbox.issue
        yield* sandbox.issue
        yield* refresh(1)
        yield* refresh(3)
        yield* sandbox.clearLedger
        assert.strictEqual(yield* refresh(1), 401)
        assert.deepStrictEqual([yield* api(1), yield* api(3), yield* api(4)], [401, 401, 401])
        assert.strictEqual(yield* refresh(4), 401)
        assert.strictEqual(yield* api(2), 200)
        assert.strictEqual(yield* refresh(2), 200)
        assert.deepStrictEqual(
          (yield* sandbox.ledger).filter(({ _tag }) => _tag !== "Request"),
          [
            Ledger.Entry.Reuse({ at: 0, refreshTokenNumber: 1 }),
            Ledger.Entry.Refused({ at: 0, endpoint: "refresh", status: 401, why: "spent" }),
            Ledger.Entry.Refused({ at: 0, endpoint: "refresh", status: 401, why: "revoked" }),
            Ledger.Entry.Refresh({ at: 0, presented: 2, tokenNumber: 5, refreshTokenNumber: 5 })
          ]
        )
      })
    )

    it.scoped("revokeOnReuse: false, reuse is refused and hurts nobody", () =>
      Effect.gen(function* () {
        const { api, refresh, sandbox } = yield* setUp(world, driver, false)
        yield* sandbox.issue
        yield* refresh(1)
        assert.strictEqual(yield* refresh(1), 401)
        assert.deepStrictEqual([yield* api(1), yield* api(2)], [200, 200])
        assert.strictEqual(yield* refresh(2), 200)
        assert.strictEqual(Ledger.count(yield* sandbox.ledger).reuses, 1)
      })
    )

    it.scoped("R8: ResetAfter has spent the token, and trying it again costs the grant", () =>
      Effect.gen(function* () {
        const { api, refresh, sandbox } = yield* setUp(world, driver, undefined)
        yield* sandbox.issue
        yield* sandbox.fault("refresh", Fault.ResetAfter())
        yield* Effect.flip(refresh(1))
        assert.strictEqual(yield* api(1), 200)
        assert.strictEqual(yield* refresh(1), 401)
        // The pair that was minted and never arrived is gone as well.
        assert.deepStrictEqual([yield* api(1), yield* api(2), yield* refresh(2)], [401, 401, 401])
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, reuses: 1 })
      })
    )

    it.scoped("R8: ResetBefore has spent nothing", () =>
      Effect.gen(function* () {
        const { refresh, sandbox } = yield* setUp(world, driver, undefined)
        yield* sandbox.issue
        yield* sandbox.fault("refresh", Fault.ResetBefore())
        yield* Effect.flip(refresh(1))
        assert.strictEqual(yield* refresh(1), 200)
        assert.deepInclude(Ledger.count(yield* sandbox.ledger), { refreshes: 1, reuses: 0 })
      })
    )
  })

  it.scoped("a spent refresh token is a reuse for ever: expired, revoked or both", () =>
    Effect.gen(function* () {
      const { refresh, sandbox } = yield* setUp(memory, driver, undefined)
      yield* sandbox.issue
      yield* refresh(1)
      yield* sandbox.revokeRefreshTokens
      yield* refresh(1)
      yield* sandbox.expireRefreshTokens
      yield* refresh(1)
      assert.deepInclude(Ledger.count(yield* sandbox.ledger), { reuses: 2, refusals: 2 })
    })
  )

  it.effect.prop(
    "whatever is presented in whatever order, what happens is what a pure model says",
    [
      FastCheck.boolean(),
      FastCheck.array(FastCheck.oneof(FastCheck.constant("issue" as const), FastCheck.nat(11)), {
        maxLength: 40
      })
    ],
    ([revokes, commands]) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { api, refresh, sandbox } = yield* setUp(memory, driver, revokes)
          /** By number, from 1: the grant, and whether it is live. */
          const refreshTokens: Array<{ grant: number; status: "live" | "spent" | "revoked" }> = []
          const dead = new Set<number>()
          let reuses = 0

          for (const command of commands) {
            if (command === "issue") {
              yield* sandbox.issue
              refreshTokens.push({ grant: refreshTokens.length, status: "live" })
              continue
            }
            const presented = refreshTokens[command]
            assert.strictEqual(yield* refresh(command + 1), presented?.status === "live" ? 200 : 401)
            if (presented?.status === "live") {
              presented.status = "spent"
              refreshTokens.push({ grant: presented.grant, status: "live" })
            } else if (presented?.status === "spent") {
              reuses++
              if (revokes) {
                dead.add(presented.grant)
                for (const token of refreshTokens) {
                  if (token.grant === presented.grant && token.status === "live") {
                    token.status = "revoked"
                  }
                }
              }
            }
          }

          for (const [index, { grant }] of refreshTokens.entries()) {
            assert.strictEqual(yield* api(index + 1), dead.has(grant) ? 401 : 200)
          }
          assert.strictEqual(Ledger.count(yield* sandbox.ledger).reuses, reuses)
        })
      )
  )
})
