import * as Redacted from "effect/Redacted"
import { isToken68 } from "../TokenSet.ts"
import { isMissing } from "./isMissing.ts"

/** Which header a secret stands in, where it stands in one. In a form and in JSON any secret can stand. */
export type Carrier = "header" | "Authorization"

/** What is said of an option that is missing, behind its name. */
export const missing = "is missing or empty: set it"

/** RFC 9110, section 5.5, with the octets of ISO 8859-1: what `fetch` and Node send. */
const headerValue = /^[\t\x20-\x7E\x80-\xFF]*$/

/** Why a secret cannot be sent, in words that fit behind its name; undefined where it can. Never shows it (R15). */
export const secretFlaw = (secret: unknown, carrier: Carrier | undefined): string | undefined => {
  if (!Redacted.isRedacted(secret)) {
    return isMissing(secret) ? missing : "is not redacted: give it as Redacted.make(…)"
  }
  const value = Redacted.value(secret)
  if (typeof value !== "string" || isMissing(value)) {
    return missing
  }
  const canStand =
    carrier === undefined || (carrier === "header" ? headerValue.test(value) : isToken68(value))
  return canStand
    ? undefined
    : "has characters that no header can carry, such as a line break or one that cannot be seen: copy it again"
}
