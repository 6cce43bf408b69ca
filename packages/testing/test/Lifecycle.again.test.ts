import { histories } from "./support/histories.ts"

// A file of its own, so that two cores share the histories.
histories("the other half")
