import { stores } from "./support/stores.ts"

stores(10)
