// An application's own decision about a token: is it good for a 10-minute upload? (expiry-policy/upload.ts)
import { MemoryClient, VaultsPaySandbox } from "@latchkey/testing"
import { VaultsPay } from "@latchkey/vaultspay"
import { Console, Duration, Effect, Layer } from "effect"
import { plan, tokenFor } from "./expiry-policy/upload.ts"

const lifetime = Duration.minutes(30)
const upload = Duration.minutes(10)

const main = Effect.gen(function* () {
  for (const left of [30, 11, 9, 1]) {
    const decision = plan(left * 60_000, Duration.toMillis(lifetime), Duration.toMillis(upload), 0)
    yield* Console.log(`${left} minutes left: ${decision}`)
  }
  yield* Console.log(`an hour's upload: ${plan(1_800_000, Duration.toMillis(lifetime), 3_600_000, 0)}`)

  const sandbox = yield* VaultsPaySandbox.make({ accessLifetime: lifetime })
  const Live = VaultsPay.layer({ baseUrl: sandbox.apiOrigin, ...sandbox.credentials }).pipe(
    Layer.provide(MemoryClient.layer([sandbox]))
  )
  const token = yield* Effect.flatMap(VaultsPay.VaultsPay, (manager) =>
    tokenFor(manager, lifetime, upload)
  ).pipe(Effect.provide(Live))
  yield* Console.log(`uploading with a token that expires at ${new Date(token.expiresAt).toISOString()}`)
})

await Effect.runPromise(main)
