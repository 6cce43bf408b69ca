import * as Schema from "effect/Schema"

/** What a process of the fleet is told, as its only argument. */
export const Settings = Schema.parseJson(
  Schema.Struct({
    storeUrl: Schema.String,
    issuer: Schema.String,
    apiUrl: Schema.String,
    clientId: Schema.String,
    clientSecret: Schema.String,
    /** The file in which it notes how far its mints got, before anybody could stop it. */
    evidence: Schema.String,
    /** How long it takes the answer to a mint to the store, in milliseconds: where a kill hurts most. */
    hesitation: Schema.Number,
    /** Milliseconds; a lease lasts one and a quarter of it. */
    mintDeadline: Schema.Number
  })
)

export type Settings = typeof Settings.Type

/** How far a mint got: the request is on its way, its answer is here, the store has it. */
export const Step = Schema.Literal("sent", "answered", "saved")

export type Step = typeof Step.Type

/** What it says, a line each. */
export const Line = Schema.parseJson(
  Schema.Union(
    Schema.TaggedStruct("Mint", { step: Step }),
    Schema.TaggedStruct("Failed", { message: Schema.String, after: Schema.Number }),
    /** Calls since it started, and how long the slowest of them took, in milliseconds. */
    Schema.TaggedStruct("Calls", { calls: Schema.Number, slowest: Schema.Number })
  )
)

export type Line = typeof Line.Type

const encodeLine = Schema.encodeSync(Line)

export const say = (line: Line): void => {
  process.stdout.write(`${encodeLine(line)}\n`)
}
