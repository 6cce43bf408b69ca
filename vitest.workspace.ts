import { availableParallelism } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    // One for all: between two projects vitest replaces its workers, and now and then one that still starts.
    projects: [
      {
        extends: true,
        test: {
          name: "latchkey",
          include: ["packages/*/test/**/*.test.ts", "examples/test/**/*.test.ts"],
          // Servers that all tests share: started before the first of them, stopped after the last.
          globalSetup: ["redis", "postgres"].map((name) =>
            join(import.meta.dirname, `packages/fleet/src/servers/${name}Setup.ts`)
          )
        }
      }
    ],
    // Generous because the machines that run this may be small and slow; time inside of tests is TestClock's.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A third of the time they wait, for sockets and for TestClock: one worker more than there are cores.
    maxWorkers: availableParallelism() + 1,
    // As many at least: an idle worker is ended otherwise, and the run with it.
    minWorkers: availableParallelism() + 1,
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
