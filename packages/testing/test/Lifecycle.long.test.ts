import { histories } from "./support/histories.ts"

histories(5_000)
