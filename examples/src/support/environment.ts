// What a developer's .env does: VaultsPay's sandbox listens on loopback, and the environment points at it.
import { Loopback, VaultsPaySandbox } from "@latchkey/testing"
import { Effect, Exit, Redacted, Scope } from "effect"

const scope = Effect.runSync(Scope.make())

const { credentials, url } = await VaultsPaySandbox.make().pipe(
  Effect.flatMap((sandbox) =>
    Effect.map(Loopback.serve(sandbox), ({ url }) => ({ url, credentials: sandbox.credentials }))
  ),
  Scope.extend(scope),
  Effect.runPromise
)

process.env["VAULTSPAY_BASE_URL"] = url
process.env["VAULTSPAY_CLIENT_ID"] = credentials.clientId
process.env["VAULTSPAY_CLIENT_SECRET"] = Redacted.value(credentials.clientSecret)

/** Stops the sandbox, so that the process can end. */
export const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
