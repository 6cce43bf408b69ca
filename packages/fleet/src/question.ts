import * as Schema from "effect/Schema"

/** What an asker is told, as its only argument. */
export const Question = Schema.parseJson(
  Schema.Struct({
    storeUrl: Schema.String,
    baseUrl: Schema.String,
    accountId: Schema.String,
    publicKey: Schema.String,
    /** Milliseconds; a lease lasts one and a quarter of it. */
    mintDeadline: Schema.Number,
    waitsBeforeSaving: Schema.Boolean
  })
)
