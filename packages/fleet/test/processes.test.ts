import { processes } from "./support/processes.ts"

processes({
  crowd: (kind) => (kind === "PostgreSQL" ? 10 : 5),
  // A mint may take ten minutes: nothing here depends on how fast the machine is.
  deadline: 600_000,
  forward: true
})
