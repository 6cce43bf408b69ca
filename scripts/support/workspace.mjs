// What is installed, and what has to be.
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const text = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "")

/** The root, the packages and the examples: every folder that has a manifest, and what it says. */
const projects = (root) =>
  [
    root,
    ...readdirSync(join(root, "packages")).map((name) => join(root, "packages", name)),
    join(root, "examples")
  ]
    .filter((folder) => existsSync(join(folder, "package.json")))
    .map((folder) => ({ folder, manifest: JSON.parse(text(join(folder, "package.json"))) }))

/** All that an install depends on, and the lockfile of what pnpm installed last. */
const fingerprint = (root) =>
  createHash("sha256")
    .update(
      JSON.stringify([
        process.platform,
        process.arch,
        text(join(root, "pnpm-lock.yaml")),
        text(join(root, "pnpm-workspace.yaml")),
        projects(root).map(({ manifest }) => [
          manifest.name,
          manifest.dependencies,
          manifest.devDependencies,
          manifest.peerDependencies
        ]),
        text(join(root, "node_modules/.pnpm/lock.yaml"))
      ])
    )
    .digest("hex")

const note = (root) => join(root, "node_modules/.latchkey-installed")

/** The dependencies that a manifest names and whose folder, or what it is a link to, is not there. */
const missing = (root) =>
  projects(root).flatMap(({ folder, manifest }) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
      .map((name) => join(folder, "node_modules", name, "package.json"))
      .filter((file) => !existsSync(file))
  )

/** Whether an install would change nothing: the last one was of this lockfile, and nothing of it was removed. */
export const isInStep = (root) => text(note(root)) === fingerprint(root) && missing(root).length === 0

/** To be called when an install has ended well. */
export const noteInstall = (root) => writeFileSync(note(root), fingerprint(root))
