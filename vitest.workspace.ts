import { availableParallelism } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

/** What both projects have; `npm test` and `npm run test:long` run one of them each. */
const project = (name: string, include: string, exclude: ReadonlyArray<string>) => ({
  extends: true as const,
  test: {
    name,
    include: [`packages/*/test/**/${include}`, `examples/test/**/${include}`],
    exclude: ["**/node_modules/**", ...exclude],
    // Servers that all tests share: started before the first of them, stopped after the last.
    globalSetup: ["redis", "postgres"].map((server) =>
      join(import.meta.dirname, `packages/servers/src/${server}Setup.ts`)
    )
  }
})

export default defineConfig({
  test: {
    // One at a time: between two projects vitest replaces its workers, and now and then one that still starts.
    projects: [
      project("latchkey", "*.test.ts", ["**/*.long.test.ts"]),
      // The same bodies with their full numbers: thousands of histories, hundreds of processes, minutes of kills.
      project("long", "*.long.test.ts", [])
    ],
    // Against what hangs, and no verdict on speed: the machines that run this may be small, slow and busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
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
