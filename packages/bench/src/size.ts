// npm run size: by how much a program grows when it takes a provider. Fails above the limits.
import { providerBytes, providers } from "./bundles.ts"

/** What the design asks for, over `effect` and `FetchHttpClient`. */
const bar = 12 * 1024
/**
 * What fails: not the bar while we are above it, but what it must not grow beyond on the way there. 3,000 of
 * them are words for people: what a manager logs, why a server was not reached, which variables are missing. 800 are
 * for Cloudflare Workers: a SHA-256 that is there at once, and waiting that each request does for itself. 2,800 keep
 * what was lost or shown before: what is scrubbed wherever it stands, a span of our own around the platform's, a
 * 401 that does not end, a refresh token in an answer that cannot be used, how far a request has come.
 */
const limits = { overEffect: 21_000, overLittle: 25_000 }

let tooLarge = 0
for (const [folder, module] of providers) {
  const { overEffect, overLittle } = await providerBytes(folder, module)
  const distance = overEffect <= bar ? "" : ` (${overEffect - bar} above the bar of ${bar})`
  tooLarge += overEffect > limits.overEffect || overLittle > limits.overLittle ? 1 : 0
  console.log(
    `@latchkey/${folder}: ${overEffect} bytes min + gzip over effect and FetchHttpClient${distance}, ` +
      `${overLittle} over a program that has little of effect`
  )
}
if (tooLarge > 0) {
  console.error(
    `${tooLarge} of them above ${limits.overEffect} over effect, or ${limits.overLittle} over little of it`
  )
  process.exitCode = 1
}
