import { sleep, type Measure } from "../Measure.ts"
import { quantile } from "../stats.ts"
import { openRealm } from "../target.ts"

const duration = 20_000
const callers = 64
/** Each caller calls once in it: the machine must not be the bottleneck, or it is all that is measured. */
const interval = 1_000
const tokenDelay = 150
/** A call that took two thirds of the token endpoint's time waited for it. */
const stall = 100
/** Of the chart: the slowest call of each stretch of the first seconds. */
const stretch = 25
const charted = 7_000

/** Tokens of 2 s under a steady load, for 20 s: who waits for a refresh, and how many there are. */
export const refresh: Measure = {
  name: "refresh",
  title: "2 s tokens, 64 concurrent callers, token endpoint 150 ms, 20 s",
  fits: () => true,
  parallel: 8,
  run: async (contender, { serverUrl }) => {
    const warm = await openRealm(serverUrl, {})
    const warming = await contender.open(warm.target)
    await warming.sequence(300)
    await warming.close()
    await warm.drop()
    const realm = await openRealm(serverUrl, { lifetime: 2_000, tokenDelay })
    const session = await contender.open(realm.target)
    await session.call().catch(() => 0)
    const latencies: Array<number> = []
    const series = Array.from({ length: charted / stretch }, () => 0)
    let failed = 0
    const start = performance.now()
    const caller = async (index: number) => {
      for (let at = (index * interval) / callers; at < duration; at += interval) {
        await sleep(start + at - performance.now())
        const sentAt = performance.now()
        const status = await session.call().catch(() => 0)
        const latency = performance.now() - sentAt
        latencies.push(latency)
        failed += status === 200 ? 0 : 1
        const slot = Math.floor((sentAt - start) / stretch)
        if (slot < series.length) {
          series[slot] = Math.max(series[slot] ?? 0, latency)
        }
      }
    }
    await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)))
    await session.close()
    const { callsDuringMints, mints } = await realm.drop()
    // Without a stall as many calls reach the API during a mint as at any other time.
    const expected = (latencies.length * (mints - 1) * tokenDelay) / duration
    return {
      figures: {
        stalls: latencies.filter((latency) => latency > stall).length,
        mints,
        failed,
        flow: mints > 1 ? callsDuringMints / expected : 1,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        calls: latencies.length
      },
      series
    }
  }
}
