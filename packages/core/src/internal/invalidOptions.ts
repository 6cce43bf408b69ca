import * as Schema from "effect/Schema"

export class InvalidOptions extends Schema.TaggedError<InvalidOptions>(
  "@latchkey/core/AuthFlow/InvalidOptions"
)("InvalidOptions", {
  provider: Schema.String,
  /** The option's name; of several the first. */
  option: Schema.String,
  /** The environment variable that it was read from, if it was: `AUTOPAY_CLIENT_ID`. */
  variable: Schema.optional(Schema.String),
  /** Provider, option and variable, what is wrong with them, and what to do about it. Never a value. */
  message: Schema.String
}) {}
