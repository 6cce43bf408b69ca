import { existsSync, readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { defineConfig } from "vitest/config"

const home = import.meta.dirname
const roots = [
  ...readdirSync(join(home, "packages")).map((name) => join(home, "packages", name)),
  join(home, "examples")
]

/** One project per workspace folder that has tests; a new package needs no line here. */
const projects = roots
  .filter((root) => existsSync(join(root, "package.json")) && existsSync(join(root, "test")))
  .map((root) => ({
    extends: true as const,
    test: {
      name: basename(root),
      root,
      include: ["test/**/*.test.ts"],
      // Servers that all tests of a package share: started before the first of them, stopped after the last.
      globalSetup: [join(root, "test/globalSetup.ts")].filter((file) => existsSync(file))
    }
  }))

export default defineConfig({
  test: {
    projects,
    // Generous because the machines that run this may be small and slow; time inside of tests is TestClock's.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A third of the time they wait, for sockets and for TestClock: one worker more than there are cores.
    maxWorkers: availableParallelism() + 1,
    minWorkers: 1,
    // No test leaves anything behind in its modules, and loading them again for each file takes minutes.
    poolOptions: { forks: { isolate: false, execArgv: ["--max-semi-space-size=64"] } },
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["packages/bench/**"],
      reporter: ["text", "json-summary"]
    }
  }
})
