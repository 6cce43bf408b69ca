import { histories } from "./support/histories.ts"

// A file of its own, so that two cores share the 10,000 histories.
histories(5_000)
