// npm run size: by how much a program grows when it takes a provider. Fails above the bar.
import { providerBytes, providers } from "./bundles.ts"

/** What the design asks for. */
const bar = 12 * 1024
/** What fails: not the bar while we are above it, but what it must not grow beyond on the way there. */
const limit = 19 * 1024

let tooLarge = 0
for (const [folder, module] of providers) {
  const bytes = await providerBytes(folder, module)
  const distance = bytes <= bar ? "" : `, ${bytes - bar} above the bar of ${bar}`
  tooLarge += bytes <= limit ? 0 : 1
  console.log(`@latchkey/${folder}: ${bytes} bytes min + gzip over the same program without it${distance}`)
}
if (tooLarge > 0) {
  console.error(`${tooLarge} of them above the limit of ${limit}`)
  process.exitCode = 1
}
