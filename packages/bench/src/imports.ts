import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { peerBytes, providerBytes } from "./bundles.ts"
import type { ImportCost } from "./report.ts"

const home = join(import.meta.dirname, "..")
const scratch = join(home, "dist/import")

/** What of a peer its contender uses. */
const peers: Readonly<Record<string, string>> = {
  "google-auth-library": 'export { OAuth2Client } from "google-auth-library"',
  "@azure/core-rest-pipeline":
    'export { bearerTokenAuthenticationPolicy, createEmptyPipeline, createDefaultHttpClient, createPipelineRequest } from "@azure/core-rest-pipeline"',
  "@smithy/core":
    'export { memoizeIdentityProvider, createIsIdentityExpiredFunction, doesIdentityRequireRefresh } from "@smithy/core"',
  "openid-client":
    'export { Configuration, clientCredentialsGrant, fetchProtectedResource } from "openid-client"',
  "simple-oauth2": 'export { ClientCredentials } from "simple-oauth2"',
  "@badgateway/oauth2-client": 'export { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"',
  "axios-auth-refresh": 'export { createAuthRefresh } from "axios-auth-refresh"',
  "undici-oidc-interceptor": 'export { createOidcInterceptor } from "undici-oidc-interceptor"'
}

/** Our packages as npm would unpack them: with the files and the exports that are published. */
const unpack = (): void => {
  rmSync(scratch, { recursive: true, force: true })
  for (const name of ["core", "autopay"]) {
    const from = join(home, "..", name)
    const to = join(scratch, "node_modules/@latchkey", name)
    if (!existsSync(join(from, "dist"))) {
      throw new Error(`packages/${name} is not built: run npm run build`)
    }
    execFileSync(process.execPath, [join(home, "../../scripts/bundle-package.mjs"), from])
    mkdirSync(to, { recursive: true })
    cpSync(join(from, "lib"), join(to, "lib"), { recursive: true })
    const manifest: { readonly publishConfig: object } = JSON.parse(
      readFileSync(join(from, "package.json"), "utf8")
    )
    writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, ...manifest.publishConfig }))
  }
}

/** In a fresh process: the base first, and then the clock. */
const importTime = (base: ReadonlyArray<string>, module: string): number => {
  const file = join(scratch, "time.mjs")
  writeFileSync(
    file,
    `${base.map((name) => `await import(${JSON.stringify(name)})`).join("\n")}
const from = performance.now()
await import(${JSON.stringify(module)})
console.log(performance.now() - from)
process.exit(0)
`
  )
  return Number(execFileSync(process.execPath, ["--no-warnings", file], { encoding: "utf8" }))
}

const effectBase = ["effect", "@effect/platform/FetchHttpClient"]

export const importCosts = async (rounds: number): Promise<Record<string, ImportCost>> => {
  unpack()
  const millis: Record<string, Array<number>> = {}
  for (let round = 0; round < rounds; round++) {
    for (const name of ["latchkey", ...Object.keys(peers)]) {
      const own = (millis[name] ??= [])
      own.push(
        name === "latchkey" ? importTime(effectBase, "@latchkey/autopay/Autopay") : importTime([], name)
      )
    }
  }
  const costs: Record<string, ImportCost> = {
    latchkey: {
      gzip: (await providerBytes("autopay", "Autopay")).overEffect,
      millis: millis["latchkey"] ?? []
    }
  }
  for (const [name, contents] of Object.entries(peers)) {
    costs[name] = { gzip: await peerBytes(contents), millis: millis[name] ?? [] }
  }
  return costs
}
