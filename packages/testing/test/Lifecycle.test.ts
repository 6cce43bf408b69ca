import { histories } from "./support/histories.ts"

histories(1_000)
