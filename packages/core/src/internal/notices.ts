import type { AuthEvent } from "../AuthEvent.ts"

/** How often a trouble that lasts or comes back is said again, in milliseconds. */
const interval = 60_000

type StoreFailed = Extract<AuthEvent, { readonly _tag: "StoreFailed" }>
type Action = StoreFailed["action"]

/** What a manager has said of one trouble. */
interface Said {
  /** What the last warning was about: another one is not held back for it. */
  readonly about: string
  /** When the last warning was given, in epoch milliseconds. */
  readonly at: number
  /** How many warnings were left out since. */
  readonly suppressed: number
  /** Whether a warning waits for the line that says it is over. */
  readonly open: boolean
}

/** What a manager has said so far. The time of a warning stays when the trouble is over. */
export interface State {
  readonly store?: Said
  /** The operations of the store that failed last time. */
  readonly failing: ReadonlyArray<Action>
  readonly gate?: Said
  readonly budget?: Said
  /** Until when the budget is spent: the gate that closes for it is no second trouble. */
  readonly budgetUntil?: number
}

export const silent: State = { failing: [] }

/** One line of the log. It holds no secret (R15): its parts are those of events. */
export interface Line {
  readonly level: "Debug" | "Info" | "Warning"
  readonly message: string
}

/** What happened: an event, or a store that did what it was asked. */
export type Happening = AuthEvent | { readonly _tag: "StoreAnswered"; readonly action: Action }

/** Whose manager it is. */
export interface Subject {
  readonly provider: string
  /** Whether a refresh spends its refresh token: without its store such a flow refreshes nothing. */
  readonly rotates: boolean
}

export interface Decision {
  readonly state: State
  readonly lines: ReadonlyArray<Line>
}

type Trouble = "store" | "gate" | "budget"

const time = (millis: number): string => `${Math.max(0, Math.ceil(millis / 1000))} s`

/** A trouble began, lasts or came back: said at once, and then once in an interval (a clock set back says it). */
const begin = (state: State, trouble: Trouble, about: string, message: string, now: number): Decision => {
  const said = state[trouble]
  if (said !== undefined && said.about === about && now >= said.at && now < said.at + interval) {
    return { state: { ...state, [trouble]: { ...said, suppressed: said.suppressed + 1 } }, lines: [] }
  }
  const left = said?.suppressed ?? 0
  const again = left === 0 ? "" : ` (${left} more since the last warning)`
  return {
    state: { ...state, [trouble]: { about, at: now, suppressed: 0, open: true } },
    lines: [{ level: "Warning", message: `${message}${again}` }]
  }
}

/** A trouble is over: said where its beginning was. */
const end = ({ lines, state }: Decision, trouble: Trouble, message: string): Decision => {
  const said = state[trouble]
  return said === undefined || !said.open
    ? { state, lines }
    : {
        state: { ...state, [trouble]: { ...said, open: false } },
        lines: [...lines, { level: "Info", message }]
      }
}

const verbs = {
  Minted: "logged in for a token",
  Refreshed: "refreshed the token",
  Rotated: "refreshed the token and its refresh token",
  Adopted: "took a token from the store"
}

/** Who can write can take a lease, and who can do that can read; not the other way round. */
const rank: { readonly [A in Action]: number } = { load: 0, lease: 1, save: 2 }

const consequence = (subject: Subject, event: StoreFailed): string =>
  event.reason !== "unreachable"
    ? ""
    : event.action === "save"
      ? " The token set is kept in memory and written when the store is back."
      : subject.rotates
        ? " The token in memory is served to its end; no refresh token is spent without the store."
        : " Tokens are kept in memory until it is back."

const answered = (state: State, provider: string, action: Action): Decision => {
  const failing = state.failing.filter((failed) => rank[failed] > rank[action])
  const next: Decision = { state: { ...state, failing }, lines: [] }
  return failing.length > 0 ? next : end(next, "store", `${provider}: the token store works again.`)
}

/** Which lines are logged of what happened, and what is remembered of it. */
export const decide = (state: State, subject: Subject, happening: Happening, now: number): Decision => {
  const { provider } = subject
  switch (happening._tag) {
    case "Minted":
    case "Refreshed":
    case "Rotated":
    case "Adopted": {
      const line: Line = {
        level: "Debug",
        message: `${provider}: ${verbs[happening._tag]} (generation ${happening.generation}, expires in ${time(happening.expiresAt - now)}).`
      }
      const [issues, allows] =
        happening._tag === "Adopted"
          ? ["a token of another process is served.", "a token of another process is served."]
          : ["it issues tokens again.", "the mint budget allows mints again."]
      const gate = end({ state, lines: [line] }, "gate", `${provider}: ${issues}`)
      return end(gate, "budget", `${provider}: ${allows}`)
    }
    case "GateOpened":
      return end({ state, lines: [] }, "gate", `${provider}: it is asked for tokens again.`)
    case "GateClosed":
      return happening.until === state.budgetUntil
        ? { state, lines: [] }
        : begin(
            state,
            "gate",
            happening.error._tag,
            `${provider}: callers without a token fail at once for ${time(happening.until - now)}. ${happening.error.message}`,
            now
          )
    case "BudgetSpent":
      return begin(
        { ...state, budgetUntil: happening.until },
        "budget",
        "",
        `${provider}: the mint budget is spent for ${time(happening.until - now)}: look at the last failure in status, and at what rejects the tokens.`,
        now
      )
    case "StoreFailed": {
      const { action } = happening
      const failing = state.failing.includes(action) ? state.failing : [...state.failing, action]
      return begin(
        { ...state, failing },
        "store",
        happening.reason,
        `${provider}: the token store failed (${action}): ${happening.message}${consequence(subject, happening)}`,
        now
      )
    }
    case "RevokeFailed":
      // Once in the life of a manager, at its end: nothing to hold back.
      return {
        state,
        lines: [
          {
            level: "Warning",
            message: `${provider}: its token could not be revoked, or not all of it, and lives on to its end. ${happening.error.message}`
          }
        ]
      }
    case "StoreAnswered":
      return answered(state, provider, happening.action)
    default:
      return { state, lines: [] }
  }
}
