import { fileStores } from "./support/fileStores.ts"

fileStores({ kills: 100, writers: 10, runs: 50 })
