// npm run demo:fleet [-- --seconds 60 --processes 8 --stores SQLite,PostgreSQL,Redis]
import { parseArgs } from "node:util"
import { runFleet, violations } from "./fleet.ts"
import type { Outcome } from "./fleet.ts"
import { kinds } from "./place.ts"

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    processes: { type: "string", default: "8" },
    stores: { type: "string", default: kinds.join(",") }
  }
})
const seconds = Number(values.seconds)
const processes = Number(values.processes)
const wanted = values.stores.toLowerCase().split(",")
const stores = kinds.filter((kind) => wanted.includes(kind.toLowerCase()))

const print = (line = ""): void => {
  process.stdout.write(`${line}\n`)
}

print(`Latchkey shares one token among processes that crash.

${processes} processes call one API through one store, for ${seconds} s on each of ${stores.join(", ")}. Access tokens live
5 s. Each refresh spends its refresh token, and using one twice costs the grant (oidc-provider). Every
3 s a process is killed with -9, now and then on purpose between the answer to its refresh and the write
to the store. The store is cut off for 3 s. No call should fail, and no refresh token be spent twice.
`)

const outcomes: Array<Outcome> = []
for (const store of stores) {
  print(store)
  outcomes.push(
    await runFleet({
      store,
      processes,
      seconds,
      killEvery: 3,
      cut: 3,
      tell: (at, happening) => print(`${at.toFixed(1).padStart(7)} s  ${happening}`)
    })
  )
  print()
}

const columns: ReadonlyArray<readonly [title: string, cell: (outcome: Outcome) => string | number]> = [
  ["", ({ store }) => store],
  ["calls", ({ calls }) => calls.toLocaleString("en")],
  ["failed", ({ failures }) => failures.length],
  ["mints", ({ mints }) => mints],
  ["optimum", ({ optimum }) => optimum],
  ["kills", ({ kills }) => kills],
  ["within a mint", ({ killsWithinMint }) => killsWithinMint],
  ["reuses", ({ reuses }) => reuses],
  ["grants lost", ({ grantsLost }) => grantsLost],
  ["slowest", ({ slowest }) => `${slowest.toLocaleString("en")} ms`]
]
for (const row of [
  columns.map(([title]) => title),
  ...outcomes.map((one) => columns.map(([, cell]) => String(cell(one))))
]) {
  print(
    row
      .map((text, index) => {
        const width = Math.max(columns[index]?.[0].length ?? 0, 10)
        return index === 0 ? text.padEnd(width) : text.padStart(width)
      })
      .join("  ")
  )
}
print(`
A kill within a mint takes the new refresh token with it. The next process then sends the spent one, once
(R8), which costs the grant; it goes on with the one that is configured next. All other reuses are errors.
`)

const broken = outcomes.flatMap((outcome) => violations(outcome).map((what) => `${outcome.store}: ${what}`))
print(broken.length === 0 ? "PASSED: no call failed." : `FAILED:\n${broken.join("\n")}`)
process.exit(broken.length === 0 ? 0 : 1)
