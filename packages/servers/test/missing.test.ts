import { assert, describe, it } from "@effect/vitest"
import { redisAdvice, redisInstall, requires, skipped } from "../src/missing.ts"
import type { Machine } from "../src/missing.ts"

const debian: Machine = { platform: "linux", hasApt: true, isRoot: true, hasSudo: false }

describe("a machine without a server", () => {
  it("Redis is installed where that needs no answer: as root, or by a sudo without a password", () => {
    const programs = (machine: Machine) =>
      redisInstall(machine).map((command) => command.slice(0, 3).join(" "))
    assert.deepStrictEqual(programs(debian), ["apt-get update -qq", "apt-get install -y"])
    assert.deepStrictEqual(programs({ ...debian, isRoot: false, hasSudo: true }), [
      "sudo -n apt-get",
      "sudo -n apt-get"
    ])
  })

  it("Redis is installed nowhere else", () => {
    for (const machine of [
      { ...debian, isRoot: false },
      { ...debian, hasApt: false },
      { ...debian, platform: "darwin" },
      { ...debian, platform: "win32" }
    ] as const) {
      assert.deepStrictEqual(redisInstall(machine), [])
    }
  })

  it("who cannot have it is told how to install it on this system", () => {
    assert.strictEqual(redisAdvice(debian), "sudo apt-get install redis-server")
    assert.strictEqual(redisAdvice({ ...debian, platform: "darwin", hasApt: false }), "brew install redis")
    assert.include(redisAdvice({ ...debian, platform: "win32", hasApt: false }), "WSL")
    assert.include(redisAdvice({ ...debian, hasApt: false }), "redis-server of your system")
  })

  it("the line says which server, why, and what to do", () => {
    assert.strictEqual(
      skipped("redis", "It is not there.", "do it."),
      "\n!!! REDIS IS NOT HERE: its tests are skipped. It is not there. To run them: do it.\n"
    )
  })

  it("only a variable of our own demands servers: CI=true is set on many machines", () => {
    assert.isFalse(requires({ CI: "true" }))
    assert.isFalse(requires({ LATCHKEY_REQUIRE_SERVERS: "" }))
    assert.isTrue(requires({ LATCHKEY_REQUIRE_SERVERS: "true" }))
  })
})
