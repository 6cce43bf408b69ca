// Runs every program in examples/src/*.ts, each in its own process and under a time limit; a non-zero exit fails.
//
//   node scripts/run-examples.mjs [name ...]
import { spawn } from "node:child_process"
import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const limit = 60_000
const only = process.argv.slice(2)

const programs = readdirSync(join(root, "examples/src"))
  .filter((file) => file.endsWith(".ts") && (only.length === 0 || only.includes(file.slice(0, -3))))
  .sort()

const run = (file) =>
  new Promise((resolve) => {
    // Its own process group, so that the limit also reaches what tsx started.
    const child = spawn(join(root, "node_modules/.bin/tsx"), [join("examples/src", file)], {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.kill(-child.pid, "SIGKILL")
    }, limit)
    child.on("error", (error) => (output += String(error)))
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      const why = late ? `still running after ${limit / 1000} s` : `exit ${code ?? signal}`
      resolve({ ok: code === 0 && !late, why, output })
    })
  })

let failed = programs.length === 0 ? 1 : 0
if (failed > 0) console.error("examples/src: no such program; every *.ts directly in it is one")

for (const file of programs) {
  const start = Date.now()
  const { ok, output, why } = await run(file)
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  if (ok) {
    console.log(`ok   examples/src/${file} (${seconds} s)`)
  } else {
    failed++
    console.error(`FAIL examples/src/${file} (${seconds} s): ${why}\n${output}`)
  }
}

if (failed > 0) process.exitCode = 1
