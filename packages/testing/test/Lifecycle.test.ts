import { histories } from "./support/histories.ts"

histories("one half")
