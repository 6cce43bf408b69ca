// npm run demo
try {
  await import("./program.ts")
} catch (error) {
  // The second code is that of packages that are loaded with `require`.
  const missing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]
  if (!(error instanceof Error && "code" in error && missing.includes(String(error.code)))) {
    throw error
  }
  // `npm run demo` installs what it needs; who starts this file without it is told so, in one line.
  const [, name = "of which it is made"] = /(?:package|module) '([^']+)'/.exec(error.message) ?? []
  process.stderr.write(
    `The demo needs the package ${name}, which is not installed here. Run: npm run bootstrap\n`
  )
  process.exitCode = 1
}
