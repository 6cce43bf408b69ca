// Removes what a build or a test run writes.
//
//   node scripts/clean.mjs            everywhere
//   node scripts/clean.mjs <folder>   in one package
import { readdirSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const packages = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name))
const only = process.argv.slice(2).map((folder) => resolve(folder))

for (const folder of only.length > 0 ? only : [root, join(root, "examples"), ...packages]) {
  for (const name of ["coverage", "dist", "lib", ".tsbuildinfo"]) {
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}
