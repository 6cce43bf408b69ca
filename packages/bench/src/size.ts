// npm run size: by how much a program grows when it takes a provider. Fails above the bar.
import { providerBytes, providers } from "./bundles.ts"

const bar = 12 * 1024

let tooLarge = 0
for (const [folder, module] of providers) {
  const bytes = await providerBytes(folder, module)
  const verdict = bytes <= bar ? "" : `, above the bar of ${bar}`
  tooLarge += bytes <= bar ? 0 : 1
  console.log(`@latchkey/${folder}: ${bytes} bytes min + gzip over the same program without it${verdict}`)
}
process.exitCode = tooLarge > 0 ? 1 : 0
