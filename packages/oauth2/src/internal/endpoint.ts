import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Effect from "effect/Effect"

interface Options {
  readonly dangerouslyAllowInsecureHttp?: boolean | undefined
}

/** RFC 6749, section 3.2: an endpoint may have a query, and no fragment. */
export const endpoint = (
  provider: string,
  option: string,
  value: string,
  options: Options
): Effect.Effect<string, AuthFlow.InvalidOptions> => {
  const start = value.includes("#") ? -1 : value.indexOf("?")
  const [path, query] = start === -1 ? [value, ""] : [value.slice(0, start), value.slice(start)]
  return Effect.map(AuthFlow.url(provider, option, path, options), (href) => `${href}${query}`)
}
