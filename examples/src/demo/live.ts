import type { Status } from "@latchkey/core/TokenManager"
import * as Option from "effect/Option"
import { nameColumns, number, seconds } from "./format.ts"
import type { Happening } from "./journal.ts"
import type { Paint, Tone } from "./style.ts"

interface Said {
  readonly text: string
  readonly tone: Tone
}

const served = (what: string, generation: number, expiresAt: number, at: number): Said => ({
  text: `${what}: token ${generation}, valid for ${seconds(expiresAt - at)}`,
  tone: "good"
})

/** What happened, in words. */
const say = (happening: Happening): Said => {
  switch (happening._tag) {
    case "Minted":
      return served("login", happening.generation, happening.expiresAt, happening.at)
    case "Refreshed":
      return served("refresh", happening.generation, happening.expiresAt, happening.at)
    case "Rotated":
      return served("refresh, refresh token rotated", happening.generation, happening.expiresAt, happening.at)
    case "Adopted":
      return served(
        "taken over from another process",
        happening.generation,
        happening.expiresAt,
        happening.at
      )
    case "Rejected":
      return { text: `token ${happening.generation} rejected with 401, gets a replacement`, tone: "other" }
    case "ReplacementRejected":
      return { text: `token ${happening.generation}, a replacement, rejected as well`, tone: "bad" }
    case "MintFailed": {
      const status = happening.error.status
      return { text: `${happening.grant} failed: ${status ?? happening.error._tag}`, tone: "other" }
    }
    case "GateClosed":
      return { text: `gate closed: ${happening.error._tag}`, tone: "bad" }
    case "GateOpened":
      return { text: "gate opened", tone: "good" }
    case "BudgetSpent":
      return { text: "mint budget spent", tone: "bad" }
    case "StoreFailed":
      return { text: `store failed: ${happening.message}`, tone: "bad" }
    case "StoreRecovered":
      return { text: "store recovered", tone: "good" }
    case "Revoked":
      return { text: `token ${happening.generation} revoked by us`, tone: "plain" }
    case "RevokeFailed":
      return {
        text: `token ${happening.generation} could not be revoked: ${happening.error._tag}`,
        tone: "bad"
      }
    case "TokensRevoked":
      return { text: "FAULT access tokens revoked", tone: "fault" }
    case "OutageBegan":
      return { text: "FAULT token endpoint answers 503 from now on", tone: "fault" }
    case "OutageEnded":
      return { text: "FAULT over, token endpoint works again", tone: "fault" }
    case "RefreshTokenExpired":
      return { text: "FAULT refresh token expired", tone: "fault" }
  }
}

/** One happening as a line of its own. */
export const happeningLine = (
  paint: Paint,
  name: string,
  happening: Happening,
  startedAt: number
): string => {
  const { text, tone } = say(happening)
  const time = seconds(Math.max(0, happening.at - startedAt)).padStart(8)
  return `${paint("faint", time)}  ${name.padEnd(nameColumns)}${paint(tone, text)}`
}

/** What a status line shows of a provider. */
export interface Now {
  readonly name: string
  readonly status: Status
  readonly calls: number
  readonly failed: number
  readonly last: Option.Option<Happening>
  readonly now: number
}

const phaseTones: { readonly [P in Status["phase"]]: Tone } = {
  empty: "faint",
  fresh: "good",
  stale: "fault",
  expired: "bad",
  rejected: "bad"
}

const gaugeColumns = 16

/** The least columns that a status line needs. */
export const minColumns = 60

const gauge = (paint: Paint, tone: Tone, part: number): string => {
  const filled = Math.min(gaugeColumns, Math.max(0, Math.round(part * gaugeColumns)))
  return `[${paint(tone, "#".repeat(filled))}${" ".repeat(gaugeColumns - filled)}]`
}

/** The beginning of a text that does not fit, marked as such. */
const shorten = (text: string, columns: number): string =>
  text.length <= columns ? text : columns < 8 ? "" : `${text.slice(0, columns - 3).trimEnd()}...`

/** How one provider is doing right now, in one line of at most so many columns. */
export const statusLine = (paint: Paint, state: Now, lifetime: number, columns: number): string => {
  const { calls, failed, last, name, now, status } = state
  const tone = phaseTones[status.phase]
  const left =
    status.phase === "rejected"
      ? 0
      : Option.match(status.expiresAt, {
          onNone: () => 0,
          onSome: (expiresAt) => Math.max(0, expiresAt - now)
        })
  const said = Option.match(last, { onNone: () => ({ text: "", tone: "plain" as const }), onSome: say })
  const hasGauge = columns >= minColumns + gaugeColumns + 20
  const parts: ReadonlyArray<readonly [tone: Tone, text: string]> = [
    ["strong", name.padEnd(nameColumns)],
    ["plain", `token ${status.generation}`.padEnd(9)],
    [tone, status.phase.padEnd(9)],
    ["plain", seconds(left).padEnd(7)],
    ["plain", `${number(calls)} calls`.padEnd(13)],
    [failed > 0 ? "bad" : "plain", `${number(failed)} failed`.padEnd(10)],
    [said.tone, said.text]
  ]
  let room = columns - (hasGauge ? gaugeColumns + 4 : 0)
  const [head, ...rest] = parts.map(([tone, text], index) => {
    const shown = index === parts.length - 1 ? shorten(text, room) : text.slice(0, Math.max(0, room))
    room -= shown.length
    return paint(tone, shown)
  })
  const life = hasGauge ? `${gauge(paint, tone, left / lifetime)}  ` : ""
  return `${head ?? ""}${life}${rest.join("")}`
}
