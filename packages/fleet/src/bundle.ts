import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

type Program = "worker" | "asker"

const bundled = async (program: Program): Promise<string> => {
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

const programs = new Map<Program, Promise<string>>()

/**
 * A program in few files beside our dependencies: a hundred that compile themselves would take minutes.
 * Once for all of a process: those that run already read it.
 */
export const bundle = (program: Program): Promise<string> => {
  const path = programs.get(program) ?? bundled(program)
  programs.set(program, path)
  return path
}
