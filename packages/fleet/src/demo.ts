import * as Either from "effect/Either"
import { runFleet } from "./fleet.ts"
import type { Outcome } from "./fleet.ts"
import { parse } from "./options.ts"
import type { Asked } from "./options.ts"
import { makeOutput } from "./output.ts"
import { kinds } from "./place.ts"
import { progressText } from "./progress.ts"
import { unavailable } from "./unavailable.ts"
import { table, verdict } from "./verdict.ts"
import type { Skipped } from "./verdict.ts"

const output = makeOutput(process.stdout)
const { print } = output

const opening = ({
  processes,
  seconds,
  stores
}: Asked): string => `Latchkey shares one token among processes that crash.

${processes} processes call one API through one store, for ${seconds} s on each of
${stores.join(", ")}. Access tokens live 5 s. Each refresh spends
its refresh token, and using one twice costs the grant (oidc-provider). Every
3 s a process is killed with -9, now and then on purpose between the answer to
its refresh and the write to the store. The store is cut off for 3 s. No call
should fail, and no refresh token be used twice, unless such a kill took its
successor.
`

/** Runs one store, and tells how far all of them are. */
const runStore = async ({ processes, seconds, stores }: Asked, index: number): Promise<Outcome> => {
  const store = stores[index] ?? "SQLite"
  let startedAt: number | undefined
  const progress = () => ({
    stores,
    index,
    seconds,
    elapsed: startedAt === undefined ? undefined : (performance.now() - startedAt) / 1_000
  })
  print(progressText(progress()))
  const timer = setInterval(() => output.progress(progress()), output.every)
  try {
    return await runFleet({
      store,
      processes,
      seconds,
      killEvery: 3,
      cut: 3,
      tell: (at, happening) => {
        startedAt ??= performance.now() - at * 1_000
        print(`${at.toFixed(1).padStart(7)} s  ${happening}`)
      }
    })
  } finally {
    clearInterval(timer)
    output.clear()
  }
}

const run = async (asked: Asked): Promise<boolean> => {
  print(opening(asked))
  const outcomes: Array<Outcome> = []
  const skipped: Array<Skipped> = []
  for (const [index, store] of asked.stores.entries()) {
    try {
      outcomes.push(await runStore(asked, index))
    } catch (error) {
      const reason = unavailable(store, error)
      if (reason === undefined) {
        throw error
      }
      skipped.push({ store, reason })
      print(`NOT RUN: ${reason}`)
    }
    print("")
  }
  const { lines, passed } = verdict(outcomes, skipped)
  for (const line of [...table(outcomes), "", ...lines]) {
    print(line)
  }
  return passed
}

const asked = parse(process.argv.slice(2), kinds)
if (Either.isLeft(asked)) {
  process.stderr.write(`${asked.left}\n`)
  process.exit(2)
}
process.exit((await run(asked.right)) ? 0 : 1)
