import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { join } from "node:path"

describe("PostgreSQL for tests", () => {
  it("a process that loaded it ends with its own exit code: a failed test run fails", () => {
    const module = join(import.meta.dirname, "../src/postgres.ts")
    const program = `import(${JSON.stringify(module)}).then(({ load }) => load()).then(() => (process.exitCode = 3))`
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--eval", program], {
      cwd: join(import.meta.dirname, "../../.."),
      encoding: "utf8"
    })
    assert.strictEqual(status, 3, stderr)
  })
})
