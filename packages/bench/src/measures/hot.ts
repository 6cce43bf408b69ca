import type { Session } from "../Contender.ts"
import type { Measure } from "../Measure.ts"
import { median } from "../stats.ts"
import { inProcess } from "../target.ts"

const slices = 100
const callsPerSlice = 60
const heapRuns = 5
const callsPerHeapRun = 80

/** CPU time: the network is in this process, so that nothing waits, and other processes do not count. */
const cpuOf = async (session: Session): Promise<number> => {
  const before = process.cpuUsage()
  await session.sequence(callsPerSlice)
  const { system, user } = process.cpuUsage(before)
  return (user + system) / callsPerSlice
}

const bytesOf = async (session: Session): Promise<number> => {
  const runs: Array<number> = []
  while (runs.length < heapRuns) {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    await session.sequence(callsPerHeapRun)
    const grown = process.memoryUsage().heapUsed - before
    // Less than nothing: a collection came in between.
    if (grown > 0) {
      runs.push(grown / callsPerHeapRun)
    }
  }
  return median(runs)
}

/** Time and bytes per request with a fresh token, beside the same client with a static header. */
export const hot: Measure = {
  name: "hot",
  title: "hot path, in-process transport: time and bytes per request over a static header",
  parallel: 1,
  run: async (contender, rivals) => {
    const own = await contender.open(inProcess)
    const base = await rivals.base.open(inProcess)
    for (let warm = 0; warm < 30; warm++) {
      await own.sequence(callsPerSlice)
      await base.sequence(callsPerSlice)
    }
    const ratios: Array<number> = []
    const micros: Array<number> = []
    for (let slice = 0; slice < slices; slice++) {
      // There and back again, so that neither of the two profits from being first.
      const first = await cpuOf(slice % 2 === 0 ? own : base)
      const second = await cpuOf(slice % 2 === 0 ? base : own)
      const [ours, theirs] = slice % 2 === 0 ? [first, second] : [second, first]
      ratios.push(ours / theirs)
      micros.push(theirs)
    }
    const baseBytes = await bytesOf(base)
    const bytes = await bytesOf(own)
    await own.close()
    await base.close()
    return {
      figures: { ratio: median(ratios), bytes: bytes - baseBytes, baseMicros: median(micros), baseBytes }
    }
  }
}
