import type { TestProject } from "vitest/node"
import { installRedis, thisMachine } from "./installRedis.ts"
import { redisAdvice, requires, skipped } from "./missing.ts"
import { makeRedis } from "./redis.ts"
import type { RedisServer } from "./redis.ts"

/** A Redis, installed first where there is none and that can be done; else why there is none. */
const start = async (): Promise<RedisServer | string> => {
  try {
    return await makeRedis()
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) {
      return `It does not start: ${String(error)}.`
    }
  }
  const problem = await installRedis(thisMachine()).catch(String)
  if (problem !== undefined) {
    return problem
  }
  return makeRedis().catch((error: unknown) => `It does not start: ${String(error)}.`)
}

/** One Redis for all tests; each takes a prefix of its own. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const redis = await start()
  if (typeof redis !== "string") {
    project.provide("redis", redis.url)
    return redis.remove
  }
  const line = skipped("redis", redis, redisAdvice(thisMachine()))
  if (requires(process.env)) {
    throw new Error(line)
  }
  console.warn(line)
  project.provide("redis", "")
  // Once more at the end, where a person looks.
  return async () => console.warn(line)
}
