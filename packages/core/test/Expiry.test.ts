import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Expiry from "../src/Expiry.ts"

const runs = { fastCheck: { numRuns: 1_000 } }

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const century = 36_525 * day

/** The last millisecond that a `Date` can name. */
const maxInstant = 8.64e15

/** 2001 to 2100. */
const issuedAt = FastCheck.integer({ min: 978_307_200_000, max: 4_102_444_800_000 })

/** From a second to a century, each order of magnitude as likely as another; and the lifetimes of R2. */
const lifetime = FastCheck.oneof(
  FastCheck.constantFrom(second, 20 * second, 5 * minute, hour, day, 30 * day, century),
  FastCheck.double({ min: Math.log(second), max: Math.log(century), noNaN: true }).map((log) =>
    Math.min(century, Math.max(second, Math.round(Math.exp(log))))
  )
)

/** A jitter as a policy draws it. */
const sample = FastCheck.double({ min: 0, max: 0.5, noNaN: true })

/** A jitter that nobody should pass. */
const wildSample = FastCheck.oneof(FastCheck.double(), FastCheck.constantFrom(-1, 0.51, 1, 2, 1e300))

const override = FastCheck.oneof(
  FastCheck.constantFrom(undefined, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  FastCheck.integer({ min: 0, max: century }),
  FastCheck.integer({ min: 0, max: hour }),
  FastCheck.double()
)

const overrides = FastCheck.record({ staleWindow: override, expiredWindow: override })

const rank = { fresh: 0, stale: 1, expired: 2 } as const

/** A tenth of a lifetime and an epoch in milliseconds: doubles are that far apart. */
const closeTo = (actual: number, expected: number, what: string): void =>
  assert.approximately(actual, expected, 0.01, what)

describe("Expiry", () => {
  describe("timeline", () => {
    it.prop(
      "R2: a token is fresh at birth, whatever its lifetime, its jitter and the overrides",
      { issuedAt, lifetime, sample: FastCheck.oneof(sample, wildSample), overrides },
      ({ issuedAt, lifetime, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        assert.strictEqual(Expiry.phase(timeline, issuedAt), "fresh")
        assert.isTrue(Expiry.isAlive(timeline, issuedAt))
      },
      runs
    )

    it.prop(
      "R2: the stale point is never before half of the lifetime",
      { issuedAt, lifetime, sample: FastCheck.oneof(sample, wildSample), overrides },
      ({ issuedAt, lifetime, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        assert.isAtLeast(timeline.staleAt, issuedAt + lifetime / 2)
      },
      runs
    )

    it.prop(
      "R2: issuedAt < staleAt <= expiredAt <= expiresAt, for lifetimes down to a millisecond",
      {
        issuedAt,
        lifetime: FastCheck.oneof(lifetime, FastCheck.integer({ min: 1, max: second })),
        sample: FastCheck.oneof(sample, wildSample),
        overrides
      },
      ({ issuedAt, lifetime, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        assert.strictEqual(timeline.issuedAt, issuedAt)
        assert.isBelow(timeline.issuedAt, timeline.staleAt)
        assert.isAtMost(timeline.staleAt, timeline.expiredAt)
        assert.isAtMost(timeline.expiredAt, timeline.expiresAt)
        assert.strictEqual(timeline.expiresAt, issuedAt + lifetime)
      },
      runs
    )

    it.prop(
      "R2: the default windows are min(5 min, L/4) and min(30 s, L/10)",
      { issuedAt, lifetime },
      ({ issuedAt, lifetime }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, 0)
        closeTo(timeline.expiresAt - timeline.staleAt, Math.min(5 * minute, lifetime / 4), "stale window")
        closeTo(
          timeline.expiresAt - timeline.expiredAt,
          Math.min(30 * second, lifetime / 10),
          "expired window"
        )
      },
      runs
    )

    it("R2: the windows of known lifetimes", () => {
      const windows = (lifetime: number) => {
        const timeline = Expiry.timeline(0, lifetime, 0)
        return [lifetime - timeline.staleAt, lifetime - timeline.expiredAt]
      }
      assert.deepStrictEqual(windows(second), [250, 100])
      assert.deepStrictEqual(windows(20 * second), [5 * second, 2 * second])
      assert.deepStrictEqual(windows(5 * minute), [75 * second, 30 * second])
      assert.deepStrictEqual(windows(20 * minute), [5 * minute, 30 * second])
      assert.deepStrictEqual(windows(30 * day), [5 * minute, 30 * second])
      assert.deepStrictEqual(windows(century), [5 * minute, 30 * second])
    })

    it.prop(
      "R2: jitter moves the stale point earlier, by its fraction of the stale window and at most by half of it",
      { issuedAt, lifetime, sample },
      ({ issuedAt, lifetime, sample }) => {
        const still = Expiry.timeline(issuedAt, lifetime, 0)
        const moved = Expiry.timeline(issuedAt, lifetime, sample)
        const window = Math.min(5 * minute, lifetime / 4)
        closeTo(still.staleAt - moved.staleAt, sample * window, "moved by")
        assert.isAtMost(moved.staleAt, still.staleAt)
        assert.isAtLeast(moved.staleAt, still.staleAt - window / 2)
        assert.strictEqual(moved.expiredAt, still.expiredAt)
        assert.strictEqual(moved.expiresAt, still.expiresAt)
      },
      runs
    )

    it.prop(
      "R2: a jitter outside of [0, 0.5] counts as its nearest end, NaN as none",
      { issuedAt, lifetime, sample: wildSample, overrides },
      ({ issuedAt, lifetime, overrides, sample }) => {
        const nearest = Number.isNaN(sample) ? 0 : Math.min(0.5, Math.max(0, sample))
        assert.deepStrictEqual(
          Expiry.timeline(issuedAt, lifetime, sample, overrides),
          Expiry.timeline(issuedAt, lifetime, nearest, overrides)
        )
      },
      runs
    )

    it.prop(
      "R2: an override within the second half of the lifetime is kept exactly",
      {
        issuedAt,
        lifetime,
        stale: FastCheck.double({ min: 0, max: 0.5, noNaN: true }),
        expired: FastCheck.double({ min: 0, max: 0.5, noNaN: true })
      },
      ({ expired, issuedAt, lifetime, stale }) => {
        const [expiredWindow, staleWindow] = [expired * lifetime, stale * lifetime]
        const timeline = Expiry.timeline(issuedAt, lifetime, 0, { staleWindow, expiredWindow })
        closeTo(timeline.expiresAt - timeline.expiredAt, expiredWindow, "expired window")
        closeTo(timeline.expiresAt - timeline.staleAt, Math.max(staleWindow, expiredWindow), "stale window")
      },
      runs
    )

    it.prop(
      "R2: jitter is a fraction of the stale window that is in force, not of the default",
      { issuedAt, lifetime, sample, stale: FastCheck.double({ min: 0.1, max: 0.3, noNaN: true }) },
      ({ issuedAt, lifetime, sample, stale }) => {
        const staleWindow = stale * lifetime
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, { staleWindow, expiredWindow: 0 })
        closeTo(timeline.expiresAt - timeline.staleAt, staleWindow * (1 + sample), "stale window")
      },
      runs
    )

    it("R2: an override of NaN is the default, a negative one none, a larger one half of the lifetime", () => {
      const windows = (window: number) => {
        const timeline = Expiry.timeline(0, hour, 0, { staleWindow: window, expiredWindow: window })
        return [hour - timeline.staleAt, hour - timeline.expiredAt]
      }
      assert.deepStrictEqual(windows(Number.NaN), [5 * minute, 30 * second])
      assert.deepStrictEqual(windows(-minute), [0, 0])
      assert.deepStrictEqual(windows(Number.NEGATIVE_INFINITY), [0, 0])
      assert.deepStrictEqual(windows(2 * hour), [hour / 2, hour / 2])
      assert.deepStrictEqual(windows(Number.POSITIVE_INFINITY), [hour / 2, hour / 2])
    })
  })

  describe("phase", () => {
    const moment = FastCheck.double({ min: -0.5, max: 1.5, noNaN: true })

    it.prop(
      "R3: time only leads from fresh to stale to expired",
      {
        issuedAt,
        lifetime,
        sample,
        overrides,
        moments: FastCheck.array(moment, { minLength: 2, maxLength: 12 })
      },
      ({ issuedAt, lifetime, moments, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        const phases = [...moments]
          .sort((a, b) => a - b)
          .map((moment) => rank[Expiry.phase(timeline, issuedAt + moment * lifetime)])
        assert.deepStrictEqual(
          phases,
          [...phases].sort((a, b) => a - b)
        )
      },
      runs
    )

    it.prop(
      "R3: each phase begins exactly at its point",
      { issuedAt, lifetime, sample, overrides },
      ({ issuedAt, lifetime, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        const { expiredAt, staleAt } = timeline
        assert.strictEqual(Expiry.phase(timeline, staleAt), staleAt === expiredAt ? "expired" : "stale")
        assert.strictEqual(Expiry.phase(timeline, Math.ceil(staleAt) - 1), "fresh")
        assert.strictEqual(Expiry.phase(timeline, expiredAt), "expired")
        assert.notStrictEqual(Expiry.phase(timeline, Math.ceil(expiredAt) - 1), "expired")
      },
      runs
    )

    it.prop(
      "R3: a token is alive up to its real expiry and never from then on",
      { issuedAt, lifetime, sample, overrides, later: FastCheck.integer({ min: 0, max: century }) },
      ({ issuedAt, later, lifetime, overrides, sample }) => {
        const timeline = Expiry.timeline(issuedAt, lifetime, sample, overrides)
        assert.isTrue(Expiry.isAlive(timeline, issuedAt + lifetime - 1))
        assert.isFalse(Expiry.isAlive(timeline, issuedAt + lifetime + later))
        assert.isFalse(Expiry.isAlive(timeline, Number.POSITIVE_INFINITY))
        assert.strictEqual(Expiry.phase(timeline, issuedAt + lifetime + later), "expired")
        assert.strictEqual(Expiry.phase(timeline, Number.POSITIVE_INFINITY), "expired")
      },
      runs
    )

    it("R3: at a moment that cannot be told a token is expired, and not alive", () => {
      const timeline = Expiry.timeline(0, hour, 0)
      assert.strictEqual(Expiry.phase(timeline, Number.NaN), "expired")
      assert.isFalse(Expiry.isAlive(timeline, Number.NaN))
    })
  })

  describe("intake", () => {
    const now = Date.UTC(2026, 10, 21, 12)
    const exchange: Expiry.Exchange = { sentAt: now, receivedAt: now + 150 }

    /** Whatever JSON, or a careless reader, can hand over. */
    const anyInput = FastCheck.oneof(
      FastCheck.anything(),
      FastCheck.double(),
      FastCheck.integer(),
      FastCheck.double().map(String),
      FastCheck.integer().map(String),
      FastCheck.bigInt().map(String),
      FastCheck.string(),
      FastCheck.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      FastCheck.constantFrom(
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -0,
        -1e18,
        1e18,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        Number.MIN_VALUE,
        8.64e12,
        8.64e12 + 1,
        "1".repeat(400),
        "1e400",
        "-1e400",
        "0x10",
        "+275760-09-13T00:00:00Z",
        "9999-12-31T23:59:59Z",
        ""
      )
    )

    describe("lifetimeFromSeconds", () => {
      it.prop(
        "R1: a number of seconds, as a number or a numeric string",
        {
          seconds: FastCheck.oneof(
            FastCheck.integer({ min: 1, max: century / second }),
            FastCheck.integer({ min: 1, max: 1e9 }).map((millis) => millis / 1000)
          ),
          before: FastCheck.constantFrom("", " ", "\t"),
          after: FastCheck.constantFrom("", " ", "\n")
        },
        ({ after, before, seconds }) => {
          assert.deepStrictEqual(Expiry.lifetimeFromSeconds(seconds, now), Either.right(seconds * 1000))
          assert.deepStrictEqual(
            Expiry.lifetimeFromSeconds(`${before}${seconds}${after}`, now),
            Either.right(seconds * 1000)
          )
        },
        runs
      )

      it("R1: NaN, negative, zero, overflow, and what is no number are refused", () => {
        const cases: ReadonlyArray<readonly [unknown, Expiry.Refused]> = [
          [Number.NaN, "not a number"],
          ["NaN", "not a number"],
          ["", "not a number"],
          ["   ", "not a number"],
          ["3600s", "not a number"],
          ["1 h", "not a number"],
          ["1e3", "not a number"],
          ["0x10", "not a number"],
          ["1,5", "not a number"],
          [".5", "not a number"],
          ["Infinity", "not a number"],
          ["٣٦٠٠", "not a number"],
          [undefined, "not a number"],
          [null, "not a number"],
          [true, "not a number"],
          [3600n, "not a number"],
          [{}, "not a number"],
          [{ valueOf: () => 3600 }, "not a number"],
          [[3600], "not a number"],
          [new Date(0), "not a number"],
          [0, "not positive"],
          [-0, "not positive"],
          ["0", "not positive"],
          ["0.0", "not positive"],
          ["0.0009", "not positive"],
          [0.0009, "not positive"],
          [Number.MIN_VALUE, "not positive"],
          [-1, "not positive"],
          ["-1", "not positive"],
          [" -3600 ", "not positive"],
          [Number.NEGATIVE_INFINITY, "not positive"],
          [Number.POSITIVE_INFINITY, "too large"],
          [Number.MAX_VALUE, "too large"],
          [1e18, "too large"],
          ["1000000000000000000", "too large"],
          ["9".repeat(400), "too large"],
          [(maxInstant - now) / 1000 + 1, "too large"],
          [(maxInstant - now) / 1000, "too large for seconds, so perhaps in milliseconds"]
        ]
        for (const [input, reason] of cases) {
          assert.deepStrictEqual(Expiry.lifetimeFromSeconds(input, now), Either.left(reason), String(input))
        }
      })

      it("R1, R2: 100 years are a lifetime; a moment in epoch milliseconds is none, and the reason says so", () => {
        const years = 36_525 * 86_400
        assert.deepStrictEqual(Expiry.lifetimeFromSeconds(years, now), Either.right(years * 1000))
        for (const input of [years + 1, now, String(now), now + hour]) {
          assert.deepStrictEqual(
            Expiry.lifetimeFromSeconds(input, now),
            Either.left("too large for seconds, so perhaps in milliseconds")
          )
        }
      })

      it("R1: an hour in milliseconds is refused where a provider's bound says that it cannot be 41 days", () => {
        const bound = 30 * 86_400
        assert.isTrue(Either.isRight(Expiry.lifetimeFromSeconds(3_600_000, now)))
        for (const input of [3_600_000, "3600000", bound + 1]) {
          assert.deepStrictEqual(
            Expiry.lifetimeFromSeconds(input, now, bound),
            Either.left("too large for seconds, so perhaps in milliseconds")
          )
        }
        assert.deepStrictEqual(Expiry.lifetimeFromSeconds(bound, now, bound), Either.right(bound * 1000))
      })

      it.prop(
        "R1: a lifetime is never NaN, infinite, less than a millisecond, or longer than a date can name",
        { input: anyInput, sentAt: issuedAt },
        ({ input, sentAt }) => {
          const lifetime = Expiry.lifetimeFromSeconds(input, sentAt)
          if (Either.isRight(lifetime)) {
            assert.isTrue(Number.isFinite(lifetime.right))
            assert.isAtLeast(lifetime.right, 1)
            assert.isAtMost(sentAt + lifetime.right, maxInstant)
          }
        },
        { fastCheck: { numRuns: 5_000 } }
      )
    })

    describe("instant", () => {
      const pad = (value: number, length = 2): string => String(value).padStart(length, "0")

      /** Writes an instant as ISO 8601 at an offset, in each of the accepted spellings. */
      const iso = (
        instant: number,
        offset: number,
        spelling: { readonly colon: boolean; readonly point: string; readonly lower: boolean }
      ): string => {
        const local = new Date(instant + offset * minute)
          .toISOString()
          .slice(0, -1)
          .replace(".", spelling.point)
        const size = Math.abs(offset)
        const zone = `${offset < 0 ? "-" : "+"}${pad(Math.floor(size / 60))}${spelling.colon ? ":" : ""}${pad(size % 60)}`
        const text = `${local}${zone}`
        return spelling.lower ? text.toLowerCase() : text
      }

      it.prop(
        "R1: an ISO timestamp with any offset, basic or extended",
        {
          instant: FastCheck.integer({ min: 0, max: Date.UTC(9999, 0) }),
          offset: FastCheck.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }),
          colon: FastCheck.boolean(),
          lower: FastCheck.boolean(),
          point: FastCheck.constantFrom(".", ",")
        },
        ({ colon, instant, lower, offset, point }) => {
          const text = iso(instant, offset, { colon, lower, point })
          assert.deepStrictEqual(Expiry.instant(text), Either.right(instant), text)
        },
        runs
      )

      it("R1: the spellings that providers use", () => {
        const at = Date.UTC(2024, 8, 23, 18, 33, 10)
        for (const [text, expected] of [
          ["2024-09-23T18:33:10.049+00:00", at + 49],
          ["2024-09-23T18:33:10Z", at],
          ["2024-09-23t18:33:10z", at],
          [" 2024-09-23T18:33:10Z ", at],
          ["2024-09-24T00:03:10+0530", at],
          ["2024-09-24T00:03:10+05:30", at],
          ["2024-09-23T11:33:10-0700", at],
          ["2024-09-23T18:33:10-00:00", at],
          ["2024-09-23T18:33Z", at - 10 * second],
          ["2024-09-23T18:33:10.123456789Z", at + 123],
          ["2024-09-23T18:33:10,5Z", at + 500]
        ] as const) {
          assert.deepStrictEqual(Expiry.instant(text), Either.right(expected), text)
        }
      })

      it("R1: epoch seconds, as a number or a numeric string", () => {
        assert.deepStrictEqual(Expiry.instant(1_727_116_390), Either.right(1_727_116_390_000))
        assert.deepStrictEqual(Expiry.instant("1727116390"), Either.right(1_727_116_390_000))
        assert.deepStrictEqual(Expiry.instant(" 1727116390.5 "), Either.right(1_727_116_390_500))
      })

      it("R1: a local time, a date alone and what is no timestamp are refused", () => {
        for (const input of [
          "",
          " ",
          "now",
          "2024-09-23",
          "2024-09-23T18:33:10",
          "2024-09-23 18:33:10",
          "2024-09-23T18:33:10 +00:00",
          "2024-09-23T18:33:10 GMT",
          "2024-09-23T18:33:10Z evil",
          "2024-09-23T18:33:10Z\n2025-09-23T18:33:10Z",
          "2024-13-23T18:33:10Z",
          "2024-09-32T18:33:10Z",
          "2024-09-23T25:33:10Z",
          "2024-09-23T18:33:10+99:99",
          "Mon, 23 Sep 2024 18:33:10 GMT",
          "23.09.2024 18:33",
          "1e9",
          "-1727116390",
          Number.NaN,
          undefined,
          null,
          true,
          {},
          [],
          ["2024-09-23T18:33:10Z"],
          new Date(0),
          1_727_116_390n
        ]) {
          assert.deepStrictEqual(Expiry.instant(input), Either.left("not a timestamp"))
        }
      })

      it("R1: epoch milliseconds are told from epoch seconds by their size", () => {
        const at = 1_727_116_390_123
        for (const input of [at, String(at), ` ${at}\n`]) {
          assert.deepStrictEqual(Expiry.instant(input), Either.right(at))
        }
        assert.deepStrictEqual(Expiry.instant(at / 1000), Either.right(at))
        // The last second of one unit and the first millisecond of the other: 5138 and 1973.
        assert.deepStrictEqual(Expiry.instant(1e11 - 1), Either.right((1e11 - 1) * 1000))
        assert.deepStrictEqual(Expiry.instant(1e11), Either.right(1e11))
        assert.deepStrictEqual(Expiry.instant(-1e11), Either.right(-1e11))
        assert.deepStrictEqual(Expiry.instant(1e14 - 1), Either.right(1e14 - 1))
      })

      it("R1: numbers that name no moment in either unit are refused", () => {
        for (const input of [
          1e14,
          1_727_116_390_123 * 1000,
          1e18,
          "1000000000000000000",
          Number.MAX_VALUE,
          Number.POSITIVE_INFINITY,
          "9".repeat(400)
        ]) {
          assert.deepStrictEqual(Expiry.instant(input), Either.left("too large"), String(input))
        }
      })

      it("R1: numbers before every moment in either unit are refused", () => {
        for (const input of [-1e14, -1e18, -Number.MAX_VALUE, Number.NEGATIVE_INFINITY]) {
          assert.isTrue(Either.isLeft(Expiry.instant(input)), String(input))
        }
        // JSON can say it.
        assert.isTrue(Either.isLeft(Expiry.instant(JSON.parse("-1e999"))))
      })

      it.prop(
        "R1: an instant is never NaN, infinite, or one that a date cannot name",
        { input: anyInput },
        ({ input }) => {
          const instant = Expiry.instant(input)
          if (Either.isRight(instant)) {
            assert.isTrue(Number.isFinite(instant.right))
            assert.isFalse(Number.isNaN(new Date(instant.right).getTime()))
          }
        },
        { fastCheck: { numRuns: 5_000 } }
      )
    })

    describe("clockSkew", () => {
      /**
       * An exchange with a provider whose clock is `skew` ahead, which wrote its answer at some
       * moment of the exchange, in a header that knows seconds only.
       */
      const exchanges = (skew: FastCheck.Arbitrary<number>) =>
        FastCheck.record({
          sentAt: issuedAt,
          duration: FastCheck.oneof(
            FastCheck.constant(0),
            FastCheck.integer({ min: 0, max: 500 }),
            FastCheck.integer({ min: 0, max: minute })
          ),
          writtenAfter: FastCheck.double({ min: 0, max: 1, noNaN: true }),
          skew
        }).map(({ duration, sentAt, skew, writtenAfter }) => {
          const writtenAt = sentAt + Math.round(duration * writtenAfter)
          const serverDate = Math.floor((writtenAt + skew) / second) * second
          return {
            duration,
            exchange: { sentAt, receivedAt: sentAt + duration, serverDate },
            skew,
            writtenAt
          }
        })

      it.prop(
        "R1: clocks that agree within a second are not corrected, however slow the exchange",
        { made: exchanges(FastCheck.integer({ min: -second, max: second })) },
        ({ made }) => assert.strictEqual(Expiry.clockSkew(made.exchange), 0),
        runs
      )

      it.prop(
        "R1: clocks that disagree by more than the header and the exchange can hide are corrected",
        {
          made: exchanges(
            FastCheck.oneof(
              FastCheck.integer({ min: minute + 2 * second + 1, max: 30 * day }),
              FastCheck.integer({ min: -30 * day, max: -minute - 2 * second - 1 })
            )
          )
        },
        ({ made: { duration, exchange, skew } }) => {
          const found = Expiry.clockSkew(exchange)
          assert.isAbove(found, skew - second)
          assert.isAtMost(found, skew + duration)
        },
        runs
      )

      it("R1: the tolerance is one second beyond the resolution of the header", () => {
        const at = Date.UTC(2026, 0, 1, 12)
        const skew = (sentAt: number, receivedAt: number, serverDate: number | undefined) =>
          Expiry.clockSkew({ sentAt, receivedAt, serverDate })
        // ahead: the header was written before the answer was complete
        assert.strictEqual(skew(at, at, at + 1_000), 0)
        assert.strictEqual(skew(at, at, at + 1_001), 1_001)
        // behind: the header may be 999 ms older than the moment it was written at
        assert.strictEqual(skew(at, at, at - 1_999), 0)
        assert.strictEqual(skew(at, at, at - 2_000), -2_000)
        // slow: the header may have been written at any moment of the exchange
        assert.strictEqual(skew(at, at + 10_000, at), 0)
        assert.strictEqual(skew(at, at + 10_000, at + 10_000), 0)
        assert.strictEqual(skew(at, at + 10_000, at + 11_000), 0)
        assert.strictEqual(skew(at, at + 10_000, at + 12_000), 12_000)
        assert.strictEqual(skew(at, at + 10_000, at - 2_000), -2_000)
        // no header
        assert.strictEqual(skew(at, at + 10_000, undefined), 0)
      })

      it.prop(
        "R1: a corrected expiry is less than a second late, and early by no more than the exchange",
        {
          made: exchanges(
            FastCheck.oneof(
              FastCheck.integer({ min: minute + 2 * second + 1, max: 30 * day }),
              FastCheck.integer({ min: -30 * day, max: -minute - 2 * second - 1 })
            )
          ),
          lifetime: FastCheck.integer({ min: 2 * minute, max: day }),
          textual: FastCheck.boolean()
        },
        ({ lifetime, made: { duration, exchange, skew, writtenAt }, textual }) => {
          const expiresAt = writtenAt + lifetime
          const says = textual ? new Date(expiresAt + skew).toISOString() : (expiresAt + skew) / 1000
          const found = Either.getOrThrow(Expiry.lifetimeFromTimestamp(says, exchange))
          assert.isBelow(exchange.sentAt + found, expiresAt + second)
          assert.isAtLeast(exchange.sentAt + found, expiresAt - duration - 0.01)
        },
        runs
      )
    })

    describe("lifetimeFromTimestamp", () => {
      it.prop(
        "R1: a lifetime is measured from the moment the request was sent",
        {
          sentAt: issuedAt,
          duration: FastCheck.integer({ min: 0, max: minute }),
          lifetime: FastCheck.integer({ min: 1, max: 30 * day }),
          textual: FastCheck.boolean()
        },
        ({ duration, lifetime, sentAt, textual }) => {
          const expiresAt = sentAt + lifetime
          const input = textual ? new Date(expiresAt).toISOString() : expiresAt / 1000
          const found = Either.getOrThrow(
            Expiry.lifetimeFromTimestamp(input, { sentAt, receivedAt: sentAt + duration })
          )
          assert.approximately(found, lifetime, 0.01)
        },
        runs
      )

      it.prop(
        "R1: what is already past is refused",
        {
          sentAt: issuedAt,
          ago: FastCheck.integer({ min: 0, max: 10 * 365 * day }),
          textual: FastCheck.boolean()
        },
        ({ ago, sentAt, textual }) => {
          const expiresAt = sentAt - ago
          const input = textual ? new Date(expiresAt).toISOString() : Math.floor(expiresAt / 1000)
          assert.deepStrictEqual(
            Expiry.lifetimeFromTimestamp(input, { sentAt, receivedAt: sentAt }),
            Either.left("already past")
          )
        },
        runs
      )

      it("R1: zero, negative, overflow and what is no timestamp are refused", () => {
        const cases: ReadonlyArray<readonly [unknown, Expiry.Refused]> = [
          [0, "already past"],
          ["0", "already past"],
          [-1, "already past"],
          [Number.NEGATIVE_INFINITY, "already past"],
          [Number.NaN, "not a timestamp"],
          [Number.POSITIVE_INFINITY, "too large"],
          [1e18, "too large"],
          ["1000000000000000000", "too large"],
          ["", "not a timestamp"],
          [{}, "not a timestamp"],
          [null, "not a timestamp"],
          [undefined, "not a timestamp"]
        ]
        for (const [input, reason] of cases) {
          const found = Expiry.lifetimeFromTimestamp(input, exchange)
          assert.isTrue(Either.isLeft(found), String(input))
          if (reason !== "already past") {
            assert.deepStrictEqual(found, Either.left(reason), String(input))
          }
        }
      })

      it("R1: a timestamp that overflows a date once it is corrected is refused", () => {
        const behind = { ...exchange, serverDate: now - maxInstant }
        assert.deepStrictEqual(
          Expiry.lifetimeFromTimestamp("9999-12-31T23:59:59Z", behind),
          Either.left("too large")
        )
      })

      it("R1: a timestamp that is past by the provider's clock but not by ours is refused, and the other way round", () => {
        const ahead = { ...exchange, serverDate: now + hour }
        assert.deepStrictEqual(
          Expiry.lifetimeFromTimestamp((now + 30 * minute) / 1000, ahead),
          Either.left("already past")
        )
        const behind = { ...exchange, serverDate: now - hour }
        assert.deepStrictEqual(
          Expiry.lifetimeFromTimestamp((now - 30 * minute) / 1000, behind),
          Either.right(30 * minute)
        )
      })

      it.prop(
        "R1: a lifetime is never NaN, infinite, less than a millisecond, or longer than a date can name",
        {
          input: anyInput,
          skew: FastCheck.oneof(FastCheck.constant(undefined), FastCheck.integer({ min: -day, max: day }))
        },
        ({ input, skew }) => {
          const found = Expiry.lifetimeFromTimestamp(input, {
            ...exchange,
            serverDate: skew === undefined ? undefined : now + skew
          })
          if (Either.isRight(found)) {
            assert.isTrue(Number.isFinite(found.right))
            assert.isAtLeast(found.right, 1)
            assert.isAtMost(exchange.sentAt + found.right, maxInstant)
          }
        },
        { fastCheck: { numRuns: 5_000 } }
      )
    })
  })
})
