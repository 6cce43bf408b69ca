import { spawn, spawnSync } from "node:child_process"
import { redisInstall } from "./missing.ts"
import type { Machine } from "./missing.ts"

/** An install takes half a minute; a mirror that does not answer must not hold the tests up for longer. */
const longest = 120_000

/** Whether a command ends well, at once and without a word. */
const works = (program: string, ...args: ReadonlyArray<string>): boolean =>
  spawnSync(program, args, { stdio: "ignore", timeout: 5_000 }).status === 0

export const thisMachine = (): Machine => ({
  platform: process.platform,
  hasApt: works("apt-get", "--version"),
  isRoot: process.getuid?.() === 0,
  hasSudo: works("sudo", "-n", "true")
})

/** Runs a command to its end, without a terminal to ask on; answers what is wrong, or nothing. */
const run = ([program = "", ...args]: ReadonlyArray<string>, timeout: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      timeout,
      // The package starts a server of its own where it can, and nobody asked for one.
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" }
    })
    let said = ""
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-500)
    })
    child.on("error", (error) => resolve(error.message))
    child.on("close", (code, signal) =>
      resolve(
        code === 0
          ? undefined
          : `${program} ${signal === null ? `ended with ${code}` : "took too long"}. ${said.trim()}`
      )
    )
  })

/** Installs Redis where that needs nobody's answer; answers why it is not there, or nothing. */
export const installRedis = async (machine: Machine): Promise<string | undefined> => {
  const commands = redisInstall(machine)
  if (commands.length === 0) {
    return "There is no redis-server, and it cannot be installed without asking you."
  }
  console.log("No redis-server here: installing Debian's package for the tests.")
  const startedAt = performance.now()
  let problem: string | undefined
  for (const command of commands) {
    // A list that could not be brought up to date may do.
    problem = await run(command, Math.max(1, Math.floor(longest - (performance.now() - startedAt))))
  }
  return problem
}
