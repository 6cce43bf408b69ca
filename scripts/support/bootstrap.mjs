import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { explainInstall } from "./explainInstall.mjs"
import { isInStep, noteInstall } from "./workspace.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Milliseconds without a word from npm or pnpm after which this says that it still waits. */
const silence = 10_000

/**
 * npm and pnpm wait 10 and 60 seconds between their attempts, without a word. As environment, so that it reaches
 * both; what somebody has set stays.
 */
const settings = {
  npm_config_fetch_retries: "2",
  npm_config_fetch_retry_mintimeout: "500",
  npm_config_fetch_retry_maxtimeout: "2000",
  npm_config_fetch_timeout: "60000",
  npm_config_update_notifier: "false"
}

/** The npx that belongs to the npm which runs this, as a program and its first arguments. */
const npx = () => {
  const script = join(dirname(process.env.npm_execpath ?? ""), "npx-cli.js")
  return existsSync(script) ? [process.execPath, script] : ["npx"]
}

/** Runs the install, shows what it prints, and says so when it prints nothing. */
const install = (pnpm) =>
  new Promise((resolve) => {
    const [program, ...first] = npx()
    // Without a terminal pnpm does not make node_modules anew, where it must, unless it is told not to ask.
    const args = ["--yes", pnpm, "install", "--frozen-lockfile", "--config.confirm-modules-purge=false"]
    const child = spawn(program, [...first, ...args], {
      cwd: root,
      env: { ...settings, ...process.env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && program === "npx"
    })
    let output = ""
    let silentFor = 0
    const timer = setInterval(() => {
      silentFor += silence
      console.log(`bootstrap: no word from the package registry for ${silentFor / 1000} s; still waiting`)
    }, silence)
    const show = (stream) => (chunk) => {
      output += chunk
      silentFor = 0
      timer.refresh()
      stream.write(chunk)
    }
    child.stdout.on("data", show(process.stdout))
    child.stderr.on("data", show(process.stderr))
    child.on("error", (error) => (output += String(error)))
    child.on("close", (code) => {
      clearInterval(timer)
      resolve({ ok: code === 0, output })
    })
  })

export const bootstrap = async () => {
  if (isInStep(root)) {
    console.log("bootstrap: what pnpm-lock.yaml names is installed")
    return
  }
  // Without its checksum, which npx does not understand.
  const [pnpm] = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager.split("+")
  console.log(`bootstrap: ${pnpm} installs what pnpm-lock.yaml names`)
  const { ok, output } = await install(pnpm)
  if (ok) {
    noteInstall(root)
  } else {
    console.error(explainInstall(output))
    process.exitCode = 1
  }
}
