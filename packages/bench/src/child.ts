// One measure of one contender in a process of its own: what the others compiled and left behind is not here.
import { load } from "./loaders.ts"
import { measures } from "./measures.ts"

const [, , measureName, contenderName = "", serverUrl = ""] = process.argv
const measure = measures.find(({ name }) => name === measureName)
if (measure === undefined) {
  throw new Error(`no measure is called ${measureName}`)
}
let unhandled = 0
process.on("unhandledRejection", () => {
  unhandled += 1
})
const contender = await load(contenderName)
const { figures, series } = await measure.run(contender, { serverUrl, base: await load(contender.base) })
await new Promise((resolve) => {
  setTimeout(resolve, 20)
})
const result = JSON.stringify({ figures: { ...figures, unhandled }, series })
if (process.send === undefined) {
  console.log(result)
  process.exit(0)
} else {
  process.send(result, () => process.exit(0))
}
