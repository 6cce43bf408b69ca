import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Predicate from "effect/Predicate"
import { originOf } from "./origin.ts"

const read = (value: unknown, key: string): unknown =>
  Predicate.hasProperty(value, key) ? value[key] : undefined

/**
 * Where a base client that follows redirects by itself went: `fetch` shows the last URL, and undici with
 * its redirect interceptor all of them. Not the URL of an answer that was not redirected: an application's
 * own `fetch` may send to a gateway.
 */
const redirectedTo = (response: HttpClientResponse.HttpClientResponse): ReadonlyArray<unknown> => {
  // The platform's client wraps an answer, so that its body can be interrupted.
  const source = read(read(response, "original") ?? response, "source")
  const history = read(read(source, "context"), "history")
  return read(source, "redirected") === true ? [read(source, "url")] : Array.isArray(history) ? history : []
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
      redirectedTo(response).some((url) => {
        const origin = originOf(String(url))
        return origin !== undefined && origin !== sent
      }))
  )
}
