import { many, outcomeOf, type Measure } from "../Measure.ts"
import { inProcess } from "../target.ts"

const sizes = [1, 64, 512, 4_096]
const calls = 4_096

/** Time per call by how many callers there are at once: it must not depend on it. */
export const callers: Measure = {
  name: "callers",
  title: "CPU time per call with 1, 64, 512 and 4,096 callers at once, in-process transport",
  fits: ({ name }) => name === "latchkey" || name === "static-effect",
  parallel: 1,
  run: async (contender) => {
    const session = await contender.open(inProcess)
    const burst = async (size: number) => {
      const cpu = process.cpuUsage()
      for (let done = 0; done < calls; done += size) {
        const { failed } = await outcomeOf(many(size, () => session.call()))
        if (failed > 0) {
          throw new Error(`${failed} calls failed`)
        }
      }
      const { system, user } = process.cpuUsage(cpu)
      return (user + system) / calls
    }
    await burst(64)
    const figures: Record<string, number> = {}
    for (const size of sizes) {
      figures[`micros${size}`] = await burst(size)
    }
    await session.close()
    return { figures }
  }
}
