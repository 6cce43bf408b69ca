import { isVariant, many, outcomeOf, sleep, type Measure } from "../Measure.ts"
import { openRealm } from "../target.ts"

const lifetime = 1_000

/** A refresh token that rotates, over five expiries. The mint before the first of them is not counted. */
export const rotation: Measure = {
  name: "rotation",
  title: "rotating refresh token, 5 expiries x 50 calls",
  fits: (contender) => contender.rotates && !isVariant(contender),
  parallel: 3,
  run: async (contender, { serverUrl }) => {
    const realm = await openRealm(serverUrl, { rotates: true, lifetime, tokenDelay: 50 })
    const session = await contender.open(realm.target)
    await session.call()
    const before = await realm.ledger()
    let failed = 0
    for (let expiry = 0; expiry < 5; expiry++) {
      await sleep(lifetime + 50)
      failed += (await outcomeOf(many(50, () => session.call()))).failed
    }
    await session.close()
    const { mints, reuses } = await realm.drop()
    return { figures: { mints: mints - before.mints, reuses, failed } }
  }
}
