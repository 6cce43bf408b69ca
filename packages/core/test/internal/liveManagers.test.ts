import { assert, describe, it } from "@effect/vitest"
import { globalValue } from "effect/GlobalValue"
import * as LiveManagers from "../../src/internal/liveManagers.ts"

const live = globalValue(Symbol.for("@latchkey/core/liveManagers"), () => new Map<string, number>())
const warned = globalValue(Symbol.for("@latchkey/core/warnings"), () => new Set<string>())

describe("living managers", () => {
  it("the second of a key is not the only one, and who has left is not counted", () => {
    assert.deepStrictEqual(
      [LiveManagers.enter("a"), LiveManagers.enter("a"), LiveManagers.enter("b")],
      [false, true, false]
    )
    LiveManagers.leave("a")
    LiveManagers.leave("a")
    assert.isFalse(LiveManagers.enter("a"))
    LiveManagers.leave("a")
    LiveManagers.leave("b")
  })

  it("a key whose managers have all left is not kept", () => {
    LiveManagers.enter("gone")
    LiveManagers.leave("gone")
    assert.isFalse(live.has("gone"))
  })

  it("a warning is news once, and the oldest of many is forgotten", () => {
    assert.deepStrictEqual([LiveManagers.isNews("x"), LiveManagers.isNews("x")], [true, false])
    for (let other = 0; other < 256; other++) {
      LiveManagers.isNews(`other ${other}`)
    }
    assert.isAtMost(warned.size, 256)
    assert.isTrue(LiveManagers.isNews("x"))
  })
})
