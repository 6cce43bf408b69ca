import type { TestProject } from "vitest/node"
import { makePostgres } from "./postgres.ts"

/** One PostgreSQL for all tests; each takes a schema of its own. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  try {
    const postgres = await makePostgres()
    project.provide("postgres", postgres.url)
    return postgres.remove
  } catch (error) {
    if (process.env["CI"] === "true") {
      throw error
    }
    console.warn("\n!!! NO POSTGRESQL HERE: its tests are skipped. CI does not skip them.\n", error)
    project.provide("postgres", "")
    return async () => {}
  }
}
