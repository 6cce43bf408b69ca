// npm run bench -- [--only hot,refresh] [--contenders latchkey,@smithy/core] [--rounds 5] [--out <folder>] [--merge]
// --merge keeps what the folder has of the measures that are not run.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, loadavg } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { bundle } from "./build.ts"
import type { Contender } from "./Contender.ts"
import { contenders } from "./contenders.ts"
import { isStatic, isVariant, type Measure, type Round } from "./Measure.ts"
import { byDefault, measures } from "./measures.ts"
import { importCosts } from "./imports.ts"
import { runChild, startServer } from "./processes.ts"
import { chart } from "./chart.ts"
import { markdown, type Results } from "./report.ts"

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    contenders: { type: "string" },
    rounds: { type: "string", default: "5" },
    merge: { type: "boolean", default: false },
    out: { type: "string", default: join(import.meta.dirname, "../results") }
  }
})

const names = <A extends { readonly name: string }>(
  all: ReadonlyArray<A>,
  chosen: string | undefined,
  otherwise: ReadonlyArray<A>
): ReadonlyArray<A> => {
  if (chosen === undefined) {
    return otherwise
  }
  const wanted = new Set(chosen.split(",").map((name) => (name === "static" ? "static-effect" : name)))
  return all.filter(({ name }) => wanted.has(name))
}

const chosenMeasures = names(measures, values.only, byDefault)
const chosenContenders = new Set(names(contenders, values.contenders, contenders))
const rounds = Number(values.rounds)

const rotate = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

const file = join(values.out, "results.json")
const earlier: Results =
  values.merge && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { rounds: {}, imports: {} }
const results: Results = {
  rounds: Object.fromEntries(
    Object.entries(earlier.rounds).filter(([name]) =>
      chosenMeasures.every((measure) => measure.name !== name)
    )
  ),
  imports: earlier.imports
}

const note = (measure: Measure, contender: Contender, round: Round): void => {
  const row = (results.rounds[measure.name] ??= {})
  const own = (row[contender.name] ??= [])
  own.push(round)
}

const server = await startServer()
const child = await bundle("child")
const startedAt = performance.now()

const runRound = async (measure: Measure, round: number): Promise<void> => {
  const fits = measure.fits ?? ((one: Contender) => !isVariant(one) && !isStatic(one))
  // Interleaved: each round takes every contender once, and begins with another one.
  const queue = [
    ...rotate(
      contenders.filter((one) => chosenContenders.has(one) && fits(one)),
      round
    )
  ]
  const lane = async () => {
    for (let contender = queue.shift(); contender !== undefined; contender = queue.shift()) {
      const timeout = measure.timeout ?? 300_000
      const args = [measure.name, contender.name, server.url]
      // One retry: a busy machine may starve a process to its death.
      const result = await runChild(child, args, timeout).catch(() => runChild(child, args, timeout))
      note(measure, contender, result)
    }
  }
  await Promise.all(Array.from({ length: measure.parallel }, lane))
}

const write = (done: number): string => {
  const table = markdown(results, {
    command: ["npm run bench", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(
      " "
    ),
    machine: `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}`,
    seconds: (performance.now() - startedAt) / 1000,
    rounds: done
  })
  mkdirSync(values.out, { recursive: true })
  writeFileSync(file, `${JSON.stringify(results)}\n`)
  writeFileSync(join(values.out, "table.md"), table)
  const refreshRounds = results.rounds["refresh"]
  if (refreshRounds !== undefined) {
    writeFileSync(join(values.out, "refresh.svg"), chart(refreshRounds))
  }
  return table
}

if (values.only === undefined || values.only.split(",").includes("imports")) {
  results.imports = await importCosts(rounds)
}
for (let round = 0; round < rounds; round++) {
  for (const measure of chosenMeasures) {
    const from = performance.now()
    await runRound(measure, round)
    console.log(
      `round ${round + 1} of ${rounds}, ${measure.name}: ${((performance.now() - from) / 1000).toFixed(1)} s`
    )
  }
  // A run that is broken off leaves the rounds that it has finished.
  write(round + 1)
}
server.stop()
console.log(`\n${write(rounds)}\nwritten to ${values.out}`)
process.exit(0)
