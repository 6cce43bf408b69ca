import { list, seconds, wrap } from "./format.ts"
import type { Pages } from "./journal.ts"
import { fit } from "./layout.ts"
import type { Size } from "./layout.ts"
import * as Live from "./live.ts"
import type { Plan } from "./render.ts"
import type { Paint } from "./style.ts"
import * as Timeline from "./timeline.ts"

/** One provider while it runs. */
interface Watched {
  readonly now: Live.Now
  readonly pages: Pages
}

/** A run while it goes on; epoch milliseconds. */
export interface Moment {
  readonly plan: Plan
  readonly startedAt: number
  readonly now: number
  readonly watched: ReadonlyArray<Watched>
}

/** What is going on, for who looks at the screen and at nothing before it. */
const introduction = ({ accessLifetime, names }: Plan): string =>
  `${list(names)} run as sandboxes; access tokens live ${accessLifetime / 1000} s. Tokens are revoked, token endpoints ` +
  "answer 503, refresh tokens expire. No call should fail."

const progress = (paint: Paint, { now, plan, startedAt }: Moment, columns: number): string => {
  const elapsed = Math.min(plan.length, Math.max(0, now - startedAt))
  const text = `${seconds(elapsed)} of ${seconds(plan.length)}  `
  const bar = Math.max(0, columns - text.length - 2)
  const filled = Math.round((elapsed / plan.length) * bar)
  return `${paint("strong", text)}[${paint("good", "#".repeat(filled))}${" ".repeat(bar - filled)}]`
}

/**
 * All that a terminal of this size shows of a run at this moment: the legend, the charts as far as they got,
 * and how each provider is doing. Smaller terminals show less of it, and that whole.
 */
export const frame = (paint: Paint, moment: Moment, size: Size): ReadonlyArray<string> => {
  const { now, plan, startedAt, watched } = moment
  const { columns } = size
  const observed = watched.map(({ now: { name }, pages }) => ({ name, ...pages }))
  const axis = Timeline.axis(startedAt, plan.length, columns - Timeline.margin, observed)
  const title = paint("strong", "Latchkey keeps access tokens alive.")
  const intro = [title, ...wrap(introduction(plan), columns)]
  const legend = Timeline.legend(paint, Timeline.possible, columns)
  const compactLegend = Timeline.compactLegend(paint, Timeline.possible, columns)
  const charts = [
    ...observed.flatMap((one) => Timeline.chart(paint, axis, one, now)),
    ...Timeline.scale(paint, axis)
  ]
  const compact = [
    ...observed.flatMap((one) => Timeline.compactChart(paint, axis, one, now)),
    Timeline.compactScale(paint, axis)
  ]
  const status = watched.map((one) => Live.statusLine(paint, one.now, plan.accessLifetime, columns))
  const bar = progress(paint, moment, columns)
  return fit(
    [
      () => [...intro, "", ...legend, "", ...charts, "", ...status, "", bar],
      () => [...intro, "", ...compactLegend, "", ...compact, "", ...status, "", bar],
      () => [...intro, ...compactLegend, ...compact, ...status, bar],
      () => [...compactLegend, ...compact, ...status, bar],
      () => [...compactLegend, ...compact, bar],
      () => [...status, bar],
      () => [bar]
    ],
    size
  )
}
