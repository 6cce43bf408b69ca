import type { Session } from "../Contender.ts"
import { isStatic, sleep, type Measure } from "../Measure.ts"
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

interface Seen {
  readonly latencies: ReadonlyArray<number>
  readonly series: ReadonlyArray<number>
  readonly failed: number
}

/** A steady load: each of the callers calls once in an interval, one after the other. */
const load = async (session: Session, start: number): Promise<Seen> => {
  const latencies: Array<number> = []
  const series = Array.from({ length: charted / stretch }, () => 0)
  let failed = 0
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
  return { latencies, series, failed }
}

const stallsOf = ({ latencies }: Seen): number => latencies.filter((latency) => latency > stall).length

/**
 * Tokens of 2 s under a steady load, for 20 s: who waits for a refresh, and how many there are. The
 * same client with a static header has the same load in the same process and at the same time, half a
 * step later: what delays the one delays the other.
 */
export const refresh: Measure = {
  name: "refresh",
  title: "2 s tokens, 64 concurrent callers, token endpoint 150 ms, 20 s, beside a static header",
  parallel: 2,
  fits: (contender) => !isStatic(contender),
  run: async (contender, { base, serverUrl }) => {
    const warm = await openRealm(serverUrl, {})
    for (const one of [contender, base]) {
      const warming = await one.open(warm.target)
      await warming.sequence(300)
      await warming.close()
    }
    await warm.drop()
    const realm = await openRealm(serverUrl, { lifetime: 2_000, tokenDelay })
    const still = await openRealm(serverUrl, {})
    const session = await contender.open(realm.target)
    const stillSession = await base.open(still.target)
    await session.call().catch(() => 0)
    const start = performance.now()
    const [own, theirs] = await Promise.all([
      load(session, start),
      load(stillSession, start + interval / callers / 2)
    ])
    await session.close()
    await stillSession.close()
    await still.drop()
    const { callsDuringMints, mints } = await realm.drop()
    // Without a stall as many calls reach the API during a mint as at any other time.
    const expected = (own.latencies.length * (mints - 1) * tokenDelay) / duration
    const p99 = quantile(own.latencies, 0.99)
    const baseP99 = quantile(theirs.latencies, 0.99)
    return {
      figures: {
        stalls: stallsOf(own),
        "stalls of static": stallsOf(theirs),
        mints,
        failed: own.failed,
        flow: mints > 1 ? callsDuringMints / expected : 1,
        p50: quantile(own.latencies, 0.5),
        p99,
        "p99 of static": baseP99,
        "p99 over static": p99 / baseP99
      },
      series: own.series
    }
  }
}
