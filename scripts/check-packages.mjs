// What users will install: packs every public package once, then publint and attw look at the tarballs and plain
// Node imports each entry point of the unpacked packages.
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name) => join(root, "node_modules/.bin", name)
const work = mkdtempSync(join(tmpdir(), "latchkey-packages-"))
const scope = join(work, "node_modules")
const execFileAsync = promisify(execFile)
let problems = 0

const complain = (where, text) => {
  problems++
  console.error(`${where}: ${text}`)
}

const run = async (where, command, args) => {
  try {
    return (await execFileAsync(command, args, { cwd: work })).stdout
  } catch (error) {
    complain(where, `${command.split("/").at(-1)} failed\n${error.stdout}${error.stderr}`)
    return ""
  }
}

/** Imports each entry point and says what became of it, one line each. */
const importer = `
for (const entry of process.argv.slice(1)) {
  const answer = await import(entry).then(() => "ok", (error) => String(error.stack))
  console.log(JSON.stringify([entry, answer]))
}
process.exit(0)`

try {
  const dirs = readdirSync(join(root, "packages"))
    .map((dir) => join(root, "packages", dir))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .filter((dir) => JSON.parse(readFileSync(join(dir, "package.json"), "utf8")).private !== true)

  // What they depend on, as this repository has it: a user brings his own.
  mkdirSync(join(scope, "@effect"), { recursive: true })
  for (const name of readdirSync(join(root, "node_modules/@effect"))) {
    symlinkSync(join(root, "node_modules/@effect", name), join(scope, "@effect", name))
  }
  for (const name of ["effect", "vitest"]) symlinkSync(join(root, "node_modules", name), join(scope, name))
  for (const dir of dirs) {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))
    for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
      // A package of ours comes from its tarball.
      if (range.startsWith("workspace:") || existsSync(join(scope, name))) continue
      mkdirSync(dirname(join(scope, name)), { recursive: true })
      symlinkSync(join(dir, "node_modules", name), join(scope, name))
    }
  }

  const packed = dirs.map((dir) => {
    const { name } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))
    const answer = execFileSync(bin("pnpm"), ["pack", "--json", "--pack-destination", work], {
      cwd: dir,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"]
    })
    const { filename } = JSON.parse(answer.slice(answer.indexOf("{")))
    const target = join(scope, name)
    mkdirSync(target, { recursive: true })
    execFileSync("tar", ["-xzf", filename, "--strip-components=1", "-C", target])
    return { name, filename, target }
  })

  for (const { filename, name, target } of packed) {
    const before = problems
    const json = JSON.parse(readFileSync(join(target, "package.json"), "utf8"))
    for (const file of ["LICENSE", "README.md"]) {
      if (!existsSync(join(target, file)))
        complain(name, `${file} is not in the tarball; add it to the package`)
    }
    for (const [dependency, range] of Object.entries({ ...json.dependencies, ...json.peerDependencies })) {
      if (!range.startsWith("^")) {
        complain(name, `${dependency} would be published as "${range}"; use "workspace:^" or "catalog:peers"`)
      }
    }

    const entries = Object.keys(json.exports)
      .filter((subpath) => !subpath.endsWith(".json"))
      .map((subpath) => join(name, subpath))
    const [imported] = await Promise.all([
      run(name, process.execPath, ["--input-type=module", "--eval", importer, ...entries]),
      run(name, bin("publint"), ["run", filename, "--strict"]),
      run(name, bin("attw"), [filename, "--profile", "esm-only", "--no-color"])
    ])
    for (const line of imported.split("\n").filter((text) => text.startsWith("["))) {
      const [entry, answer] = JSON.parse(line)
      // A suite needs vitest around it, and so may stand under a subpath; sandboxes have to run without.
      const suite = entry !== name && json.peerDependencies?.vitest !== undefined
      if (answer !== "ok" && !(suite && answer.includes("Vitest failed to access its internal state"))) {
        complain(name, `Node cannot import ${entry} of the packed package\n${answer}`)
      }
    }
    if (problems === before)
      console.log(`${name} ${json.version}: ${entries.length} entry points, publint and attw agree`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

if (problems > 0) {
  console.error(`${problems} problem(s) in the packages`)
  process.exitCode = 1
}
