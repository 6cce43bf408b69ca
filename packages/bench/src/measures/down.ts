import { sleep, type Measure } from "../Measure.ts"
import { openRealm } from "../target.ts"

const lifetime = 12_000
const outage = 1_500
const callers = 20
const interval = 100

/**
 * The token endpoint answers 503 for 1.5 s, from shortly before the token turns stale (9 s), and the
 * token lives on. Calls of the token endpoint count whatever came of them; the one before the outage
 * does not.
 */
export const down: Measure = {
  name: "down",
  title: "token endpoint down 1.5 s while the token lives",
  parallel: 16,
  run: async (contender, { serverUrl }) => {
    const realm = await openRealm(serverUrl, { lifetime, tokenDelay: 20 })
    const session = await contender.open(realm.target)
    const start = performance.now()
    await session.call()
    let before = await realm.ledger()
    let failed = 0
    const caller = async (index: number) => {
      const first = lifetime * 0.7 + (index * interval) / callers
      for (let at = first; at < lifetime * 0.97; at += interval) {
        await sleep(start + at - performance.now())
        failed += (await session.call().catch(() => 0)) === 200 ? 0 : 1
      }
    }
    const control = async () => {
      // Those that refresh all the time have minted often by now: only the outage counts.
      await sleep(start + lifetime * 0.75 - 100 - performance.now())
      before = await realm.down(outage)
    }
    await Promise.all([control(), ...Array.from({ length: callers }, (_, index) => caller(index))])
    await session.close()
    const { mints } = await realm.drop()
    return { figures: { failed, mints: mints - before.mints } }
  }
}
