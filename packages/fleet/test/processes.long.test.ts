import { processes } from "./support/processes.ts"

// `COLD=100` starts as many over each store.
processes({
  crowd: (kind) => Number(process.env["COLD"] ?? (kind === "PostgreSQL" ? 100 : 25)),
  // A mint of milliseconds has 10 s, and the other one waits for the end of the lease.
  deadline: 10_000,
  forward: false
})
