// Keeps the READMEs honest: every ```ts block is a region of a file under examples/, which is compiled and run, and
// every `npm run` script and relative link that a README names exists.
//
// A block names its source right above it, and the file marks the region:
//   <!-- examples/src/quickstart.ts#quickstart -->      // #region quickstart … // #endregion
//
// `--write` refreshes the blocks from the files.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const write = process.argv.includes("--write")
let problems = 0
let blocks = 0

const complain = (file, line, text) => {
  problems++
  console.error(`${relative(root, file)}:${line}: ${text}`)
}

/** The text of a region: without the markers of regions inside of it, and indented as if it stood alone. */
const region = (source, name) => {
  const lines = source.split("\n")
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  if (start === -1) return undefined
  const body = []
  for (let depth = 1, i = start + 1; i < lines.length; i++) {
    const marker = lines[i].trim()
    if (marker.startsWith("// #region")) depth++
    else if (!marker.startsWith("// #endregion")) body.push(lines[i])
    else if (--depth === 0) {
      const indents = body.filter((line) => line.trim() !== "").map((line) => line.search(/\S/))
      const indent = Math.min(...indents)
      return body
        .map((line) => line.slice(indent))
        .join("\n")
        .trim()
    }
  }
  return undefined
}

/** What a source comment refers to, or what is wrong with it. */
const lookUp = (comment) => {
  const [, path, name] = /^<!-- (examples\/[\w./-]+\.ts)#([\w-]+) -->$/.exec(comment ?? "") ?? []
  if (path === undefined)
    return { error: "a ts block without its source; put <!-- examples/… .ts#region --> above it" }
  const file = join(root, path)
  if (!existsSync(file)) return { error: `${path} does not exist` }
  const text = region(readFileSync(file, "utf8"), name)
  return text === undefined
    ? { error: `${path} has no region ${name} that ends` }
    : { text, from: `${path}#${name}` }
}

const checkBlocks = (file, lines) => {
  const fresh = []
  for (let i = 0; i < lines.length; i++) {
    fresh.push(lines[i])
    const fence = /^```(\w*)\s*$/.exec(lines[i])
    if (fence === null) continue
    const end = lines.indexOf("```", i + 1)
    if (end === -1) {
      complain(file, i + 1, "a block that never ends")
      return lines
    }
    const text = lines.slice(i + 1, end).join("\n")
    if (/^(?:ts|tsx|typescript|js|javascript)$/.test(fence[1])) {
      blocks++
      const source = lookUp(lines.slice(0, i).findLast((line) => line.trim() !== ""))
      if (source.error !== undefined) complain(file, i + 1, source.error)
      else if (source.text !== text && !write) {
        complain(file, i + 1, `not what ${source.from} says; run \`node scripts/check-readme.mjs --write\``)
      }
      fresh.push(...(source.text ?? text).split("\n"), "```")
    } else {
      fresh.push(...lines.slice(i + 1, end + 1))
    }
    i = end
  }
  return fresh
}

const scripts = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts
const anchors = (file) =>
  [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )

const checkNames = (file, lines) => {
  for (const [index, line] of lines.entries()) {
    for (const [, name] of line.matchAll(/\bnpm run ([\w:-]+)/g)) {
      if (scripts[name] === undefined) complain(file, index + 1, `package.json has no script "${name}"`)
    }
    for (const [, link] of line.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^\w+:/.test(link)) continue
      const [path, anchor] = link.split("#")
      const there = path === "" ? file : join(dirname(file), path)
      // A folder shows its README.
      const target = existsSync(join(there, "README.md")) ? join(there, "README.md") : there
      if (!existsSync(target)) complain(file, index + 1, `${link} does not exist`)
      else if (anchor !== undefined && target.endsWith(".md") && !anchors(target).includes(anchor)) {
        complain(file, index + 1, `${link} has no such heading`)
      }
    }
  }
}

const readmes = [
  join(root, "README.md"),
  ...readdirSync(join(root, "packages")).map((dir) => join(root, "packages", dir, "README.md"))
].filter((file) => existsSync(file))

for (const file of readmes) {
  const source = readFileSync(file, "utf8")
  const lines = source.split("\n")
  checkNames(file, lines)
  const fresh = checkBlocks(file, lines).join("\n")
  if (write && fresh !== source) {
    writeFileSync(file, fresh)
    console.log(`check-readme: wrote ${relative(root, file)}`)
  }
}

if (problems > 0) {
  console.error(`check-readme: ${problems} problem(s)`)
  process.exitCode = 1
} else {
  console.log(`check-readme: ${blocks} snippets in ${readmes.length} files, each as its example has it`)
}
