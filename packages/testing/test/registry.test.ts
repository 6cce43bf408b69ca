import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const packages = join(import.meta.dirname, "..", "..")

/** They build on core, and are neither a provider nor a store. */
const exempt = new Set(["testing", "bench", "fleet"])

const dependsOnCore = (manifest: unknown): boolean =>
  ["dependencies", "peerDependencies"].some(
    (kind) => Predicate.hasProperty(manifest, kind) && Predicate.hasProperty(manifest[kind], "@latchkey/core")
  )

/** Every package on top of core, but for the exempt. */
const subjects = readdirSync(packages).filter((name) => {
  const manifest = join(packages, name, "package.json")
  return (
    !exempt.has(name) && existsSync(manifest) && dependsOnCore(JSON.parse(readFileSync(manifest, "utf8")))
  )
})

const read = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "")

/** A contract test, and what it imports where several files run one contract. */
const contractOf = (name: string): string => {
  const test = read(join(packages, name, "test", "contract.test.ts"))
  return test.includes('from "./support/contracts.ts"')
    ? test + read(join(packages, name, "test", "support", "contracts.ts"))
    : test
}

describe("the registry", () => {
  it("finds the five providers", () => {
    for (const name of ["autopay", "paymentsgate", "su", "vault-ist", "vaultspay"]) {
      assert.include(subjects, name)
    }
  })

  it("every package on top of core runs the contract suite of a flow or of a store", () => {
    const missing = subjects.filter(
      (name) => !/^\s*(?:AuthFlowSuite|TokenStoreSuite)\.describe\(/m.test(contractOf(name))
    )
    assert.deepStrictEqual(
      missing,
      [],
      `no contract test: write packages/${missing.join(", packages/")}/test/contract.test.ts with ` +
        `AuthFlowSuite.describe (a provider) or TokenStoreSuite.describe (a store) of @latchkey/testing`
    )
  })

  it("the suites import vitest, so the index of the package does not reach them", () => {
    const source = join(packages, "testing", "src")
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) {
        return
      }
      reached.add(file)
      const text = readFileSync(file, "utf8")
      assert.notMatch(text, /from "(?:@effect\/)?vitest"/, file)
      for (const [, path = ""] of text.matchAll(/from "(\.[^"]+)"/g)) {
        visit(join(file, "..", path))
      }
    }
    visit(join(source, "index.ts"))
    assert.isAbove(reached.size, 10)
  })
})
