import { many, outcomeOf, sleep, type Measure } from "../Measure.ts"
import { openRealm } from "../target.ts"

/** A token revoked under 200 calls in flight, and 50 calls after them. */
export const revoked: Measure = {
  name: "revoked",
  title: "token revoked with 200 in flight, then 50 more calls",
  parallel: 3,
  run: async (contender, { serverUrl }) => {
    const realm = await openRealm(serverUrl, { apiDelay: 200, tokenDelay: 50 })
    const session = await contender.open(realm.target)
    await session.call()
    const before = await realm.ledger()
    const inFlight = outcomeOf(many(200, (index) => session.call({ id: `a${index}` })))
    await sleep(50)
    await realm.revoke()
    const first = await inFlight
    const second = await outcomeOf(many(50, (index) => session.call({ id: `b${index}` })))
    await session.close()
    const { mints, mostSends } = await realm.drop()
    return { figures: { mints: mints - before.mints, failed: first.failed + second.failed, mostSends } }
  }
}
