// Imported first, this ends a process whose Node is too old with one line, before anything that Node cannot run.
import { readFileSync } from "fs"
import { tooOld } from "./nodeVersion.mjs"

const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
const complaint = tooOld(engines.node, process.version)
if (complaint !== undefined) {
  console.error(complaint)
  process.exit(1)
}
