import type { TestProject } from "vitest/node"
import { makeRedis } from "./redis.ts"

/** One Redis for all tests; each takes a prefix of its own. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  try {
    const redis = await makeRedis()
    project.provide("redis", redis.url)
    return redis.remove
  } catch (error) {
    if (process.env["CI"] === "true") {
      throw error
    }
    console.warn(
      "\n!!! NO REDIS-SERVER HERE: the tests over Redis are skipped. CI does not skip them.\n",
      error
    )
    project.provide("redis", "")
    return async () => {}
  }
}
