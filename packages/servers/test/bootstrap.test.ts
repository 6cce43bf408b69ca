import { assert, describe, it } from "@effect/vitest"
import { explainInstall } from "../../../scripts/support/explainInstall.mjs"
import { tooOld } from "../../../scripts/support/nodeVersion.mjs"

describe("bootstrap", () => {
  it("a Node that is too old is told which version is needed, in one line", () => {
    for (const old of ["v20.18.1", "v18.20.8", "v12.22.12"]) {
      const line = tooOld(">=20.19", old) ?? ""
      assert.strictEqual(line.split("\n").length, 1)
      assert.include(line, "needs Node 20.19 or newer")
      assert.include(line, `this is Node ${old.slice(1)}`)
    }
  })

  it("a Node that will do is told nothing", () => {
    for (const version of ["v20.19.0", "v20.20.2", "v22.1.0", "v100.0.0"]) {
      assert.isUndefined(tooOld(">=20.19", version))
    }
  })

  it("an install that failed ends with what to do about it", () => {
    assert.include(
      explainInstall("npm error code ENOTFOUND\nnpm error network"),
      "cannot be reached (ENOTFOUND)"
    )
    assert.include(explainInstall("EACCES: permission denied, unlink"), "belong to another user")
    assert.include(explainInstall("ERR_PNPM_OUTDATED_LOCKFILE  Cannot install"), "pnpm-lock.yaml has not")
    assert.include(explainInstall("something else"), "for the reason above")
  })
})
