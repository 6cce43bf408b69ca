import * as AuthError from "../AuthError.ts"
import { instant } from "./instant.ts"
import type { Why } from "./unreachable.ts"

/** The errors that the manager itself raises, beside those of its flow. */

export const unavailable = (
  provider: string,
  operation: AuthError.Operation,
  what: string,
  code?: Why
): AuthError.AuthError =>
  new AuthError.Unavailable({
    provider,
    operation,
    code,
    message: `${provider} is not available: ${what}. It is safe to try again.`
  })

/** What a deadline of our own cut off. */
export const tooLate = (
  provider: string,
  operation: AuthError.Operation,
  what: string
): AuthError.AuthError => unavailable(provider, operation, what, "timed_out")

export const shutDown = (provider: string): AuthError.AuthError =>
  unavailable(provider, "request", "the scope of its token manager was closed")

export const invalid = (
  provider: string,
  operation: AuthError.Operation,
  what: string
): AuthError.AuthError =>
  new AuthError.InvalidResponse({
    provider,
    operation,
    message: `${provider} answered with ${what}. Ask the provider if it is right.`
  })

/** R5: no login, and no refresh token that is worth sending. */
export const exhausted = (provider: string, expiredAt: number | undefined): AuthError.AuthError =>
  new AuthError.Expired({
    provider,
    operation: "refresh",
    credential: "refresh_token",
    expiredAt: instant(expiredAt),
    message: `${provider} has no usable refresh token and no login: configure a new refresh token.`
  })

/** R12: `until` is in epoch milliseconds. */
export const budgetSpent = (
  provider: string,
  operation: AuthError.Operation,
  until: number,
  lastFailure: AuthError.AuthError | undefined
): AuthError.AuthError =>
  new AuthError.RateLimited({
    provider,
    operation,
    retryAfter: instant(until),
    message: `${provider} is not asked for a token again before retryAfter: the mint budget is spent${
      lastFailure === undefined ? "" : ` after ${lastFailure._tag}`
    }. Look at the last failure, and at what rejects the tokens.`
  })
