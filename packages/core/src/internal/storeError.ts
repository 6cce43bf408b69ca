import * as Schema from "effect/Schema"

export class StoreError extends Schema.TaggedError<StoreError>("@latchkey/core/TokenStore/StoreError")(
  "StoreError",
  {
    reason: Schema.Literal("unreachable", "corrupt", "locked"),
    /** What happened, and what to do about it. Never a record, a connection string or a raw cause (R15). */
    message: Schema.String
  }
) {}
