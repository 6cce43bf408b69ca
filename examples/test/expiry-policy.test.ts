import { MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { it } from "@latchkey/testing/SettledTest"
import { VaultsPay } from "@latchkey/vaultspay"
import { HttpClientRequest } from "@effect/platform"
import { assert, describe } from "@effect/vitest"
import { Effect, FastCheck, Layer, Redacted, TestClock } from "effect"
import { plan, tokenFor } from "../src/expiry-policy/upload.ts"

const lifetime = FastCheck.integer({ min: 60_000, max: 86_400_000 })
const fraction = FastCheck.double({ min: 0, max: 1, noNaN: true })

describe("plan", () => {
  it.effect.prop(
    "start: the token lives when the upload ends; renew first: a new one would; split: none would",
    { lifetime, age: fraction, upload: FastCheck.integer({ min: 1, max: 172_800_000 }) },
    ({ age, lifetime, upload }) =>
      Effect.sync(() => {
        const now = Math.floor(age * lifetime)
        const decision = plan(lifetime, lifetime, upload, now)
        assert.strictEqual(decision === "start", now + upload + 1_000 < lifetime)
        assert.strictEqual(decision === "split", upload + 1_000 >= lifetime)
      })
  )

  it.effect.prop(
    "an older token or a longer upload never needs less",
    { lifetime, age: fraction, older: fraction, upload: fraction, longer: fraction },
    ({ age, lifetime, longer, older, upload }) =>
      Effect.sync(() => {
        const effort = (age: number, upload: number) =>
          ["start", "renew first", "split"].indexOf(plan(lifetime, lifetime, upload, age))
        const [younger = 0, elder = 0] = [age, older].sort((a, b) => a - b).map((part) => part * lifetime)
        const [short = 0, long = 0] = [upload, longer].sort((a, b) => a - b).map((part) => part * lifetime)
        assert.isAtMost(effort(younger, short), effort(elder, short))
        assert.isAtMost(effort(younger, short), effort(younger, long))
      })
  )
})

describe("tokenFor", () => {
  it.effect.prop(
    "the provider accepts the token at the end of the upload, however old the served one was",
    { lifetime, age: fraction, upload: FastCheck.double({ min: 0, max: 0.9, noNaN: true }) },
    ({ age, lifetime, upload }) =>
      Effect.gen(function* () {
        const sandbox = yield* VaultsPaySandbox.make({ accessLifetime: lifetime })
        const network = MemoryClient.layer([sandbox])
        const layer = VaultsPay.layer({ baseUrl: sandbox.apiOrigin, ...sandbox.credentials })
        const token = yield* Effect.gen(function* () {
          const manager = yield* VaultsPay.VaultsPay
          yield* manager.get
          yield* TestClock.adjust(Math.floor(age * lifetime))
          return yield* tokenFor(manager, lifetime, Math.floor(upload * lifetime))
        }).pipe(Effect.provide(Layer.provide(layer, network)))

        yield* TestClock.adjust(Math.floor(upload * lifetime))
        const request = HttpClientRequest.bearerToken(
          HttpClientRequest.get(`${sandbox.apiOrigin}/uploads`),
          Redacted.value(token.value)
        )
        const response = yield* MemoryClient.client([sandbox]).execute(request)
        assert.strictEqual(response.status, 200)
      })
  )
})
