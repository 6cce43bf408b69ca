// Keeps what follows mechanically from a package's folder in step with it, so that adding a package is:
// copy a package.json, write src/ and test/, then `npm run sync && npx pnpm install`.
//
//   packages/*/package.json      exports and publishConfig.exports, from src/*.ts; prepack; engines as the root has them
//   packages/*/tsconfig*.json    project references, from the @latchkey/* dependencies
//   examples/tsconfig.json       the same, one project
//   tsconfig.json                a reference to each of them
//
// `--check` writes nothing and fails when something is out of step (tsc -b does not report a missing reference).
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes("--check")
const stale = []

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined)

const put = (file, value) => {
  // Text, not values: the order of conditions in `exports` matters.
  if (JSON.stringify(read(file)) === JSON.stringify(value)) return
  stale.push(relative(root, file))
  if (!check) writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

const packages = readdirSync(join(root, "packages"))
  .sort()
  .map((dir) => ({
    dir,
    path: join(root, "packages", dir),
    json: read(join(root, "packages", dir, "package.json"))
  }))
  .filter((pkg) => pkg.json !== undefined)
const byName = new Map(packages.map((pkg) => [pkg.json.name, pkg]))
const rootJson = read(join(root, "package.json"))

/** References to the sources of every workspace package that one of the given dependency maps names. */
const references = (from, ...maps) =>
  [...new Set(maps.flatMap((map) => Object.keys(map ?? {})))]
    .filter((name) => byName.has(name) && byName.get(name).path !== from)
    .sort()
    .map((name) => ({ path: relative(from, join(byName.get(name).path, "tsconfig.src.json")) }))

const base = (from) => relative(from, join(root, "tsconfig.base.json"))

for (const { dir, path, json } of packages) {
  if (json.private !== true) {
    const modules = existsSync(join(path, "src"))
      ? readdirSync(join(path, "src"))
          .filter((file) => file.endsWith(".ts") && file !== "index.ts")
          .map((file) => file.slice(0, -3))
          .sort()
      : []
    const source = Object.fromEntries([
      ["./package.json", "./package.json"],
      [".", "./src/index.ts"],
      ...modules.map((name) => [`./${name}`, `./src/${name}.ts`])
    ])
    const built = (name) => ({ types: `./dist/${name}.d.ts`, default: `./lib/${name}.js` })
    const published = Object.fromEntries([
      ["./package.json", "./package.json"],
      [".", built("index")],
      ...modules.map((name) => [`./${name}`, built(name)])
    ])
    put(join(path, "package.json"), {
      ...json,
      exports: source,
      publishConfig: { ...json.publishConfig, exports: published },
      scripts: {
        ...json.scripts,
        prepack:
          "node ../../scripts/clean.mjs . && tsc -b tsconfig.src.json && node ../../scripts/bundle-package.mjs"
      },
      engines: rootJson.engines
    })
  }
  // A package whose sources need Node (a store, a benchmark) says so by depending on its types.
  const nodeTypes = json.devDependencies?.["@types/node"] !== undefined
  put(join(path, "tsconfig.src.json"), {
    extends: base(path),
    compilerOptions: {
      rootDir: "src",
      outDir: "dist",
      tsBuildInfoFile: ".tsbuildinfo/src.json",
      ...(nodeTypes ? { types: ["node"] } : {})
    },
    include: ["src"],
    references: references(path, json.dependencies, json.peerDependencies)
  })
  put(join(path, "tsconfig.test.json"), {
    extends: base(path),
    // Nothing is emitted, so a test may import ../src/internal/*.ts of the project it references.
    compilerOptions: {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      tsBuildInfoFile: ".tsbuildinfo/test.json",
      types: ["node"]
    },
    include: ["test"],
    references: [
      { path: "tsconfig.src.json" },
      ...references(
        path,
        json.dependencies,
        json.peerDependencies,
        json.devDependencies,
        rootJson.devDependencies
      )
    ]
  })
  put(join(path, "tsconfig.json"), {
    files: [],
    references: [{ path: "tsconfig.src.json" }, { path: "tsconfig.test.json" }]
  })
  if (json.name !== `@latchkey/${dir}`) {
    console.error(`packages/${dir}/package.json: the name must be "@latchkey/${dir}", like its folder`)
    process.exitCode = 1
  }
}

const examples = join(root, "examples")
const examplesJson = read(join(examples, "package.json"))
put(join(examples, "tsconfig.json"), {
  extends: base(examples),
  compilerOptions: {
    noEmit: true,
    rewriteRelativeImportExtensions: false,
    tsBuildInfoFile: ".tsbuildinfo/examples.json",
    types: ["node"]
  },
  include: ["src", "test"],
  references: references(
    examples,
    examplesJson.dependencies,
    examplesJson.devDependencies,
    rootJson.devDependencies
  )
})

put(join(root, "tsconfig.json"), {
  files: [],
  references: [
    ...packages.map(({ dir }) => ({ path: `packages/${dir}` })),
    { path: "examples" },
    { path: "tsconfig.tools.json" }
  ]
})

if (check && stale.length > 0) {
  for (const file of stale) console.error(`${file}: out of step with the folders; run \`npm run sync\``)
  process.exitCode = 1
} else if (!check) {
  console.log(
    stale.length === 0 ? "sync-packages: nothing to do" : `sync-packages: wrote ${stale.join(", ")}`
  )
}
