import { assert, describe, it, vi } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { httpDate, retryAfter } from "../../src/internal/retryAfter.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const second = 1_000
const hour = 3_600_000
const now = Date.UTC(2026, 10, 21, 12)

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
const longWeekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const pad = (value: number, fill = "0") => String(value).padStart(2, fill)

/** The three forms of RFC 9110, section 5.6.7, all of them in UTC. */
const forms = {
  imfFixdate: (date: Date) => date.toUTCString(),
  rfc850: (date: Date) =>
    `${longWeekdays[date.getUTCDay()]}, ${pad(date.getUTCDate())}-${months[date.getUTCMonth()]}-${pad(date.getUTCFullYear() % 100)} ${time(date)} GMT`,
  asctime: (date: Date) =>
    `${weekdays[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${pad(date.getUTCDate(), " ")} ${time(date)} ${date.getUTCFullYear()}`
}

const time = (date: Date) =>
  `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`

/** Whole seconds of 1980 to 2049: two digits of a year tell them apart. */
const wholeSecond = FastCheck.integer({
  min: Date.UTC(1980, 0) / second,
  max: Date.UTC(2049, 0) / second
}).map((seconds) => seconds * second)

describe("retryAfter", () => {
  describe("httpDate", () => {
    it.prop(
      "R1: reads what servers write (IMF-fixdate)",
      { at: wholeSecond },
      ({ at }) => assert.strictEqual(httpDate(forms.imfFixdate(new Date(at))), at),
      runs
    )

    it.prop(
      "R1: reads the obsolete form of RFC 850",
      { at: wholeSecond },
      ({ at }) => assert.strictEqual(httpDate(forms.rfc850(new Date(at))), at),
      runs
    )

    it("R1: the examples of RFC 9110 are one moment, wherever this machine stands", () => {
      const at = Date.UTC(1994, 10, 6, 8, 49, 37)
      for (const zone of ["UTC", "America/New_York", "Asia/Tokyo"]) {
        vi.stubEnv("TZ", zone)
        try {
          for (const text of [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994"
          ]) {
            assert.strictEqual(httpDate(text), at, `${text} in ${zone}`)
          }
        } finally {
          vi.unstubAllEnvs()
        }
      }
    })

    it.prop(
      "R1: reads the obsolete form of asctime as UTC",
      { at: wholeSecond, zone: FastCheck.constantFrom("UTC", "America/New_York", "Asia/Tokyo") },
      ({ at, zone }) => {
        vi.stubEnv("TZ", zone)
        try {
          assert.strictEqual(httpDate(forms.asctime(new Date(at))), at)
        } finally {
          vi.unstubAllEnvs()
        }
      },
      { fastCheck: { numRuns: 200 } }
    )

    it("R1: what is no date says nothing", () => {
      for (const text of [
        undefined,
        "",
        "0",
        "30",
        "now",
        "Sunday",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "2026-11-21T12:00:00Z",
        "21 Nov 2026 12:00:00 GMT"
      ]) {
        assert.isUndefined(httpDate(text), text)
      }
    })

    it("R1: what starts with a weekday and is no HTTP date says nothing", () => {
      for (const text of [
        "Mon 5",
        "Sat 2030",
        "Friday 13",
        "Sunday 1",
        "Mon, 1",
        "Sun Nov 1994",
        "Mon, 21 Nov 2026",
        "Sat, 21 Nov 2026 12:00:00"
      ]) {
        assert.isUndefined(httpDate(text), text)
      }
    })
  })

  describe("Retry-After", () => {
    it.prop(
      "R11: seconds, from now on",
      { seconds: FastCheck.integer({ min: 0, max: 999_999_999_999 }), skew: FastCheck.integer() },
      ({ seconds, skew }) => {
        assert.strictEqual(retryAfter(String(seconds), now, skew), now + seconds * second)
        assert.strictEqual(retryAfter(` ${seconds} `, now, skew), now + seconds * second)
      },
      runs
    )

    it.prop(
      "R11: a date of the provider's clock, and never before now",
      { at: wholeSecond, skew: FastCheck.integer({ min: -24 * hour, max: 24 * hour }) },
      ({ at, skew }) => {
        const text = forms.imfFixdate(new Date(at))
        assert.strictEqual(retryAfter(text, now, skew), Math.max(now, at - skew))
        assert.strictEqual(retryAfter(` ${text} `, now, skew), Math.max(now, at - skew))
      },
      runs
    )

    it("R11: what is neither says nothing", () => {
      for (const text of [
        undefined,
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x10",
        "soon",
        "30s",
        "30, 60",
        "9".repeat(13)
      ]) {
        assert.isUndefined(retryAfter(text, now, 0), text)
      }
    })

    it.prop(
      "R11: whatever the header holds, the moment is one that a date can name, and not before now",
      {
        text: FastCheck.oneof(FastCheck.string(), FastCheck.bigInt().map(String), FastCheck.nat().map(String))
      },
      ({ text }) => {
        const at = retryAfter(text, now, 0)
        if (at !== undefined) {
          assert.isAtLeast(at, now)
          assert.isFalse(Number.isNaN(new Date(at).getTime()))
        }
      },
      runs
    )
  })
})
