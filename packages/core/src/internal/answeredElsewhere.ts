import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import { originOf } from "./origin.ts"

/** The platform's client wraps an answer once, so that its body can be interrupted. */
const maxWrappers = 4

/** What `fetch` or undici answered with, below what the platform makes of it. */
const sourceOf = (response: HttpClientResponse.HttpClientResponse): unknown => {
  let answer: unknown = response
  for (let depth = 0; depth < maxWrappers && Predicate.hasProperty(answer, "original"); depth++) {
    answer = answer.original
  }
  return Predicate.hasProperty(answer, "source") ? answer.source : undefined
}

/**
 * Where a base client that follows redirects by itself went: `fetch` shows the last URL, and undici with
 * its redirect interceptor all of them. Not the URL of an answer that was not redirected: an application's
 * own `fetch` may send to a gateway.
 */
const redirectedTo = (source: unknown): ReadonlyArray<string> => {
  if (Predicate.hasProperty(source, "redirected") && Predicate.hasProperty(source, "url")) {
    return source.redirected === true ? [String(source.url)] : []
  }
  return Predicate.hasProperty(source, "context") &&
    Predicate.hasProperty(source.context, "history") &&
    Array.isArray(source.context.history)
    ? source.context.history.map(String)
    : []
}

/**
 * R9: whether an answer says nothing of the token, because it is not the API's. A base client that follows
 * redirects by itself leaves `Authorization` out on the way to another origin (Fetch standard, HTTP-redirect
 * fetch); one that was put below us sends a request to a URL that no flow claims. An answer whose way is not
 * known is the API's.
 */
export const isAnsweredElsewhere = (
  response: HttpClientResponse.HttpClientResponse,
  origins: ReadonlyArray<string>
): boolean => {
  const sent = originOf(response.request.url)
  return (
    sent !== undefined &&
    (!origins.includes(sent) ||
      redirectedTo(sourceOf(response)).some((url) => {
        const origin = originOf(url)
        return origin !== undefined && origin !== sent
      }))
  )
}
