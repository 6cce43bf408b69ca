import * as AuthFlow from "@latchkey/core/AuthFlow"
import * as Effect from "effect/Effect"
import type { Options } from "../OAuth2.ts"

/** What the flow itself writes into a token request. */
const reserved = new Set([
  "audience",
  "client_assertion",
  "client_assertion_type",
  "client_id",
  "client_secret",
  "grant_type",
  "refresh_token",
  "resource",
  "scope"
])

const list = (value: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  (typeof value === "string" ? [value] : (value ?? [])).filter((one) => one.trim() !== "")

/** What a token is asked for: the parameters of a token request, and what they make of a store key. */
export const make = Effect.fnUntraced(function* (provider: string, options: Options) {
  const given = Object.entries(options.parameters ?? {})
  const taken = given.find(([name]) => reserved.has(name))
  if (taken !== undefined) {
    return yield* new AuthFlow.InvalidOptions({
      provider,
      option: "parameters",
      message: `${provider}: "parameters" has ${taken[0]}, which the flow writes: use the option of its own.`
    })
  }
  const scope = list(options.scope).join(" ")
  const audience = list(options.audience)
  const resource = list(options.resource)
  const common = [
    ...audience.map((value) => ["audience", value]),
    ...resource.map((value) => ["resource", value]),
    ...given
  ]
  const scoped = scope === "" ? common : [["scope", scope], ...common]
  return {
    login: scoped,
    // RFC 6749, section 6: left out it is what was granted, which may be less than a login asked for.
    refresh: options.refreshToken === undefined ? common : scoped,
    identity: [
      scope,
      audience.join(" "),
      JSON.stringify(resource),
      JSON.stringify(given.sort(([one], [other]) => (one < other ? -1 : 1)))
    ]
  }
})
