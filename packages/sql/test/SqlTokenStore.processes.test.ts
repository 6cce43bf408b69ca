import { Ledger, Loopback, PaymentsGateSandbox } from "@latchkey/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { databases } from "./support/databases.ts"
import { tokensOfProcesses } from "./support/processes.ts"

for (const [name, database] of databases) {
  describe(`SqlTokenStore: processes (${name})`, () => {
    it.scopedLive(
      "R13: 8 cold processes at once make 1 mint, and all have its token; so do 2 that come later",
      () =>
        Effect.gen(function* () {
          const url = yield* database
          const sandbox = yield* PaymentsGateSandbox.make()
          const { url: baseUrl } = yield* Loopback.serve(sandbox)
          const { clientId, clientSecret } = sandbox.credentials
          const args = [url, baseUrl, clientId, Redacted.value(clientSecret)]
          const tokens = yield* tokensOfProcesses(8, args)
          const later = yield* tokensOfProcesses(2, args)
          assert.strictEqual(new Set([...tokens, ...later]).size, 1)
          const { mints, refusals } = Ledger.count(yield* sandbox.ledger)
          assert.deepStrictEqual([mints, refusals], [1, 0])
        }),
      120_000
    )
  })
}
