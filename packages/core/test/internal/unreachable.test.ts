import { assert, describe } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { inspect } from "node:util"
import { it } from "../../../testing/src/SettledTest.ts"
import { advice, reasonOf, type Why } from "../../src/internal/unreachable.ts"

const runs = { fastCheck: { numRuns: 300 } }

type Row = readonly [code: string, why: Why, neverSent: boolean]

/** What is known of a code that comes with no system call. */
const rows: ReadonlyArray<Row> = [
  ["ENOTFOUND", "name_not_found", true],
  ["EAI_AGAIN", "name_not_found", true],
  ["ECONNREFUSED", "connection_refused", true],
  ["ConnectionRefused", "connection_refused", true],
  ["ECONNRESET", "connection_reset", false],
  ["ECONNABORTED", "connection_reset", false],
  ["EPIPE", "connection_reset", false],
  ["UND_ERR_SOCKET", "connection_reset", false],
  ["ConnectionClosed", "connection_reset", false],
  ["ETIMEDOUT", "timed_out", false],
  ["ERR_SOCKET_CONNECTION_TIMEOUT", "timed_out", true],
  ["UND_ERR_CONNECT_TIMEOUT", "timed_out", true],
  ["UND_ERR_HEADERS_TIMEOUT", "timed_out", false],
  ["UND_ERR_BODY_TIMEOUT", "timed_out", false],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "timed_out", false],
  ["EHOSTUNREACH", "no_route", false],
  ["ENETUNREACH", "no_route", false],
  ["CERT_HAS_EXPIRED", "certificate_expired", false],
  ["CERT_NOT_YET_VALID", "certificate_not_yet_valid", false],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate_untrusted", false],
  ["SELF_SIGNED_CERT_IN_CHAIN", "certificate_untrusted", false],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate_untrusted", false],
  ["UNABLE_TO_GET_ISSUER_CERT", "certificate_untrusted", false],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "certificate_untrusted", false],
  ["CERT_CHAIN_TOO_LONG", "certificate_untrusted", false],
  ["CERT_UNTRUSTED", "certificate_untrusted", false],
  ["CERT_REJECTED", "certificate_untrusted", false],
  ["CERT_REVOKED", "certificate_untrusted", false],
  ["CERT_SIGNATURE_FAILURE", "certificate_untrusted", false],
  ["INVALID_CA", "certificate_untrusted", false],
  ["INVALID_PURPOSE", "certificate_untrusted", false],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate_name_mismatch", false],
  ["HOSTNAME_MISMATCH", "certificate_name_mismatch", false],
  ["EPROTO", "tls_failed", false],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls_failed", false],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "tls_failed", false],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "tls_failed", false],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tls_failed", false],
  ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_failed", false]
]

/** Those that say something else where the system call was `connect`. */
const connecting = new Set(["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"])

const error = (code: unknown, rest: object = {}) => Object.assign(new Error("it failed"), { code, ...rest })
const aggregate = (errors: ReadonlyArray<unknown>, rest: object = {}) =>
  Object.assign(new AggregateError(errors), rest)

