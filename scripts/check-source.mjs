// The house rules of library source that no linter knows; each finding says what to do instead.
//
// A line may be excused, with a reason, by a comment on it or on the line above:
//   // check-source: allow runPromise: toFetch leaves Effect here
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** `text` is matched without comments and strings, `imports` without comments, `comments` with both. */
const rules = [
  { name: "Date.now", in: "text", pattern: /\bDate\.now\b/, do: "take the time from Effect's Clock" },
  {
    name: "new Date()",
    in: "text",
    pattern: /\bnew Date\s*\(\s*\)/,
    do: "take the time from Effect's Clock"
  },
  {
    name: "performance.now",
    in: "text",
    pattern: /\bperformance\.now\b/,
    do: "take the time from Effect's Clock"
  },
  {
    name: "setTimeout",
    in: "text",
    pattern: /\bset(?:Timeout|Interval)\b/,
    do: "use Effect.sleep or a Schedule"
  },
  { name: "Math.random", in: "text", pattern: /\bMath\.random\b/, do: "use Effect's Random" },
  { name: "process.env", in: "text", pattern: /\bprocess\s*\.\s*env\b/, do: "use effect/Config" },
  { name: "console", in: "text", pattern: /\bconsole\s*\./, do: "use Effect.log, or emit an event" },
  {
    name: "runPromise",
    in: "text",
    pattern: /\brunPromise\w*/,
    do: "return the Effect; the application runs it"
  },
  { name: "as any", in: "text", pattern: /\bas\s+any\b/, do: "narrow the type, or decode with a Schema" },
  {
    name: "as unknown as",
    in: "text",
    pattern: /\bas\s+unknown\s+as\b/,
    do: "narrow the type, or decode with a Schema"
  },
  { name: ": any", in: "text", pattern: /:\s*any\b/, do: "write the type, or unknown" },
  { name: "@ts-ignore", in: "comments", pattern: /@ts-(?:ignore|nocheck)\b/, do: "fix the type error" },
  {
    name: "barrel",
    in: "imports",
    pattern: /(?:\bfrom|\bimport)\s*\(?\s*["'](?:effect|@effect\/platform)["']/,
    do: 'import the module path instead, as in `import * as Effect from "effect/Effect"`'
  }
]

/**
 * Blanks out comments, and comments and strings, keeping every offset; and finds where the comments are.
 * Knows strings, templates with their `${}`, and regular expressions as far as telling them from division goes.
 */
const scan = (source) => {
  const code = source.split("")
  const text = source.split("")
  const comments = []
  const blank = (of, from, to) => {
    for (let i = from; i < to; i++) if (of[i] !== "\n") of[i] = " "
  }
  /** For each open `${`, how many braces are open inside of it. */
  const templates = []
  let i = 0
  let last = ""

  const quoted = (quote) => {
    const start = i++
    while (i < source.length && source[i] !== quote && source[i] !== "\n") i += source[i] === "\\" ? 2 : 1
    i++
    blank(text, start + 1, i - 1)
  }
  const template = () => {
    const start = i
    while (i < source.length && source[i] !== "`" && !source.startsWith("${", i))
      i += source[i] === "\\" ? 2 : 1
    blank(text, start, i)
    if (source[i] === "`") i++
    else {
      i += 2
      templates.push(0)
    }
  }
  const regex = () => {
    const start = i++
    let inClass = false
    while (i < source.length && (inClass || source[i] !== "/") && source[i] !== "\n") {
      if (source[i] === "[") inClass = true
      if (source[i] === "]") inClass = false
      i += source[i] === "\\" ? 2 : 1
    }
    i++
    blank(text, start + 1, i - 1)
  }

  while (i < source.length) {
    const char = source[i]
    if (source.startsWith("//", i) || source.startsWith("/*", i)) {
      const line = source[i + 1] === "/"
      const found = source.indexOf(line ? "\n" : "*/", i + 2)
      const end = found === -1 ? source.length : found + (line ? 0 : 2)
      comments.push({ from: i, to: end, doc: source.startsWith("/**", i) && !source.startsWith("/**/", i) })
      blank(code, i, end)
      blank(text, i, end)
      i = end
      continue
    }
    if (char === '"' || char === "'") quoted(char)
    else if (char === "`") {
      i++
      template()
    } else if (
      char === "/" &&
      (/[(,=:[!&|?{};+\-*%~^<>]/.test(last) ||
        last === "" ||
        /\b(?:return|typeof|case|yield)\s*$/.test(source.slice(Math.max(0, i - 10), i)))
    ) {
      regex()
    } else {
      if (char === "{" && templates.length > 0) templates[templates.length - 1]++
      if (char === "}" && templates.length > 0 && templates[templates.length - 1]-- === 0) {
        templates.pop()
        i++
        template()
        last = "`"
        continue
      }
      i++
    }
    if (!/\s/.test(char)) last = char
  }
  return { comments, text: text.join(""), imports: code.join("") }
}

const files = (dir) =>
  existsSync(dir)
    ? readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
        const path = join(dir, entry.name)
        if (entry.isDirectory()) return files(path)
        return entry.name.endsWith(".ts") ? [path] : []
      })
    : []

let problems = 0
const report = (file, source, offset, text) => {
  problems++
  console.error(`${relative(root, file)}:${source.slice(0, offset).split("\n").length}: ${text}`)
}

const checkRules = (file, source, scanned) => {
  const lines = source.split("\n")
  for (const rule of rules) {
    const within = rule.in === "comments" ? source : scanned[rule.in]
    for (const match of within.matchAll(new RegExp(rule.pattern, "g"))) {
      const line = source.slice(0, match.index).split("\n").length
      const allow = new RegExp(`// check-source: allow ${rule.name.replace(/[.()]/g, "\\$&")}: \\S`)
      if (allow.test(lines[line - 1]) || allow.test(lines[line - 2] ?? "")) continue
      report(file, source, match.index, `${match[0].trim()}: ${rule.do}`)
    }
  }
}

const exported =
  /^([ \t]*)export\s+(?:(?:declare|abstract|async|default)\s+)*(?:(?:const|let|var|class|function\*?|interface|type|enum|namespace|module)\s+([\w$]+)|[{*])/gm

const checkDocs = (file, source, scanned) => {
  const overloads = new Set()
  for (const match of scanned.text.matchAll(exported)) {
    const [whole, indent, name = "export list"] = match
    const start = match.index + indent.length
    // The signatures of one function share the comment of the first.
    const overload = /\bfunction\b/.test(whole) && `${indent}${name}`
    if (overload && overloads.has(overload)) continue
    if (overload) overloads.add(overload)

    // Line comments, which may switch off a lint rule, stand between a doc comment and its export.
    let end = start
    let doc
    for (;;) {
      while (end > 0 && /\s/.test(source[end - 1])) end--
      const comment = scanned.comments.find(({ to }) => to === end)
      if (comment === undefined) break
      if (comment.doc) {
        doc = source.slice(comment.from + 3, comment.to - 2)
        break
      }
      end = comment.from
    }
    if (doc === undefined) {
      report(
        file,
        source,
        start,
        `${name}: exported without a doc comment; say in one sentence what it is, then @since`
      )
      continue
    }
    if (/@internal\b/.test(doc)) continue
    if (/^[\s*]*(?:@|$)/.test(doc)) {
      report(file, source, start, `${name}: the doc comment has tags but no sentence; say what it is`)
    }
    if (!/@since\s+\d+\.\d+\.\d+/.test(doc)) {
      report(
        file,
        source,
        start,
        `${name}: the doc comment has no @since; add the version, as in \`@since 0.1.0\``
      )
    }
    // Members of a namespace stand under the category of the namespace.
    if (indent === "" && !/@category\s+\S/.test(doc)) {
      report(
        file,
        source,
        start,
        `${name}: the doc comment has no @category; add one, as in \`@category constructors\``
      )
    }
  }
}

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"'./][^"']*)["']/g

/** What a package imports, it must depend on: here everything resolves from the root, at a user's it does not. */
const checkDependencies = (file, source, scanned, manifest) => {
  const own = { ...manifest.dependencies, ...manifest.peerDependencies, [manifest.name]: "" }
  for (const match of scanned.imports.matchAll(specifier)) {
    const name = match[1].split("/", match[1].startsWith("@") ? 2 : 1).join("/")
    if (own[name] === undefined && !/^(?:node|cloudflare):/.test(name)) {
      report(
        file,
        source,
        match.index,
        `${name}: add it to dependencies or peerDependencies of ${manifest.name}`
      )
    }
  }
}

let count = 0
for (const dir of readdirSync(join(root, "packages")).filter((name) => name !== "node_modules")) {
  const src = join(root, "packages", dir, "src")
  const manifest = JSON.parse(readFileSync(join(root, "packages", dir, "package.json"), "utf8"))
  for (const file of files(src)) {
    const source = readFileSync(file, "utf8")
    const scanned = scan(source)
    count++
    // Nobody installs the benchmarks, and their programs in strings have imports of their own; knip looks after them.
    if (dir !== "bench") checkDependencies(file, source, scanned, manifest)
    if (dir !== "testing" && manifest.private !== true) checkRules(file, source, scanned)
    if (manifest.private !== true && dirname(file) === src && file !== join(src, "index.ts"))
      checkDocs(file, source, scanned)
  }
}

if (problems > 0) {
  console.error(`check-source: ${problems} problem(s) in ${count} files`)
  process.exitCode = 1
} else {
  console.log(`check-source: ${count} files, nothing to report`)
}
