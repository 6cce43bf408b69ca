import { build } from "esbuild"
import { join } from "node:path"

const home = join(import.meta.dirname, "..")

/**
 * Our packages in one file, as they are built and published: without their types, and without a
 * loader that takes longer to start than a measure.
 */
export const bundle = async (entry: string): Promise<string> => {
  const outdir = join(home, "dist", "bundle", entry)
  await build({
    entryPoints: [join(home, "src", `${entry}.ts`)],
    outdir,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "error",
    plugins: [
      {
        name: "peers stay where they are",
        setup: (setup) => {
          setup.onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
            kind === "entry-point" || path.startsWith("@latchkey/") ? undefined : { external: true, path }
          )
        }
      }
    ]
  })
  return join(outdir, `${entry}.mjs`)
}
