import { many, outcomeOf, sleep, type Measure } from "../Measure.ts"
import { openRealm } from "../target.ts"

const calls = 1_000
const lifetime = 2_000

/** A thousand calls at once, without a token and at the instant it expires. */
export const cold: Measure = {
  name: "cold",
  title: "1,000 concurrent cold calls, and at the instant of expiry",
  parallel: 3,
  run: async (contender, { serverUrl }) => {
    const first = await openRealm(serverUrl, { tokenDelay: 150 })
    const fresh = await contender.open(first.target)
    const atStart = await outcomeOf(many(calls, () => fresh.call()))
    await fresh.close()
    const { mints } = await first.drop()

    const second = await openRealm(serverUrl, { lifetime, tokenDelay: 150 })
    const expiring = await contender.open(second.target)
    const sentAt = performance.now()
    await expiring.call()
    // A burst that lasts longer than the next token lives would measure the machine.
    const before = await second.live(3_600_000)
    await sleep(sentAt + lifetime - performance.now())
    const atExpiry = await outcomeOf(many(calls, () => expiring.call()))
    await expiring.close()
    const after = await second.drop()
    return {
      figures: {
        mintsCold: mints,
        failedCold: atStart.failed,
        mintsExpiry: after.mints - before.mints,
        failedExpiry: atExpiry.failed
      }
    }
  }
}
