import { sleep, type Measure } from "../Measure.ts"
import { inProcess } from "../target.ts"

const heap = async (): Promise<number> => {
  for (let run = 0; run < 4; run++) {
    globalThis.gc?.()
    await sleep(20)
  }
  return process.memoryUsage().heapUsed
}

/** Tokens so short that ten thousand of them pass in half a minute. */
const shortLived: typeof globalThis.fetch = async (input, init) => {
  const response = await inProcess.fetch(input, init)
  const text = await response.text()
  return new Response(text.replace('"expires_in":3600', '"expires_in":0.02'), response)
}

/** A million calls and ten thousand refreshes, which must leave nothing behind. Minutes: not run by default. */
export const leak: Measure = {
  name: "leak",
  title: "heap after 1,000,000 calls and 10,000 refreshes, over the heap after 10,000 calls",
  fits: ({ name }) => name === "latchkey",
  parallel: 1,
  timeout: 1_800_000,
  run: async (contender) => {
    const seen = { mints: 0 }
    const counting: typeof globalThis.fetch = (input, init) => {
      seen.mints += String(input instanceof Request ? input.url : input).endsWith("/token") ? 1 : 0
      return shortLived(input, init)
    }
    const session = await contender.open(inProcess)
    const refreshing = await contender.open({ ...inProcess, lifetime: 20, fetch: counting })
    await session.sequence(10_000)
    await refreshing.call().catch(() => 0)
    const before = await heap()
    await session.sequence(990_000)
    const afterCalls = await heap()
    while (seen.mints < 10_000) {
      // A machine that is busy for 20 ms has a token that is over on arrival.
      await refreshing.call().catch(() => 0)
      await sleep(1)
    }
    const afterRefreshes = await heap()
    await session.close()
    await refreshing.close()
    return {
      figures: {
        before,
        grownByCalls: afterCalls - before,
        grownByRefreshes: afterRefreshes - afterCalls,
        mints: seen.mints
      }
    }
  }
}
