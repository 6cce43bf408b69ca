import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** A program in few files beside our dependencies: a hundred that compile themselves would take minutes. */
export const bundle = async (program: "worker" | "asker"): Promise<string> => {
  const outdir = fileURLToPath(new URL(`../node_modules/.latchkey/${program}`, import.meta.url))
  await build({
    entryPoints: [fileURLToPath(new URL(`${program}.ts`, import.meta.url))],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["@libsql/client"],
    banner: {
      js: 'import { createRequire as createRequire_ } from "node:module"; const require = createRequire_(import.meta.url);'
    },
    logLevel: "error"
  })
  return join(outdir, `${program}.mjs`)
}
