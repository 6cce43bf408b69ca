import { kinds } from "../src/place.ts"
import { fleets } from "./support/fleets.ts"

// Leases run out by themselves, one before the next aimed kill; a mint of 20 ms has 10 s.
fleets(kinds, {
  processes: 8,
  seconds: Number(process.env["FLEET_SECONDS"] ?? 40),
  killEvery: 6,
  cut: 3,
  mintDeadline: 10_000,
  atLeast: { kills: 6, killsWithinMint: 1, calls: 101 }
})
