import type { Round } from "./Measure.ts"
import { median } from "./stats.ts"

const stretch = 25
const width = 900
const rowHeight = 46
const left = 190
/** Taller than what a call takes that waits for the token endpoint; the rest is cut off. */
const tallest = 250

/** Latency over time, one band per contender: the slowest call of each 25 ms, the median of the rounds. */
export const chart = (rows: Readonly<Record<string, ReadonlyArray<Round>>>): string => {
  const entries = Object.entries(rows).filter(([, rounds]) =>
    rounds.some(({ series }) => series !== undefined)
  )
  const length = Math.max(...entries.flatMap(([, rounds]) => rounds.map(({ series }) => series?.length ?? 0)))
  const x = (slot: number) => left + (slot / length) * (width - left - 10)
  const bands = entries.map(([name, rounds], index) => {
    const floor = 40 + (index + 1) * rowHeight
    const heights = Array.from({ length }, (_, slot) =>
      Math.min(tallest, median(rounds.map(({ series }) => series?.[slot] ?? 0)))
    )
    const points = heights.map(
      (millis, slot) => `${x(slot).toFixed(1)},${(floor - (millis / tallest) * (rowHeight - 8)).toFixed(1)}`
    )
    const colour = name.startsWith("latchkey") ? "#0a7d33" : name.startsWith("static") ? "#777" : "#b3261e"
    return [
      `<text x="${left - 8}" y="${floor - 6}" text-anchor="end" fill="${colour}">${name}</text>`,
      `<line x1="${left}" x2="${width - 10}" y1="${floor}" y2="${floor}" stroke="#ddd"/>`,
      `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="1"/>`
    ].join("\n")
  })
  const height = 40 + entries.length * rowHeight + 30
  const seconds = Array.from({ length: Math.floor((length * stretch) / 1000) + 1 }, (_, second) => {
    const at = x((second * 1000) / stretch).toFixed(1)
    return `<line x1="${at}" x2="${at}" y1="36" y2="${height - 26}" stroke="#eee"/><text x="${at}" y="${height - 10}" text-anchor="middle" fill="#555">${second} s</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" font-size="14">The slowest call of each ${stretch} ms, 0 to ${tallest} ms: tokens of 2 s, token endpoint 150 ms, 64 callers</text>
${seconds.join("\n")}
${bands.join("\n")}
</svg>
`
}
