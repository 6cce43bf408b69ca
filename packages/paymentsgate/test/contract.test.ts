import { both, serviceAccount, tokenPair } from "./support/contracts.ts"

// Each request of the wire on loopback once: the variants differ in what they begin with, not in the wire.
serviceAccount()
tokenPair(["in memory"])
both(["in memory"])
