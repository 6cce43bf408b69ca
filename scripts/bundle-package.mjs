// What Node loads of a package: its entry points, and what they share in as few files as can be. With a file for
// each module, Node reads 45 of them for a provider, and looks up each import of `effect` once for each file that
// has it: 80 ms instead of 40.
//
//   node scripts/bundle-package.mjs [folder]     dist/*.js, as tsc wrote it, to lib/*.js
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { rollup } from "rollup"

/** What every provider imports: they and all that they need are one file. */
const together = new Set(["AuthFlow.js", "AuthHttpClient.js", "TokenEndpoint.js", "TokenManager.js"])

/** What reaches a module, the module itself included. */
const reachedBy = (id, getModuleInfo, seen = new Set()) => {
  if (seen.has(id)) return seen
  seen.add(id)
  for (const importer of getModuleInfo(id).importers) reachedBy(importer, getModuleInfo, seen)
  return seen
}

export const bundlePackage = async (folder, to = join(folder, "lib")) => {
  const dist = join(folder, "dist")
  const entries = readdirSync(dist).filter((file) => file.endsWith(".js") && file !== "index.js")
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  const bundle = await rollup({
    input: Object.fromEntries(entries.map((file) => [file.slice(0, -3), join(dist, file)])),
    external: (id) => !/^[./]/.test(id),
    // With what tsc knows of its sources, so that a stack trace leads to them.
    plugins: [
      {
        name: "source maps",
        load: (id) => ({ code: readFileSync(id, "utf8"), map: readFileSync(`${id}.map`, "utf8") })
      }
    ],
    // An import of `effect` that is needed for nothing but its effects is an import too many.
    treeshake: { moduleSideEffects: (id, external) => !external },
    onwarn: (warning) => {
      throw new Error(warning.message)
    }
  })
  await bundle.write({
    dir: to,
    format: "es",
    sourcemap: true,
    minifyInternalExports: false,
    entryFileNames: "[name].js",
    chunkFileNames: "internal/[name].js",
    hoistTransitiveImports: false,
    manualChunks: (id, { getModuleInfo }) =>
      [...reachedBy(id, getModuleInfo)].some((reached) => together.has(relative(dist, reached)))
        ? "providers"
        : undefined
  })
  await bundle.close()
  // It names the entry points, and does nothing else.
  for (const file of ["index.js", "index.js.map"]) copyFileSync(join(dist, file), join(to, file))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundlePackage(process.argv[2] ?? process.cwd())
