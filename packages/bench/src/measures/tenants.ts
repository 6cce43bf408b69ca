import type { Contender, Session, Target } from "../Contender.ts"
import type { Measure } from "../Measure.ts"
import { inProcess } from "../target.ts"

const sizes = [100, 1_000, 10_000]

interface Cost {
  readonly bytes: number
  readonly micros: number
}

const heap = async (): Promise<number> => {
  // Twice, with a turn between: finalizers hand more to the second.
  globalThis.gc?.()
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const openAll = async (
  contender: Contender,
  targets: ReadonlyArray<Target>
): Promise<ReadonlyArray<Session>> => {
  if (contender.openMany !== undefined) {
    return contender.openMany(targets)
  }
  const sessions: Array<Session> = []
  for (const target of targets) {
    sessions.push(await contender.open(target))
  }
  return sessions
}

/** Sessions that have made one call each: every tenant holds a token. */
const costOf = async (contender: Contender, count: number): Promise<Cost> => {
  const targets = Array.from({ length: count }, (_, tenant) => ({
    ...inProcess,
    clientId: `tenant-${tenant}`
  }))
  const before = await heap()
  const cpu = process.cpuUsage()
  const sessions = await openAll(contender, targets)
  for (const session of sessions) {
    await session.call()
  }
  const { system, user } = process.cpuUsage(cpu)
  const bytes = (await heap()) - before
  for (const session of sessions) {
    await session.close()
  }
  return { bytes: bytes / count, micros: (user + system) / count }
}

/** What a tenant with a token of its own costs, over one with a static header. */
export const tenants: Measure = {
  name: "tenants",
  title: "10,000 tenants: heap per tenant over static",
  parallel: 2,
  run: async (contender, rivals) => {
    const base = rivals.base
    await costOf(contender, 200)
    await costOf(base, 200)
    const figures: Record<string, number> = {}
    for (const size of sizes) {
      const own = await costOf(contender, size)
      figures[`micros${size}`] = own.micros
      figures["bytes"] = own.bytes
    }
    const theirs = await costOf(base, sizes.at(-1) ?? 0)
    figures["bytes"] = (figures["bytes"] ?? 0) - theirs.bytes
    return { figures }
  }
}