describe("unreachable", () => {
  it("Errors: the table from a failure's code to why, and to whether it was never sent", () => {
    for (const [code, why, neverSent] of rows) {
      const expected = { why, neverSent }
      assert.deepStrictEqual(reasonOf({ code }), expected, code)
      assert.deepStrictEqual(reasonOf(error(code)), expected, code)
      // as fetch wraps it
      assert.deepStrictEqual(reasonOf(new TypeError("fetch failed", { cause: { code } })), expected, code)
      assert.deepStrictEqual(reasonOf({ cause: { cause: { cause: { cause: { code } } } } }), expected, code)
      assert.deepStrictEqual(reasonOf(aggregate([error(code)])), expected, code)
    }
  })

  it("Errors: every word has a code that leads to it, and an advice", () => {
    assert.sameMembers(Object.keys(advice), [...new Set(rows.map(([, why]) => why))])
  })

  it("R8: what happened while connecting was never sent; with another system call it may have been", () => {
    for (const [code, why, neverSent] of rows) {
      for (const syscall of ["connect", "read", "write", 1]) {
        assert.deepStrictEqual(
          reasonOf(error(code, { syscall })),
          { why, neverSent: connecting.has(code) ? syscall === "connect" : neverSent },
          `${syscall} ${code}`
        )
      }
    }
  })

  it("Errors: what is not known has no reason", () => {
    for (const cause of [
      undefined,
      null,
      "ECONNREFUSED",
      404,
      () => "ECONNREFUSED",
      {},
      [],
      new Error("ECONNREFUSED"),
      error("E_SOMETHING"),
      error(111),
      error({ toString: () => "ECONNREFUSED" }),
      error("toString"),
      error("econnrefused"),
      new DOMException("aborted", "AbortError"),
      aggregate([]),
      aggregate([undefined, "ECONNREFUSED"]),
      { errors: "ECONNREFUSED" },
      { errors: { 0: error("ECONNREFUSED"), length: 1 } }
    ]) {
      assert.isUndefined(reasonOf(cause), inspect(cause))
    }
  })

  it("Errors: a name says why for TimeoutError only", () => {
    const late = { why: "timed_out", neverSent: false }
    assert.deepStrictEqual(reasonOf(new DOMException("too late", "TimeoutError")), late)
    assert.deepStrictEqual(reasonOf({ name: "TimeoutError" }), late)
    for (const name of [...rows.map(([code]) => code), "timed_out", "Error"]) {
      assert.isUndefined(reasonOf({ name }), name)
    }
    // The code is more exact than the name.
    assert.deepStrictEqual(reasonOf({ name: "TimeoutError", code: "UND_ERR_CONNECT_TIMEOUT" }), {
      why: "timed_out",
      neverSent: true
    })
  })

  describe("an error with a cause", () => {
    it("Errors: the innermost known one says why", () => {
      const cause = error("ENOTFOUND")
      for (const outer of [
        error("UND_ERR_SOCKET", { cause }),
        error("ECONNREFUSED", { cause }),
        Object.assign(new DOMException("late", "TimeoutError"), { cause }),
        aggregate([error("ECONNRESET")], { cause }),
        error("ECONNRESET", { cause: aggregate([cause]) })
      ]) {
        assert.strictEqual(reasonOf(outer)?.why, "name_not_found", inspect(outer))
      }
      assert.strictEqual(
        reasonOf(error("ECONNREFUSED", { cause: error("E_SOMETHING") }))?.why,
        "connection_refused"
      )
    })

    it("R8: one that may have been sent is not unsaid by its cause, nor by what it caused", () => {
      const never = error("ENOTFOUND")
      const maybe = error("ECONNRESET")
      for (const cause of [
        error("ECONNRESET", { cause: never }),
        error("ENOTFOUND", { cause: maybe }),
        error("E_SOMETHING", { cause: error("ECONNRESET", { cause: never }) }),
        error("ETIMEDOUT", { syscall: "read", cause: never })
      ]) {
        assert.isFalse(reasonOf(cause)?.neverSent, inspect(cause))
      }
    })

    it("R8: one that does not say leaves it to its cause", () => {
      const route = error("EHOSTUNREACH", { syscall: "connect" })
      // as a client writes it that repeats the code of the cause
      assert.isTrue(reasonOf(error("EHOSTUNREACH", { cause: route }))?.neverSent)
      assert.isTrue(reasonOf(error("E_SOMETHING", { cause: route }))?.neverSent)
      assert.isTrue(reasonOf(error("ECONNREFUSED", { cause: error("E_SOMETHING") }))?.neverSent)
    })
  })

  describe("an error for several addresses", () => {
    const refused = error("ECONNREFUSED", { syscall: "connect" })
    const late = error("ETIMEDOUT", { syscall: "connect" })
    const reset = error("ECONNRESET", { syscall: "read" })
    const other = error("EADDRNOTAVAIL", { syscall: "connect" })

    it("R8: was never sent if it was sent to none of them", () => {
      for (const [cause, why, neverSent] of [
        // as Node fails on a name with several addresses: the code is the first one's
        [aggregate([late, refused], { code: "ETIMEDOUT" }), "timed_out", true],
        [aggregate([refused, other], { code: "ECONNREFUSED" }), "connection_refused", true],
        [aggregate([refused, late]), "connection_refused", true],
        [aggregate([refused, other]), "connection_refused", false],
        [aggregate([other, refused]), "connection_refused", false],
        [aggregate([refused, reset]), "connection_refused", false],
        [aggregate([refused, reset], { code: "ECONNREFUSED" }), "connection_refused", false],
        [aggregate([error("ETIMEDOUT"), refused]), "timed_out", false],
        [aggregate([aggregate([refused]), late]), "connection_refused", true]
      ] as const) {
        assert.deepStrictEqual(reasonOf(cause), { why, neverSent }, inspect(cause))
      }
      const fetched = new TypeError("fetch failed", {
        cause: aggregate([late, refused], { code: "ETIMEDOUT" })
      })
      assert.deepStrictEqual(reasonOf(fetched), { why: "timed_out", neverSent: true })
    })

    it("R8: of more addresses than are looked at, the rest may have been sent to", () => {
      const many = (length: number) => Array.from({ length }, () => refused)
      assert.isTrue(reasonOf(aggregate(many(32)))?.neverSent)
      assert.isFalse(reasonOf(aggregate(many(33)))?.neverSent)
    })
  })

  describe("an error that is built to be in the way", () => {
    const thrower = () => {
      throw new Error("a getter")
    }

    it("Errors: a getter that throws says nothing", () => {
      for (const key of ["code", "name", "cause", "errors", "syscall"]) {
        const cause = Object.defineProperty({}, key, { get: thrower })
        assert.isUndefined(reasonOf(cause), key)
        assert.isUndefined(reasonOf({ cause }), key)
      }
      const withoutCause = Object.defineProperty(error("ECONNREFUSED"), "cause", { get: thrower })
      assert.deepStrictEqual(reasonOf(withoutCause), { why: "connection_refused", neverSent: true })
      const withoutCall = Object.defineProperty(error("EHOSTUNREACH"), "syscall", { get: thrower })
      assert.deepStrictEqual(reasonOf(withoutCall), { why: "no_route", neverSent: false })
      const list = [error("ECONNREFUSED")]
      Object.defineProperty(list, 1, { enumerable: true, get: thrower })
      assert.isUndefined(reasonOf({ errors: list }))
    })

    it("Errors: a proxy whose traps throw says nothing", () => {
      const trapped = new Proxy({}, { get: thrower, has: thrower, getPrototypeOf: thrower })
      const { proxy, revoke } = Proxy.revocable<Array<unknown>>([], {})
      revoke()
      for (const cause of [trapped, proxy, { errors: proxy }, { cause: trapped }, { errors: [trapped] }]) {
        assert.isUndefined(reasonOf(cause))
      }
    })

    it("Errors: one that leads back to itself is looked at for a while only", () => {
      let reads = 0
      const cyclic = {
        get cause() {
          reads += 1
          return cyclic
        },
        get errors() {
          return Array.from({ length: 100 }, () => cyclic)
        }
      }
      assert.isUndefined(reasonOf(cyclic))
      assert.isBelow(reads, 2_000)
      const chain: { cause?: unknown; code: string } = { code: "ECONNRESET" }
      chain.cause = chain
      assert.deepStrictEqual(reasonOf(chain), { why: "connection_reset", neverSent: false })
    })

    it("Errors: one deeper than five causes is not looked for", () => {
      const nested = (depth: number): unknown =>
        depth === 0 ? error("ECONNREFUSED") : { cause: nested(depth - 1) }
      assert.isDefined(reasonOf(nested(4)))
      assert.isUndefined(reasonOf(nested(5)))
    })
  })

  it.prop(
    "R8, R15: whatever the cause, the words are ours, and never sent is said by something in it",
    {
      cause: FastCheck.letrec((tie) => ({
        error: FastCheck.record(
          {
            code: FastCheck.oneof(
              FastCheck.constantFrom(...rows.map(([code]) => code)),
              FastCheck.string(),
              FastCheck.anything()
            ),
            name: FastCheck.constantFrom("Error", "TimeoutError"),
            syscall: FastCheck.constantFrom("connect", "read"),
            cause: FastCheck.option(tie("error")),
            errors: FastCheck.array(tie("error"), { maxLength: 3 })
          },
          { requiredKeys: [] }
        )
      })).error
    },
    ({ cause }) => {
      const reason = reasonOf(cause)
      if (reason !== undefined) {
        assert.property(advice, reason.why)
        const never = rows.filter(([code, , neverSent]) => neverSent || connecting.has(code))
        const text = inspect(cause, { depth: Number.POSITIVE_INFINITY })
        assert.isTrue(!reason.neverSent || never.some(([code]) => text.includes(code)))
      }
    },
    runs
  )
})
