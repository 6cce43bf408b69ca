import { text } from "node:stream/consumers"
import { getHeapSnapshot } from "node:v8"
import { sleep } from "./Measure.ts"

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: ReadonlyArray<string>
      readonly node_types: readonly [ReadonlyArray<string>]
    }
  }
  readonly nodes: ReadonlyArray<number>
}

/** What V8 adds by itself while it compiles what is called often: machine code, shapes, feedback. */
const ofTheEngine = new Set(["code", "hidden", "object shape", "synthetic"])

/**
 * The bytes of all values that are reachable: what a program keeps. Not `heapUsed`, which goes on growing by
 * compiled code for minutes, by more than a small leak.
 */
export const liveBytes = async (): Promise<number> => {
  for (let run = 0; run < 4; run++) {
    globalThis.gc?.()
    await sleep(20)
  }
  const { nodes, snapshot }: Snapshot = JSON.parse(await text(getHeapSnapshot()))
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, size] = [fields.indexOf("type"), fields.indexOf("self_size")]
  let bytes = 0
  for (let node = 0; node < nodes.length; node += fields.length) {
    bytes += ofTheEngine.has(types[0][nodes[node + type] ?? 0] ?? "") ? 0 : (nodes[node + size] ?? 0)
  }
  return bytes
}
