import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as Schema from "effect/Schema"
import { Line, Settings } from "./protocol.ts"
import type { Step } from "./protocol.ts"

/** A process of the fleet, as its parent sees it. */
export interface Member {
  readonly calls: () => number
  /** Milliseconds. */
  readonly slowest: () => number
  readonly failures: () => ReadonlyArray<string>
  /** Runs at each step of its mints, at once. */
  onMint: (step: Step) => void
  /** By its own notes: the last step of its last mint, or `leased` before and `releasing` after all of them. */
  readonly lastStep: () => string | undefined
  /** With -9. */
  readonly kill: () => Promise<void>
  /** Lets it end what it does. */
  readonly stop: () => Promise<void>
}

const decodeLine = Schema.decodeSync(Line)
const encodeSettings = Schema.encodeSync(Settings)

export const startMember = (worker: string, settings: Settings): Member => {
  const child = spawn(process.execPath, [worker, encodeSettings(settings)], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  const ended = once(child, "close")
  const failures: Array<string> = []
  let calls = 0
  let slowest = 0
  let told = false
  let errors = ""
  const member: Member = {
    calls: () => calls,
    slowest: () => slowest,
    failures: () => failures,
    onMint: () => {},
    lastStep: () => {
      try {
        return readFileSync(settings.evidence, "utf8").trim().split("\n").at(-1)
      } catch {
        return undefined
      }
    },
    kill: async () => {
      told = true
      child.kill("SIGKILL")
      await ended
    },
    stop: async () => {
      told = true
      child.kill("SIGTERM")
      await ended
    }
  }
  const hear = (text: string): void => {
    const line = decodeLine(text)
    switch (line._tag) {
      case "Mint":
        return member.onMint(line.step)
      case "Failed":
        failures.push(`${line.message} after ${line.after} ms`)
        return
      case "Calls":
        calls = line.calls
        slowest = line.slowest
        return
    }
  }
  createInterface({ input: child.stdout }).on("line", hear)
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString()
  })
  child.once("close", () => {
    if (!told) {
      failures.push(`the process ended by itself: ${errors.slice(0, 2_000)}`)
    }
  })
  return member
}
