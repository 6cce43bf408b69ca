import { liveBytes } from "../liveBytes.ts"
import { sleep, type Measure } from "../Measure.ts"
import { inProcess } from "../target.ts"

/** Tokens so short that ten thousand of them pass in half a minute. */
const shortLived: typeof globalThis.fetch = async (input, init) => {
  const response = await inProcess.fetch(input, init)
  const text = await response.text()
  return new Response(text.replace('"expires_in":3600', '"expires_in":0.02'), response)
}

/** A million calls and ten thousand refreshes, which must leave nothing behind. Minutes: not run by default. */
export const leak: Measure = {
  name: "leak",
  title: "bytes of live values after 1,000,000 calls and 10,000 refreshes, over those after 10,000 calls",
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
    const refresh = async (mints: number) => {
      while (seen.mints < mints) {
        // A machine that is busy for 20 ms has a token that is over on arrival.
        await refreshing.call().catch(() => 0)
        await sleep(4)
      }
    }
    await session.sequence(10_000)
    // Enough for the registry of `Redacted` to have its size: a table that grows to hold what waits for the collector.
    await refresh(1_000)
    const before = await liveBytes()
    await session.sequence(990_000)
    const afterCalls = await liveBytes()
    await refresh(10_000)
    const afterRefreshes = await liveBytes()
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
