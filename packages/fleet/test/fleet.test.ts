import { fleets } from "./support/fleets.ts"

// No lease is waited for, and a mint may take a minute: nothing here depends on how fast the machine is.
fleets(["SQLite"], {
  processes: 3,
  seconds: 6,
  killEvery: 1,
  cut: 1,
  mintDeadline: 60_000,
  hesitation: 200,
  forward: true,
  atLeast: { kills: 3, killsWithinMint: 1, calls: 100 }
})
