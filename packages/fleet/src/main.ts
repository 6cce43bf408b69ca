// npm run demo:fleet [-- --seconds 60 --processes 8 --stores SQLite,PostgreSQL,Redis]
try {
  await import("./demo.ts")
} catch (error) {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) {
    throw error
  }
  // `npm run demo:fleet` installs what it needs; who starts this file without it is told so, in one line.
  const [, name = "of which it is made"] = /package '([^']+)'/.exec(error.message) ?? []
  process.stderr.write(
    `The demo needs the package ${name}, which is not installed here. Run: npm run bootstrap\n`
  )
  process.exitCode = 1
}
