import type * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { InvalidOptions } from "./invalidOptions.ts"
import { isMissing } from "./isMissing.ts"

/** Why an option cannot be used: it is missing, or what its variable is set to is none. */
export interface Problem {
  readonly variable: string | undefined
  readonly missing: boolean
  readonly hint: string | undefined
}

/** The problems of options, by the names of these. */
export interface Problems {
  readonly [option: string]: Option.Option<Problem>
}

/** The variable that an error of a `Config` speaks of; of several the first. */
const variableOf: (error: ConfigError.ConfigError) => string | undefined = ConfigError.reduceWithContext(
  undefined,
  {
    andCase: (_, left: string | undefined, right: string | undefined) => left ?? right,
    orCase: (_, left, right) => left ?? right,
    invalidDataCase: (_, path) => named(path),
    missingDataCase: (_, path) => named(path),
    sourceUnavailableCase: (_, path) => named(path),
    unsupportedCase: (_, path) => named(path)
  }
)

/** As the environment writes it. */
const named = (path: ReadonlyArray<string>): string | undefined =>
  path.length === 0 ? undefined : path.join("_")

/** A variable that is set to nothing, or to white space, is missing: that is how a template leaves it. */
const withoutBlanks = ({ flattened }: ConfigProvider.ConfigProvider): ConfigProvider.ConfigProvider =>
  ConfigProvider.fromFlat({
    ...flattened,
    load: (path, primitive, split) =>
      Effect.flatMap(flattened.load(path, primitive, split), (values) =>
        values.some((value) => typeof value === "string" && isMissing(value))
          ? Effect.fail(ConfigError.MissingData([...path], "It is empty."))
          : Effect.succeed(values)
      )
  })

/** Whether a failure says that a variable is not set. */
export const isMissingVariable = (error: unknown): boolean =>
  ConfigError.isConfigError(error) && ConfigError.isMissingDataOnly(error)

export const required = <A>(config: Config.Config<A>, hint?: string): Effect.Effect<A, Problem> =>
  Effect.configProviderWith((provider) =>
    Effect.mapError(Effect.withConfigProvider(config, withoutBlanks(provider)), (error): Problem => ({
      variable: variableOf(error),
      missing: isMissingVariable(error),
      hint
    }))
  )

/** As {@link required}; none where it is missing. */
export const optional = <A>(config: Config.Config<A>): Effect.Effect<A | undefined, Problem> =>
  Effect.catchAll(required(config), (problem) =>
    problem.missing ? Effect.succeed(undefined) : Effect.fail(problem)
  )

interface Named {
  readonly option: string
  readonly problem: Problem
}

const name = ({ option, problem: { variable } }: Named): string =>
  variable === undefined ? `"${option}"` : `${variable} ("${option}")`

/** One error for all that is wrong: who learns of one variable after the other starts the program as often. */
export const invalid = (provider: string, problems: Problems): InvalidOptions => {
  const all = Object.entries(problems).flatMap(([option, problem]): ReadonlyArray<Named> =>
    Option.isSome(problem) ? [{ option, problem: problem.value }] : []
  )
  const missing = all.filter(({ problem }) => problem.missing)
  const unusable = all.filter(({ problem }) => !problem.missing)
  return new InvalidOptions({
    provider,
    option: all[0]?.option ?? "",
    variable: all[0]?.problem.variable,
    message: [
      ...(missing.length === 0
        ? []
        : [`${provider}: ${missing.map(name).join(", ")} missing or empty: set what is named here.`]),
      // What was read is not repeated: it may be what belongs into the variable next to it.
      ...unusable.map(
        (one) =>
          `${provider}: ${name(one)} cannot be used: ${one.problem.hint ?? "look at what it is set to"}.`
      )
    ].join(" ")
  })
}
