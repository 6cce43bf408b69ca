import * as HttpClientRequest from "@effect/platform/HttpClientRequest"

/** RFC 3986, section 3.1, followed by an authority: `https://`. */
const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/

/**
 * A relative URL is relative to the API's base URL, and stays below it: a slash is always put
 * between, so that neither `@evil.com` nor `.evil.com` can become part of the host (R14).
 */
export const resolveUrl = (request: HttpClientRequest.HttpClientRequest, baseUrl: string) =>
  absolute.test(request.url)
    ? request
    : HttpClientRequest.setUrl(
        request,
        request.url === "" ? baseUrl : `${baseUrl}${/^[/?#]/.test(request.url) ? "" : "/"}${request.url}`
      )
