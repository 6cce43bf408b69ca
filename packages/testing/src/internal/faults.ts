import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Fault from "../Fault.ts"
import * as Wire from "../Wire.ts"

/** What becomes of a request on the connection it came by. */
export type Outcome = Data.TaggedEnum<{
  Answer: {
    readonly response: Wire.SandboxResponse
    readonly delay: Duration.DurationInput
    readonly patch: Option.Option<(json: unknown) => unknown>
  }
  Drop: {}
  Silence: {}
}>

export const Outcome = Data.taggedEnum<Outcome>()

export const answer = (response: Wire.SandboxResponse): Outcome =>
  Outcome.Answer({ response, delay: Duration.zero, patch: Option.none() })

/** The answer as it goes out. A patch is a test's own code: it may throw, and not within a transition. */
export const patched = ({
  patch,
  response
}: Extract<Outcome, { readonly _tag: "Answer" }>): Wire.SandboxResponse =>
  Option.match(patch, {
    onNone: () => response,
    onSome: (patch) => ({
      ...response,
      body: Wire.json(response.status, patch(Option.getOrUndefined(Wire.parseJson(response)))).body
    })
  })

const handled = () => Option.none<Outcome>()

const typed = (contentType: string | undefined) => ({ "content-type": contentType ?? "application/json" })

/** An answer as a fault spells it: its header names may be in any case. */
const canned = ({
  body = "",
  contentType,
  headers = {},
  status
}: {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  readonly contentType?: string | undefined
}): Option.Option<Outcome> =>
  Option.some(
    answer(
      Wire.text(status, body, {
        ...typed(contentType),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      })
    )
  )

/** What a fault does in place of handling the request; none: the request is handled. */
export const instead: (fault: Fault.Fault) => Option.Option<Outcome> = Fault.match({
  Latency: handled,
  WithStatus: handled,
  Truncated: handled,
  EmptyBody: handled,
  Patch: handled,
  ResetAfter: handled,
  ResetBefore: () => Option.some(Outcome.Drop()),
  Hang: () => Option.some(Outcome.Silence()),
  Status: canned,
  Html: () =>
    canned({
      status: 200,
      contentType: "text/html",
      body: "<!doctype html><title>Maintenance</title><p>Back soon."
    }),
  Body: ({ body, contentType, status }) => canned({ status: status ?? 200, body, contentType }),
  HugeBody: ({ bytes }) => canned({ status: 200, body: `"${"x".repeat(Math.max(0, bytes - 2))}"` }),
  Redirect: ({ location }) => canned({ status: 302, headers: { location } })
})

/** What a fault makes of the answer to a request that was handled. */
export const afterwards = (fault: Fault.Fault, response: Wire.SandboxResponse): Outcome => {
  switch (fault._tag) {
    case "Latency":
      return Outcome.Answer({ response, delay: fault.duration, patch: Option.none() })
    case "WithStatus":
      return answer({ ...response, status: fault.status })
    case "Truncated":
      return answer({ ...response, body: response.body.slice(0, Math.floor(response.body.length / 2)) })
    case "EmptyBody":
      return answer({ ...response, body: new Uint8Array() })
    case "Patch":
      return Outcome.Answer({ response, delay: Duration.zero, patch: Option.some(fault.f) })
    case "ResetAfter":
      return Outcome.Drop()
    default:
      return answer(response)
  }
}
