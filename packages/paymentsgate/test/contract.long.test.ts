import { both, tokenPair } from "./support/contracts.ts"

tokenPair(["on loopback"])
both(["on loopback"])
