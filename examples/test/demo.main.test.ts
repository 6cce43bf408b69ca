import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

describe("started without a bootstrap", () => {
  const start = (program: string) => {
    const directory = mkdtempSync(join(tmpdir(), "latchkey-bare-"))
    try {
      copyFileSync(join(import.meta.dirname, "../src/demo/main.ts"), join(directory, "main.ts"))
      writeFileSync(join(directory, "program.ts"), program)
      writeFileSync(join(directory, "package.json"), '{ "type": "module" }')
      const tsx = join(import.meta.dirname, "../../node_modules/.bin/tsx")
      return spawnSync(tsx, [join(directory, "main.ts")], { encoding: "utf8" })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  const required =
    'import { createRequire } from "node:module"; createRequire(import.meta.url)("not-installed")'

  it("a package that is missing is named in one line, with what to do", () => {
    for (const program of ['import "not-installed"', required]) {
      const { status, stderr } = start(program)
      assert.strictEqual(
        stderr,
        "The demo needs the package not-installed, which is not installed here. Run: npm run bootstrap\n"
      )
      assert.strictEqual(status, 1)
    }
  })

  it("any other error stays what it is", () => {
    const { status, stderr } = start('throw new Error("another one")')
    assert.include(stderr, "another one")
    assert.include(stderr, "    at ")
    assert.strictEqual(status, 1)
  })
})
