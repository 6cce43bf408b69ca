import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "./bundle.ts"
import { startMember } from "./member.ts"
import type { Member } from "./member.ts"
import { startPlace } from "./place.ts"
import type { Kind } from "./place.ts"
import { startOidcProvider } from "@latchkey/servers/oidcProvider"

export interface Options {
  readonly store: Kind
  readonly processes: number
  readonly seconds: number
  /** Seconds between two kills, each followed by a new process. */
  readonly killEvery: number
  /** How long the store is away, in seconds; it is cut off in the middle of the run. */
  readonly cut: number
  /** Of a process, in milliseconds; a lease lasts one and a quarter of it. Default: 5 seconds. */
  readonly mintDeadline?: number | undefined
  /** How long a process takes from the answer to a mint to the store, in milliseconds. Default: 20. */
  readonly hesitation?: number | undefined
  /** Whether the lease of a process that was killed ends at once. Default: it runs out. */
  readonly forward?: boolean | undefined
  /** What must have happened before it ends, however long that takes. */
  readonly atLeast?:
    | { readonly kills: number; readonly killsWithinMint: number; readonly calls: number }
    | undefined
  /** Told of everything that happens, with the seconds since the start. */
  readonly tell?: (seconds: number, happening: string) => void
}

/** What a run came to. */
export interface Outcome {
  readonly store: Kind
  readonly seconds: number
  readonly calls: number
  /** Of calls in processes that live. */
  readonly failures: ReadonlyArray<string>
  readonly kills: number
  /** Kills whose process had asked for a token and not stored it: by its own notes. */
  readonly killsWithinMint: number
  readonly mints: number
  /** The fewest mints that keep a token alive for so long, at the shortest life that a token may have. */
  readonly optimum: number
  readonly reuses: number
  readonly grantsLost: number
  /** Of a call, in milliseconds. */
  readonly slowest: number
}

/** Seconds. */
const lifetime = 5

/** R2: the earliest stale point: a quarter of the lifetime before its end, and half of that by jitter. */
const shortestLife = lifetime * (1 - (1 / 4) * (3 / 2))

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

/**
 * Processes that share one store and one rotating refresh token of a server that revokes the grant when
 * a refresh token is used twice. They are killed with -9 and replaced; every third kill is aimed at a
 * process that has the answer to its refresh and has not stored it yet. The store is cut off once.
 */
export const runFleet = async (options: Options): Promise<Outcome> => {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-evidence-"))
  const server = await startOidcProvider({ accessTokenTtl: lifetime, latency: 20 })
  const place = await startPlace(options.store)
  const worker = await bundle("worker")
  const { hesitation = 20, mintDeadline = 5_000 } = options
  const { atLeast = { kills: 0, killsWithinMint: 0, calls: 0 } } = options
  const startedAt = performance.now()
  const elapsed = () => (performance.now() - startedAt) / 1_000
  const tell = (happening: string) => options.tell?.(elapsed(), happening)

  const alive: Array<Member> = []
  const all: Array<Member> = []
  const { clientId, clientSecret = "" } = server.clients.basic
  const launch = (): void => {
    const number = all.length + 1
    const member = startMember(worker, {
      storeUrl: place.url,
      issuer: server.issuer,
      apiUrl: server.apiUrl,
      clientId,
      clientSecret,
      evidence: join(directory, String(number)),
      hesitation,
      mintDeadline
    })
    member.onMint = (step) => tell(`process ${number}: ${step}`)
    alive.push(member)
    all.push(member)
  }

  /** The next process that has an answer and has not stored it. */
  const nextAnswered = (within: number): Promise<Member | undefined> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), within)
      for (const member of alive) {
        const before = member.onMint
        member.onMint = (step) => {
          before(step)
          if (step === "answered") {
            clearTimeout(timer)
            resolve(member)
          }
        }
      }
    })

  let kills = 0
  let killsWithinMint = 0
  const killOne = async (): Promise<void> => {
    kills += 1
    const aimed = kills % 3 === 2 ? await nextAnswered(lifetime * 1_000) : undefined
    const victim = aimed ?? alive[Math.floor(Math.random() * alive.length)]
    if (victim === undefined) {
      return
    }
    await victim.kill()
    alive.splice(alive.indexOf(victim), 1)
    const step = victim.lastStep()
    const within = step === "sent" || step === "answered"
    killsWithinMint += within ? 1 : 0
    // It held the lease, so nobody else does.
    if (options.forward === true && (within || step === "leased" || step === "saved")) {
      await place.forward(mintDeadline * 2)
    }
    tell(`process ${all.indexOf(victim) + 1} KILLED ${within ? `within a mint, ${step}` : ""}`)
    launch()
  }

  const killing = async (): Promise<void> => {
    const isEnough = () => kills >= atLeast.kills && killsWithinMint >= atLeast.killsWithinMint
    while (elapsed() + options.killEvery < options.seconds || !isEnough()) {
      await sleep(options.killEvery * 1_000)
      await killOne()
    }
  }
  const cutting = async (): Promise<void> => {
    await sleep((options.seconds / 2) * 1_000)
    await place.cut()
    tell("store CUT OFF")
    await sleep(options.cut * 1_000)
    await place.mend()
    tell("store is back")
  }

  const calls = () => all.reduce((sum, member) => sum + member.calls(), 0)
  const calling = async (): Promise<void> => {
    while (calls() < atLeast.calls) {
      await sleep(50)
    }
  }

  try {
    for (let count = 0; count < options.processes; count++) {
      launch()
    }
    await Promise.all([killing(), cutting(), calling(), sleep(options.seconds * 1_000)])
    await Promise.all(alive.map((member) => member.stop()))
    const seconds = elapsed()
    const { grantsRevoked, mints, reuses } = server.counts()
    return {
      store: options.store,
      seconds,
      calls: calls(),
      failures: all.flatMap((member) => member.failures()),
      kills,
      killsWithinMint,
      mints,
      optimum: 1 + Math.floor(seconds / shortestLife),
      reuses,
      grantsLost: grantsRevoked,
      slowest: Math.max(...all.map((member) => member.slowest()))
    }
  } finally {
    await Promise.all(all.map((member) => member.kill()))
    await place.close()
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** What did not hold, in words; empty if all is well. */
export const violations = (outcome: Outcome): ReadonlyArray<string> => {
  const { failures, grantsLost, kills, killsWithinMint, mints, optimum, reuses } = outcome
  const found: Array<string> = []
  if (failures.length > 0) {
    found.push(`${failures.length} calls failed in processes that live: ${failures[0]}`)
  }
  if (mints > optimum + kills) {
    found.push(`${mints} mints, more than ${optimum} and one for each of ${kills} kills`)
  }
  if (reuses > killsWithinMint) {
    found.push(`${reuses} reuses, more than the ${killsWithinMint} kills within a mint explain`)
  }
  if (grantsLost > killsWithinMint) {
    found.push(`${grantsLost} grants lost, more than the ${killsWithinMint} kills within a mint explain`)
  }
  return found
}
