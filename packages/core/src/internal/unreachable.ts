import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"

/** Why no answer came, in words of our own: nothing of the cause travels but one of these (R15). */
export type Why = keyof typeof advice

/** What to say of each, and what to do about it. */
export const advice = {
  name_not_found: "the name of its host was not found: check the URL and the DNS",
  connection_refused: "the connection was refused: check the host and the port of the URL",
  connection_reset: "the connection was reset before the answer was complete: try again later",
  timed_out: "it did not answer in time: check the network, a proxy and a firewall",
  no_route: "there is no route to its host: check the network",
  certificate_expired: "its certificate has expired: check the clock of this machine, then ask the provider",
  certificate_not_yet_valid: "its certificate is not valid yet: check the clock of this machine",
  certificate_untrusted:
    "its certificate is not trusted: check the URL, and that this process knows the authority that signed it",
  certificate_name_mismatch: "its certificate is for another name: check the host of the URL",
  tls_failed: "the TLS handshake failed: check that the port of the URL speaks HTTPS"
} as const

/**
 * Whether the provider certainly saw nothing of the request (R8). `connecting`: only where the system call
 * was `connect`, for the same may happen later, after the request was sent.
 */
type NeverSent = boolean | "connecting"

/**
 * What Node, undici, OpenSSL and Bun name a failure. One of TLS counts as sent: whether a client writes
 * before it has verified is the client's affair.
 */
const known: ReadonlyMap<unknown, readonly [why: Why, neverSent: NeverSent]> = new Map([
  ["ENOTFOUND", ["name_not_found", true]],
  ["EAI_AGAIN", ["name_not_found", true]],
  ["ECONNREFUSED", ["connection_refused", true]],
  ["ConnectionRefused", ["connection_refused", true]],
  ["ECONNRESET", ["connection_reset", false]],
  ["ECONNABORTED", ["connection_reset", false]],
  ["EPIPE", ["connection_reset", false]],
  ["UND_ERR_SOCKET", ["connection_reset", false]],
  ["ConnectionClosed", ["connection_reset", false]],
  ["ETIMEDOUT", ["timed_out", "connecting"]],
  ["ERR_SOCKET_CONNECTION_TIMEOUT", ["timed_out", true]],
  ["UND_ERR_CONNECT_TIMEOUT", ["timed_out", true]],
  ["UND_ERR_HEADERS_TIMEOUT", ["timed_out", false]],
  ["UND_ERR_BODY_TIMEOUT", ["timed_out", false]],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", ["timed_out", false]],
  ["EHOSTUNREACH", ["no_route", "connecting"]],
  ["ENETUNREACH", ["no_route", "connecting"]],
  ["CERT_HAS_EXPIRED", ["certificate_expired", false]],
  ["CERT_NOT_YET_VALID", ["certificate_not_yet_valid", false]],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", ["certificate_untrusted", false]],
  ["SELF_SIGNED_CERT_IN_CHAIN", ["certificate_untrusted", false]],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", ["certificate_untrusted", false]],
  ["UNABLE_TO_GET_ISSUER_CERT", ["certificate_untrusted", false]],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", ["certificate_untrusted", false]],
  ["CERT_CHAIN_TOO_LONG", ["certificate_untrusted", false]],
  ["CERT_UNTRUSTED", ["certificate_untrusted", false]],
  ["CERT_REJECTED", ["certificate_untrusted", false]],
  ["CERT_REVOKED", ["certificate_untrusted", false]],
  ["CERT_SIGNATURE_FAILURE", ["certificate_untrusted", false]],
  ["INVALID_CA", ["certificate_untrusted", false]],
  ["INVALID_PURPOSE", ["certificate_untrusted", false]],
  ["ERR_TLS_CERT_ALTNAME_INVALID", ["certificate_name_mismatch", false]],
  ["HOSTNAME_MISMATCH", ["certificate_name_mismatch", false]],
  ["EPROTO", ["tls_failed", false]],
  ["ERR_SSL_WRONG_VERSION_NUMBER", ["tls_failed", false]],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", ["tls_failed", false]],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", ["tls_failed", false]],
  ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", ["tls_failed", false]],
  ["ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", ["tls_failed", false]]
])

/** What `AbortSignal.timeout` aborts with has a number for a code. */
const timedOut = ["timed_out", false] as const

/** What an error says, alone or with those below it. `neverSent` undefined: it does not say. */
interface Said {
  readonly why: Why
  readonly neverSent: boolean | undefined
}

/** Errors deeper than this, or further on in an aggregate, are not looked at. */
const maxDepth = 5
const maxWidth = 32

/** A getter of a base client's error may throw. */
const attempt = <A>(get: () => A): A | undefined => Either.getOrUndefined(Either.try(get))

const property = (value: object, key: string): unknown =>
  attempt(() => (Predicate.hasProperty(value, key) ? value[key] : undefined))

const own = (error: object): Said | undefined => {
  const found =
    known.get(property(error, "code")) ?? (property(error, "name") === "TimeoutError" ? timedOut : undefined)
  if (found === undefined) {
    return undefined
  }
  const [why, neverSent] = found
  if (neverSent !== "connecting") {
    return { why, neverSent }
  }
  const syscall = property(error, "syscall")
  // A wrapper that repeats a code leaves the system call out.
  return { why, neverSent: syscall === undefined ? undefined : syscall === "connect" }
}

/**
 * What an error and those that led to it say, the first of them first: that one says why. A wrapper may
 * stand for several tries, and its cause for the last of them only. So the request was never sent if one
 * says so and none says that it may have been.
 */
const chained = (said: ReadonlyArray<Said>): Said | undefined => {
  const [first] = said
  return (
    first && {
      why: first.why,
      neverSent: said.some(({ neverSent }) => neverSent === false)
        ? false
        : said.find(({ neverSent }) => neverSent === true)?.neverSent
    }
  )
}

/** A host of several addresses is tried at each: an `AggregateError`. It saw nothing if none of them did. */
const together = (error: object, depth: number): Said | undefined => {
  const errors = property(error, "errors")
  const list = attempt(() => (Array.isArray(errors) ? errors.slice(0, maxWidth + 1) : [])) ?? []
  // Two steps: what is both wide and deep would take too long.
  const all = list.slice(0, maxWidth).map((member) => say(member, depth + 2))
  const said = chained(all.filter((each) => each !== undefined))
  const isWhole = all.length === list.length && all.every((each) => each?.neverSent !== undefined)
  return (
    said && { why: said.why, neverSent: isWhole || said.neverSent === false ? said.neverSent : undefined }
  )
}

const say = (error: unknown, depth: number): Said | undefined =>
  depth >= maxDepth || typeof error !== "object" || error === null
    ? undefined
    : chained(
        [say(property(error, "cause"), depth + 1), together(error, depth), own(error)].filter(
          (each) => each !== undefined
        )
      )

/** Why no answer came, and whether the request certainly never reached the provider. */
export interface Reason {
  readonly why: Why
  readonly neverSent: boolean
}

/** What a base client's failure says of that, as far as it says it in words that are known. */
export const reasonOf = (cause: unknown): Reason | undefined => {
  const said = say(cause, 0)
  return said && { why: said.why, neverSent: said.neverSent === true }
}
