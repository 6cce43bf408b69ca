import type { Contender } from "./Contender.ts"
import { effectCached } from "./contenders/effectCached.ts"
import { latchkey, latchkeyDefaults } from "./contenders/latchkey.ts"
import { staticEffect } from "./contenders/staticEffect.ts"

export const contenders: ReadonlyArray<Contender> = [
  staticEffect,
  latchkey,
  latchkeyDefaults,
  effectCached
]

export const byName = (name: string): Contender => {
  const found = contenders.find((contender) => contender.name === name)
  if (found === undefined) {
    throw new Error(`no contender is called ${name}: ${contenders.map(({ name }) => name).join(", ")}`)
  }
  return found
}
